import { realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { parseGitUrl } from "../git/git-url.ts";
import { openGit } from "./git-context.ts";
import { located } from "./located.ts";
import { dockerfileFromStandardInput, openStandardInput } from "./stdin-context.ts";

/** A build context on this machine's disk, whatever it was given as. */
export interface OpenContext {
  /** Absolute path of the root. */
  readonly directory: string;
  /** Absolute path of the Dockerfile; it may lie outside of the root. */
  readonly dockerfile: string;
  /** How a person names the Dockerfile in messages: relative to the context when it is inside. */
  readonly dockerfileName: string;
  /** Commit of a Git context. */
  readonly commit?: string;
  /** What the content is, where that is known without looking at the files (a commit, the digest of a tar). */
  readonly identity?: string;
}

/** What opening a context needs from outside. */
export interface ContextInputs {
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream;
  /** An empty directory that the caller removes; Git and tar contexts are unpacked there. */
  readonly scratch: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/**
 * Opens a build context: a directory, a Git URL in BuildKit's spelling (`URL#REF:SUBFOLDER`), or `-` for a tar or a lone Dockerfile on
 * standard input. Git and tar contexts are unpacked once, so that every platform and node builds the same files.
 *
 * Throws `ArchwayError` of kind `input` when there is no such directory, Dockerfile, reference or subfolder, and `CONTEXT_UNREACHABLE` when a
 * Git server cannot be asked.
 */
export async function openContext(
  context: string,
  file: string | undefined,
  inputs: ContextInputs,
): Promise<OpenContext> {
  if (context === "-" && file === "-") {
    throw new ArchwayError({
      code: "CONTEXT_INVALID",
      kind: "input",
      message: "Context and Dockerfile cannot both come from standard input.",
      hint: "Send a tar that holds both, or give the context as a directory.",
    });
  }
  if (context === "-") return openStandardInput(file, inputs);
  const git = parseGitUrl(context);
  if (git && file === "-") {
    throw new ArchwayError({
      code: "CONTEXT_INVALID",
      kind: "input",
      message: "A Git context brings its own Dockerfile; it cannot come from standard input.",
      hint: "Name the repository's Dockerfile with -f FILE, or clone it and give the directory.",
    });
  }
  if (git) return openGit(git, file, inputs);

  const directory = resolve(inputs.cwd, context);
  const found = await stat(directory).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new ArchwayError({
      code: "CONTEXT_INVALID",
      kind: "input",
      message: found ? `The build context ${context} is not a directory.` : `There is no build context ${context}.`,
      hint: "Give a directory, a Git URL, or - for a tar on standard input.",
    });
  }
  if (file === "-") {
    const dockerfile = await dockerfileFromStandardInput(inputs);
    return { directory: await realpath(directory), dockerfile, dockerfileName: "Dockerfile (standard input)" };
  }
  const dockerfile = file === undefined ? join(directory, "Dockerfile") : resolve(inputs.cwd, file);
  return located(await realpath(directory), dockerfile);
}
