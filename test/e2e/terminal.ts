/** Runs the program in a pseudo terminal, as a person does. `script` of util-linux makes it. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { TestTerminal } from "../../src/report/test-terminal.ts";

const program = resolve(import.meta.dirname, "../../bin/archway");

/** Why there is no pseudo terminal here; false when there is one. */
export const noTerminal =
  spawnSync("script", ["-qec", "true", "/dev/null"], { stdio: "ignore" }).status === 0
    ? false
    : "script of util-linux is not here";

/** The program in a terminal. */
export interface InTerminal {
  /** Presses keys. */
  press(keys: string): void;
  /** Waits until the screen, or what has scrolled off it, shows a text. Throws when the program ends before. */
  shows(text: string | RegExp): Promise<void>;
  readonly ended: Promise<{
    readonly code: number | null;
    /** All that a person can see by scrolling up. */
    readonly screen: readonly string[];
    /** Everything that was written. */
    readonly written: string;
    /** What `stty -a` says of the terminal afterwards. */
    readonly modes: string;
  }>;
}

/** Starts `archway ARGS…` in a terminal of that size. */
export function inTerminal(
  args: readonly string[],
  { cwd, env, columns, rows }: { cwd: string; env: NodeJS.ProcessEnv; columns: number; rows: number },
): InTerminal {
  const words = [program, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const shell = `stty cols ${columns} rows ${rows}; ${words}; code=$?; echo; echo MODES; stty -a; exit $code`;
  const { CI: _, ...rest } = env;
  const child = spawn("script", ["-qefc", shell, "/dev/null"], {
    cwd,
    env: { ...rest, TERM: "xterm", SHELL: "/bin/sh" },
  });
  const terminal = new TestTerminal(columns, rows);
  const seen = new Set<() => void>();
  let written = "";
  let isOver = false;
  child.stdin.on("error", () => undefined);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    written += text;
    terminal.write(text);
    for (const look of seen) look();
  });
  const ended = once(child, "close").then(([code]: unknown[]) => {
    isOver = true;
    for (const look of seen) look();
    const end = terminal.text.lastIndexOf("MODES");
    const [screen, modes] = [terminal.text.slice(0, end), terminal.text.slice(end + 1).join("\n")];
    return { code: typeof code === "number" ? code : null, screen, written, modes };
  });
  return {
    press: (keys) => void child.stdin.write(keys),
    shows: (text) =>
      new Promise((found, missed) => {
        const look = () => {
          const screen = terminal.text.join("\n");
          const isThere = typeof text === "string" ? screen.includes(text) : text.test(screen);
          if (!isThere && !isOver) return;
          seen.delete(look);
          if (isThere) found();
          else missed(new Error(`ended before it showed ${text}:\n${screen}`));
        };
        seen.add(look);
        look();
      }),
    ended,
  };
}
