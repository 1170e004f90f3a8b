import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";

/** The options of `archway verify` as commander hands them over: texts, unchecked. */
export interface RawVerifyOptions {
  readonly platform: readonly string[];
  readonly require: readonly string[];
  readonly severity: string;
  readonly allow: readonly string[];
  readonly insecureRegistry: readonly string[];
  readonly format: string;
  readonly config?: string;
  readonly run?: boolean;
  readonly runTimeout?: string;
  /** Words behind `--`. */
  readonly command: readonly string[];
}

export const takesCommand = true;

/** `archway verify`. */
export function defineCommand(
  context: CliContext,
  done: (exitCode: number) => void,
  command: readonly string[],
): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  const list = (flags: string, text: string) => new Option(flags, text).default([]).argParser(collect);
  return new Command("archway verify")
    .usage("[options] <IMAGE...> [--run [-- COMMAND ARG...]]")
    .description(
      "Prove that images are what they say: read the layers of every platform, and judge the machine code in them and what a container starts with. Nothing is run without --run.",
    )
    .argument(
      "<IMAGE...>",
      "REPOSITORY:TAG, REPOSITORY@DIGEST, oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME]",
    )
    .addOption(list("--platform <platforms>", "prove only these, separated by commas (default: all that are there)"))
    .addOption(list("--require <platforms>", "platforms that must be there"))
    .addOption(
      new Option(
        "--severity <severity>",
        "lowest severity that makes the exit code 1: error (default), warning or note; all findings are shown",
      ).default("error"),
    )
    .addOption(
      list(
        "--allow <glob=reason>",
        "files that are meant to be as they are, by their path in the image; verify.allow in .archway.yaml does the same",
      ),
    )
    .addOption(
      new Option(
        "--format <format>",
        "text (default), json, sarif, junit, github (annotations of a workflow) or markdown (a summary)",
      ).default("text"),
    )
    .addOption(
      new Option(
        "--run",
        "also start the image of each platform through Docker or Podman, natively or emulated: with the command behind --, which replaces entrypoint and command, or as it is",
      ),
    )
    .addOption(
      new Option(
        "--run-timeout <seconds>",
        "how long each may run (default: 10 for its own entrypoint, 60 for a command)",
      ),
    )
    .addOption(list("--insecure-registry <host>", "allow plain HTTP to this registry"))
    .addOption(new Option("--config <file>", "configuration (.archway.yaml of the repository)"))
    .action(async (images: readonly string[], raw: Omit<RawVerifyOptions, "command">) => {
      const { readVerifyOptions } = await import("./verify-options.ts");
      const { runVerify } = await import("./verify.ts");
      done(await runVerify(context, images, readVerifyOptions({ ...raw, command })));
    });
}
