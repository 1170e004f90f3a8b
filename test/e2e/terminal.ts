/** The program as a person has it: in a terminal of its own, with keys to press. `script` of util-linux makes the terminal. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { TestTerminal } from "../../src/report/test-terminal.ts";
import { archwayProgram, patience } from "./archway.ts";

/** Why there is no terminal to be had; false when there is one. */
export const noTerminal =
  spawnSync("script", ["-qec", "true", "/dev/null"], { stdio: "ignore" }).status === 0
    ? false
    : "script of util-linux is not here";

/** How the program in a terminal ended. */
export interface EndedInTerminal {
  readonly code: number | null;
  /** All that a person can see by scrolling up. */
  readonly output: string;
  /** Everything that was written, with its control sequences. */
  readonly written: string;
  /** What `stty -a` says of the terminal afterwards. */
  readonly modes: string;
}

/** A program in a terminal. */
export interface InTerminal {
  /** Resolves when the terminal shows a text, or has scrolled it off; rejects when the program ends before. */
  shows(text: string | RegExp): Promise<void>;
  /** Presses keys: `\r` is Enter, `\u0003` Ctrl-C. */
  type(keys: string): void;
  readonly ended: Promise<EndedInTerminal>;
}

/** Starts `archway ARGS…` in a terminal. */
export function inTerminal(
  args: readonly string[],
  {
    cwd,
    env,
    columns = 160,
    rows = 40,
  }: {
    readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
    readonly columns?: number;
    readonly rows?: number;
  },
): InTerminal {
  const quoted = [archwayProgram, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const command = `stty cols ${columns} rows ${rows}; ${quoted}; code=$?; echo; echo MODES; stty -a; exit $code`;
  // A person sits here, whatever runs the tests.
  const { CI: _, ...rest } = env;
  const child = spawn("script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"], {
    cwd,
    env: { ...rest, SHELL: "/bin/sh", TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const terminal = new TestTerminal(columns, rows);
  let written = "";
  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    written += text;
    terminal.write(text);
    for (const watcher of watchers) watcher();
  });
  child.stdin.on("error", () => undefined);
  const ended = once(child, "close").then((): EndedInTerminal => {
    const end = terminal.text.lastIndexOf("MODES");
    const [output, modes] = [terminal.text.slice(0, end), terminal.text.slice(end + 1)].map((lines) =>
      lines.join("\n"),
    );
    return { code: child.exitCode, output: output ?? "", written, modes: modes ?? "" };
  });
  return {
    ended,
    type: (keys) => child.stdin.write(keys),
    shows: (text) =>
      new Promise((found, missed) => {
        const late = setTimeout(
          () => missed(new Error(`never showed ${text}:\n${terminal.text.join("\n")}`)),
          patience,
        );
        const look = () => {
          const output = terminal.text.join("\n");
          if (typeof text === "string" ? !output.includes(text) : !text.test(output)) return;
          watchers.delete(look);
          clearTimeout(late);
          found();
        };
        watchers.add(look);
        look();
        void ended.then(({ code, output }) => {
          clearTimeout(late);
          missed(new Error(`ended with ${code} before it showed ${text}:\n${output}`));
        });
      }),
  };
}
