/** A program for `cli.test.ts`: runs a command that does not listen to its signal, says when it has begun and when it was asked to stop. */
import { Command } from "commander";
import type { CliContext } from "../../src/cli/context.ts";
import { runProcess } from "../../src/cli/shell.ts";

const defineCommand = ({ stderr, signal }: CliContext) =>
  new Command("stubborn").action(async () => {
    signal.addEventListener("abort", () => stderr.write("asked to stop\n"));
    const alive = setInterval(() => {}, 1000);
    stderr.write("begun\n");
    await new Promise(() => alive.ref());
  });
await runProcess(async () => ({ defineCommand }), process.argv.slice(2));
