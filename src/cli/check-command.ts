import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";

/** The options of `archway check` as commander hands them over: texts, unchecked. */
export interface RawCheckOptions {
  readonly platform: readonly string[];
  readonly offline?: boolean;
  readonly facts: readonly string[];
  readonly saveFacts?: string;
  readonly severity: string;
  readonly format: string;
  /** True for `--fix` without rules. */
  readonly fix?: string | boolean;
  readonly dryRun?: boolean;
  readonly explain?: string;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly config?: string;
  readonly insecureRegistry: readonly string[];
}

const examples = `
Examples:
  archway check                                 what breaks on amd64 and arm64 in this repository
  archway check --offline --format sarif        ask nobody; a report for code scanning
  archway check --platform linux/arm/v7 app     another platform, another folder
  archway check --fix --dry-run                 the edits that would repair it, as a diff
  archway check --explain copy-arch-path        what a rule means and what to do

Exit codes: 0 nothing at or above --severity · 1 findings · 2 wrong input · 3 something could not be reached · 130 interrupted
`;

/** `archway check`. */
export function defineCommand(context: CliContext, done: (exitCode: number) => void): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  const list = (flags: string, text: string) => new Option(flags, text).default([]).argParser(collect);
  return new Command("archway check")
    .usage("[options] [DIR]")
    .description(
      "Find what breaks on another architecture before anything is built: Dockerfiles, Makefiles, scripts, CI, compose and Kubernetes files are read and evaluated for every platform. Nothing of the repository is run.",
    )
    .argument("[DIR]", "folder of the repository (default: this one)")
    .addOption(
      list(
        "--platform <platforms>",
        "platforms that must work, separated by commas (default: the configuration's, else linux/amd64,linux/arm64)",
      ),
    )
    .addOption(new Option("--offline", "ask no registry, release page or package index"))
    .addOption(list("--facts <file>", "what is known of images, URLs and packages, as --save-facts writes it"))
    .addOption(new Option("--save-facts <file>", "write what this run learned"))
    .addOption(
      new Option(
        "--severity <severity>",
        "lowest severity that makes the exit code 1: error (default), warning or note; all findings are shown",
      ).default("error"),
    )
    .addOption(
      new Option(
        "--format <format>",
        "text (default), json, sarif, junit, github (annotations of a workflow) or gitlab (code quality)",
      ).default("text"),
    )
    .addOption(
      new Option("--fix [rules]", "repair what can be repaired, or only what these rules found (--fix=RULE,…)"),
    )
    .addOption(new Option("--dry-run", "with --fix: print the edits as a diff and write nothing"))
    .addOption(new Option("--explain <rule>", "print what a rule means, how it shows and what to do"))
    .addOption(new Option("--baseline <file>", "findings that were accepted before and are not told again"))
    .addOption(new Option("--write-baseline <file>", "accept all that is found now: write it as a baseline"))
    .addOption(list("--insecure-registry <host>", "allow plain HTTP to this registry"))
    .addOption(new Option("--config <file>", "configuration (.archway.yaml of the repository)"))
    .addHelpText("after", examples)
    .action(async (argument: string | undefined, options: RawCheckOptions, command: Command) => {
      const { readCheckOptions } = await import("./check-options.ts");
      const { runCheck } = await import("./check.ts");
      const { raw, directory } = separateFix(options, argument, command);
      done(await runCheck(context, directory, readCheckOptions(raw)));
    });
}

/** Rules are only ever given as `--fix=RULE`: what stands behind a bare `--fix`, and what commander takes for its value, is the folder. */
function separateFix(
  raw: RawCheckOptions,
  argument: string | undefined,
  command: Command,
): { readonly raw: RawCheckOptions; readonly directory: string | undefined } {
  const { rawArgs } = command as Command & { readonly rawArgs: readonly string[] };
  const { fix } = raw;
  if (typeof fix !== "string" || rawArgs[rawArgs.lastIndexOf("--fix") + 1] !== fix || !rawArgs.includes("--fix"))
    return { raw, directory: argument };
  if (argument !== undefined) command.error(`error: too many arguments. Expected one folder: ${fix}, ${argument}.`);
  return { raw: { ...raw, fix: true }, directory: fix };
}
