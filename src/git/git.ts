import { spawn } from "node:child_process";
import { once } from "node:events";
import { ArchwayError } from "../error/error.ts";

/** What a call of Git needs from outside. */
export interface GitCall {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Settings of this call alone, as name and value. They go by the environment: arguments can be read by everybody. */
  readonly settings?: readonly (readonly [string, string])[];
  readonly input?: Uint8Array;
}

/** Git ended with a code that is no success. */
export class GitFailure extends Error {
  readonly command: string;
  /** The end of what it wrote to standard error. */
  readonly said: string;

  constructor(command: string, said: string) {
    super(`git ${command} failed: ${said}`);
    this.command = command;
    this.said = said;
  }
}

/** Variables by which a Git hook, say, tells Git which repository it is in: ours is another. */
const repositoryVariables = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_NAMESPACE",
  "GIT_PREFIX",
];

/**
 * Runs Git to its end; it never asks on a terminal, runs no hooks and no transport that is a command. Returns its standard output.
 *
 * @throws {@link GitFailure}; ArchwayError `GIT_MISSING` (kind `unreachable`); the signal's reason
 */
export async function git(args: readonly string[], call: GitCall): Promise<Buffer> {
  const child = spawn("git", args, {
    cwd: call.cwd,
    env: environmentOf(call),
    stdio: ["pipe", "pipe", "pipe"],
    signal: call.signal,
  });
  const output: Buffer[] = [];
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  // It may end without reading all.
  child.stdin.on("error", () => undefined);
  child.stdin.end(call.input ?? "");
  const code = await once(child, "close").then(
    ([status]: unknown[]) => status,
    (error: unknown) => {
      if (call.signal.aborted) throw error;
      throw new ArchwayError({
        code: "GIT_MISSING",
        kind: "unreachable",
        message: "A Git repository needs git, and it could not be started.",
        hint: "Install git, or give a directory.",
        cause: error,
      });
    },
  );
  call.signal.throwIfAborted();
  if (code !== 0) throw new GitFailure(args[0] ?? "", said.trim());
  return Buffer.concat(output);
}

function environmentOf({ env, settings = [] }: GitCall): NodeJS.ProcessEnv {
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !repositoryVariables.includes(name)));
  const count = Number(own["GIT_CONFIG_COUNT"] ?? 0);
  const all = [
    ["advice.detachedHead", "false"],
    ["protocol.ext.allow", "never"],
    ["core.hooksPath", "/dev/null"],
    ...settings,
  ] as const;
  const named = all.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${count + index}`, name],
    [`GIT_CONFIG_VALUE_${count + index}`, value],
  ]);
  return {
    ...own,
    ...Object.fromEntries(named),
    GIT_CONFIG_COUNT: String(count + all.length),
    GIT_TERMINAL_PROMPT: "0",
    // What it says is read, in the language that it is written in.
    LC_ALL: "C",
  };
}
