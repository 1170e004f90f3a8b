import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, open, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { ArchwayError } from "../error/error.ts";

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

/** Most bytes that a context on standard input may have, before and after compression: 8 GiB. */
const maxContextBytes = 8 * 1024 ** 3;

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
  if (context === "-") return openStandardInput(file, inputs);
  const git = parseGitContext(context);
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
  const dockerfile = file === undefined ? join(directory, "Dockerfile") : resolve(inputs.cwd, file);
  return located(await realpath(directory), dockerfile);
}

/** A Git build context: what to clone, which reference, and the folder in it. */
export interface GitContext {
  readonly url: string;
  readonly ref?: string;
  readonly subfolder?: string;
}

/**
 * Reads a Git URL as BuildKit does: `git://`, `git@`, `ssh://`, `http(s)://` and `file://` with a path that ends in `.git`, and
 * `github.com/…`; `#REF:SUBFOLDER` or `?ref=REF&subdir=SUBFOLDER` behind it. Returns `undefined` for anything else.
 * Source: BuildKit's documentation of Git contexts.
 */
export function parseGitContext(text: string): GitContext | undefined {
  const [beforeFragment, fragment] = splitOnce(text, "#");
  const [address, query] = splitOnce(beforeFragment, "?");
  const isGit =
    /^(git|ssh):\/\//.test(address) ||
    /^git@[^:/]+:/.test(address) ||
    /^(https?|file):\/\/.+\.git$/.test(address) ||
    /^github\.com\/[^/]+\/[^/]+/.test(address);
  if (!isGit) return undefined;
  const parameters = new URLSearchParams(query ?? "");
  const [fragmentRef, fragmentFolder] = splitOnce(fragment ?? "", ":");
  const ref = fragmentRef || parameters.get("ref") || parameters.get("branch") || parameters.get("tag") || undefined;
  const subfolder = fragmentFolder || parameters.get("subdir") || undefined;
  return {
    url: address.startsWith("github.com/") ? `https://${address}` : address,
    ...(ref === undefined ? {} : { ref }),
    ...(subfolder === undefined ? {} : { subfolder }),
  };
}

async function openGit(git: GitContext, file: string | undefined, inputs: ContextInputs): Promise<OpenContext> {
  const clone = join(inputs.scratch, "git");
  await mkdir(clone);
  const run = (args: readonly string[]) => runGit(args, clone, inputs);
  await run(["init", "--quiet"]);
  await run(["remote", "add", "origin", git.url]);
  const ref = git.ref ?? "HEAD";
  try {
    await run(["fetch", "--quiet", "--depth", "1", "origin", ref]);
  } catch (error) {
    // Servers may refuse to serve a bare commit that no reference points at: fetch all, then look for it here.
    if (!/^[0-9a-f]{7,64}$/.test(ref) || !(error instanceof ArchwayError)) throw error;
    await run(["fetch", "--quiet", "origin", "+refs/*:refs/origin/*"]);
    await run(["update-ref", "FETCH_HEAD", ref]);
  }
  await run(["checkout", "--quiet", "--detach", "FETCH_HEAD"]);
  await run(["submodule", "--quiet", "update", "--init", "--recursive", "--depth", "1"]);
  const commit = (await run(["rev-parse", "HEAD"])).trim();
  await rm(join(clone, ".git"), { recursive: true, force: true });

  const directory = resolve(clone, git.subfolder ?? ".");
  const inside = relative(clone, directory);
  const found = await stat(directory).catch(() => undefined);
  if (inside.startsWith("..") || isAbsolute(inside) || !found?.isDirectory()) {
    throw new ArchwayError({
      code: "CONTEXT_INVALID",
      kind: "input",
      message: `${git.url} has no folder ${git.subfolder ?? ""} at ${ref}.`,
      hint: "The part behind the colon of URL#REF:FOLDER is a folder of the repository.",
    });
  }
  return { ...(await located(directory, join(directory, file ?? "Dockerfile"))), commit };
}

async function runGit(args: readonly string[], cwd: string, inputs: ContextInputs): Promise<string> {
  const child = spawn("git", [...args], {
    cwd,
    env: {
      ...inputs.env,
      GIT_TERMINAL_PROMPT: "0",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "advice.detachedHead",
      GIT_CONFIG_VALUE_0: "false",
    },
    stdio: ["ignore", "pipe", "pipe"],
    signal: inputs.signal,
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  const code = await once(child, "close").then(
    ([status]: unknown[]) => status,
    (error: unknown) => {
      if (inputs.signal.aborted) throw error;
      throw new ArchwayError({
        code: "GIT_MISSING",
        kind: "unreachable",
        message: "A Git context needs git, and it could not be started.",
        hint: "Install git, or give a directory.",
        cause: error,
      });
    },
  );
  if (code !== 0) {
    const unknownRef = /couldn't find remote ref|not our ref|unknown revision/i.test(errors);
    throw new ArchwayError({
      code: unknownRef ? "CONTEXT_INVALID" : "CONTEXT_UNREACHABLE",
      kind: unknownRef ? "input" : "unreachable",
      message: `git ${args[0] ?? ""} failed for the build context:\n${errors.trim()}`,
      hint: unknownRef
        ? "Check the reference behind # in the URL: a branch, a tag or a commit."
        : "Check the URL and that this machine may read the repository.",
    });
  }
  return output;
}

async function openStandardInput(file: string | undefined, inputs: ContextInputs): Promise<OpenContext> {
  const received = join(inputs.scratch, "stdin");
  let bytes = 0;
  await pipeline(
    inputs.stdin,
    async function* bounded(chunks: AsyncIterable<string | Uint8Array>) {
      for await (const chunk of chunks) {
        bytes += Buffer.byteLength(chunk);
        if (bytes > maxContextBytes) {
          throw new ArchwayError({
            code: "CONTEXT_TOO_LARGE",
            kind: "input",
            message: "The build context on standard input is larger than 8 GiB.",
            hint: "Give a directory with a .dockerignore instead.",
          });
        }
        yield chunk;
      }
    },
    createWriteStream(received),
    { signal: inputs.signal },
  );
  if (bytes === 0) {
    throw new ArchwayError({
      code: "CONTEXT_INVALID",
      kind: "input",
      message: "Standard input is empty; it should be a tar of the build context, or a Dockerfile.",
      hint: "For example: tar -c . | archway build -",
    });
  }
  const directory = join(inputs.scratch, "context");
  await mkdir(directory);
  if (!(await looksLikeArchive(received))) {
    // As docker buildx: text on standard input is a Dockerfile with an empty context.
    const dockerfile = join(inputs.scratch, "Dockerfile");
    await writeFile(dockerfile, await readFile(received));
    return { directory, dockerfile, dockerfileName: "Dockerfile (standard input)" };
  }
  const child = spawn("tar", ["--extract", "--no-same-owner", "--file", received, "--directory", directory], {
    stdio: ["ignore", "ignore", "pipe"],
    signal: inputs.signal,
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  const [code] = (await once(child, "close")) as [number | null];
  await rm(received);
  if (code !== 0) {
    throw new ArchwayError({
      code: "CONTEXT_INVALID",
      kind: "input",
      message: `The tar on standard input could not be unpacked:\n${errors.trim()}`,
      hint: "Send a tar, plain or compressed with gzip, bzip2, xz or zstd.",
    });
  }
  return located(directory, join(directory, file ?? "Dockerfile"));
}

/** True for a tar, or for one of the compressions that tar unpacks (gzip, bzip2, xz, zstd), by magic bytes. */
async function looksLikeArchive(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    const magic = buffer.subarray(0, bytesRead).toString("latin1");
    return (
      magic.slice(257, 262) === "ustar" ||
      ["\x1f\x8b", "BZh", "\xfd7zXZ\0", "\x28\xb5\x2f\xfd"].some((start) => magic.startsWith(start))
    );
  } finally {
    await handle.close();
  }
}

async function located(directory: string, dockerfile: string): Promise<OpenContext> {
  const inside = relative(directory, dockerfile);
  const dockerfileName = inside.startsWith("..") || isAbsolute(inside) ? dockerfile : inside;
  const found = await stat(dockerfile).catch(() => undefined);
  if (!found?.isFile()) {
    throw new ArchwayError({
      code: "DOCKERFILE_MISSING",
      kind: "input",
      message: found ? `${dockerfile} is not a file.` : `There is no Dockerfile at ${dockerfile}.`,
      hint: "Name it with -f FILE, or give the directory that holds it.",
    });
  }
  return { directory, dockerfile, dockerfileName };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
