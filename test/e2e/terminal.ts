/** The program as a person has it: in a terminal of its own, with keys to press. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { archwayProgram } from "./archway.ts";

/** A program in a terminal. */
export interface InTerminal {
  /** Resolves when the terminal has shown a text; rejects when the program ends before. */
  shows(text: string): Promise<void>;
  /** Presses keys: `\r` is Enter, `\u0003` Ctrl-C. */
  type(keys: string): void;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Starts `archway ARGS…` in a terminal of 160 columns (util-linux's `script`). */
export function inTerminal(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): InTerminal {
  const quoted = [archwayProgram, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const command = `stty cols 160 rows 40; exec ${quoted}`;
  const child = spawn("script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"], {
    cwd,
    env: { ...env, SHELL: "/bin/sh", TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    for (const watcher of watchers) watcher();
  });
  child.stdin.on("error", () => undefined);
  const ended = once(child, "close").then(() => ({ code: child.exitCode, output }));
  return {
    ended,
    type: (keys) => child.stdin.write(keys),
    shows: (text) =>
      new Promise((found, missed) => {
        const look = () => {
          if (!output.includes(text)) return;
          watchers.delete(look);
          found();
        };
        watchers.add(look);
        look();
        void ended.then(({ code }) => missed(new Error(`ended with ${code} before it showed "${text}":\n${output}`)));
      }),
  };
}
