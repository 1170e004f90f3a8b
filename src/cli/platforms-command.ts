import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { readFormat } from "./parse-option.ts";

/** `archway platforms`. */
export function defineCommand(context: CliContext, done: (exitCode: number) => void): Command {
  return new Command("archway platforms")
    .description("Show what this machine runs natively, what it emulates, and with which engines it builds.")
    .addOption(new Option("--format <format>", "text (default) or json").default("text"))
    .addOption(
      new Option("--config <file>", "configuration whose nodes are asked too (.archway.yaml of the repository)"),
    )
    .action(async (raw: { readonly format: string; readonly config?: string }) => {
      const format = readFormat(raw.format);
      const { runPlatforms } = await import("./platforms.ts");
      done(await runPlatforms(context, { format, ...(raw.config === undefined ? {} : { config: raw.config }) }));
    });
}
