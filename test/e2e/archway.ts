/** Runs the program as a user does: `bin/archway` in a folder, with an environment, to its exit code. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Bed } from "../bed/bed.ts";

/** The program under test. */
export const archwayProgram = resolve(import.meta.dirname, "../../bin/archway");
const scenarios = resolve(import.meta.dirname, "../scenarios");

/** How the program ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin?: Uint8Array;
  /** A program with arguments that starts it. */
  readonly through?: readonly string[];
}

/** Milliseconds that a program may take to show something: a machine that is busy is slow, and a test that waits for ever tells nothing. */
export const patience = 300_000;

/** A started program: wait for its end, or disturb it before. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard error has shown a text; rejects when the program ends before. */
  shows(text: string): Promise<void>;
}

/** Starts `archway ARGS…`. */
export function startArchway(args: readonly string[], { cwd, env, stdin, through = [] }: RunOptions): Started {
  const [first = archwayProgram, ...rest] = [...through, archwayProgram, ...args];
  const child = spawn(first, rest, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  const watchers = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    output.stderr += chunk.toString();
    for (const watcher of watchers) watcher();
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin ?? "");
  const ended = once(child, "close").then(([code, signal]: unknown[]): Ended => {
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, ...output };
  });
  return {
    child,
    ended,
    shows: (text) =>
      new Promise((found, missed) => {
        const late = setTimeout(() => missed(new Error(`never showed "${text}":\n${output.stderr}`)), patience);
        const look = () => {
          if (!output.stderr.includes(text)) return;
          watchers.delete(look);
          clearTimeout(late);
          found();
        };
        watchers.add(look);
        look();
        void ended.then(({ stderr, code }) => {
          clearTimeout(late);
          missed(new Error(`ended with ${code} before it showed "${text}":\n${stderr}`));
        });
      }),
  };
}

/** Runs `archway ARGS…` to its end. */
export function archway(args: readonly string[], options: RunOptions): Promise<Ended> {
  return startArchway(args, options).ended;
}

/** A place to work in: a copy of a scenario (or an empty folder) with a configuration, state, caches and temporary files of its own. */
export interface Workplace extends AsyncDisposable {
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Makes a {@link Workplace}. With `mirror` its `.archway.yaml` lets a registry of the bed stand in for docker.io, so that `FROM alpine` finds the
 * bed's.
 */
export async function workplace(
  bed: Pick<Bed, "env">,
  {
    scenario,
    files = {},
    mirror,
  }: { scenario?: string; files?: Readonly<Record<string, string>>; mirror?: string } = {},
): Promise<Workplace> {
  const root = await mkdtemp(join(tmpdir(), "archway-e2e-"));
  const dir = join(root, "work");
  await mkdir(join(root, "tmp"));
  if (scenario === undefined) await mkdir(dir);
  else await cp(join(scenarios, scenario), dir, { recursive: true });
  const config =
    mirror === undefined
      ? {}
      : { ".archway.yaml": `version: 1\nregistries:\n  docker.io:\n    mirrors: ["${mirror}"]\n` };
  for (const [name, content] of Object.entries({ ...config, ...files })) await writeFile(join(dir, name), content);
  return {
    dir,
    env: {
      ...bed.env,
      XDG_STATE_HOME: join(root, "state"),
      XDG_CACHE_HOME: join(root, "cache"),
      TMPDIR: join(root, "tmp"),
      NO_COLOR: "1",
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
