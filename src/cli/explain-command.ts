import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { readChoice } from "./parse-option.ts";

/** `archway explain`. */
export function defineCommand(context: CliContext, done: (exitCode: number) => void): Command {
  return new Command("archway explain")
    .description(
      "Tell what the errors in a log of a build, a CI job, a container or a cluster mean for several platforms, root cause first, and what to do. " +
        "The exit code is 0 whether an error is known or not.",
    )
    .argument("[FILE]", "the log; - or nothing reads standard input")
    .addOption(new Option("--format <format>", "text (default), json, or github for annotations").default("text"))
    .action(async (file: string | undefined, raw: { readonly format: string }) => {
      const format = readChoice("--format", raw.format, ["text", "json", "github"]);
      const { runExplain } = await import("./explain.ts");
      done(await runExplain(context, file, { format }));
    });
}
