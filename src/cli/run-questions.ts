import { createInterface } from "node:readline/promises";
import type { CliContext } from "./context.ts";

/** Asks a person something and gives what was typed. Throws the signal's reason. */
export type Ask = (question: string, signal: AbortSignal) => Promise<string>;

/** Asks on a terminal, a line each. Ctrl-C is that of the program. */
export function askOnTerminal({ stdin, stderr }: Pick<CliContext, "stdin" | "stderr">): Ask {
  return async (question, signal) => {
    const asking = createInterface({ input: stdin, output: stderr });
    // A terminal in raw mode gives Ctrl-C to whoever reads it.
    asking.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    try {
      return await asking.question(`${question} [y/N] `, { signal });
    } finally {
      asking.close();
    }
  };
}

/** Asks one question after the other. One whose signal is aborted while it waits behind another does not wait on. */
export function oneAtATime(ask: Ask): Ask {
  let before: Promise<unknown> = Promise.resolve();
  return (question, signal) => {
    const asked = before.then(() => {
      signal.throwIfAborted();
      return ask(question, signal);
    });
    before = asked.catch(() => undefined);
    return new Promise((resolve, reject) => {
      asked.then(resolve, reject);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  };
}
