import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { addStoreOptions, collect } from "./image-shared-options.ts";
import type { RawStoreOptions } from "./image-shared-options.ts";

/** The options of `archway image prune` as commander hands them over: texts, unchecked. */
export interface RawImagePruneOptions extends RawStoreOptions {
  readonly keep?: string;
  readonly olderThan?: string;
  readonly keepTag: readonly string[];
  readonly tag: readonly string[];
  readonly untagged?: boolean;
  readonly yes?: boolean;
}

/** `archway image prune`. */
export function definePrune(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("prune")
    .description(
      "Remove old images of a repository or layout, and never what a kept index, attestation or signature needs. Without --yes it only shows what would go.",
    )
    .argument("<REPOSITORY>", "REGISTRY/NAME without a tag, or oci:DIR")
    .addOption(
      new Option(
        "--keep <count>",
        "keep this many of the newest images; of equally old ones those whose names sort last (v10 after v9)",
      ),
    )
    .addOption(new Option("--older-than <age>", "remove only what is older: 12h, 30d, 8w"))
    .addOption(
      new Option("--keep-tag <pattern>", "keep tags that match, whatever their age: v*").default([]).argParser(collect),
    )
    .addOption(new Option("--tag <pattern>", "look only at tags that match: pr-*").default([]).argParser(collect))
    .addOption(new Option("--untagged", "in a layout, also look at entries without a name"))
    .addOption(new Option("--yes", "do it"));
  return addStoreOptions(command).action(async (repository: string, raw: RawImagePruneOptions) => {
    const { readImagePruneOptions } = await import("./image-prune-options.ts");
    const { runImagePrune } = await import("./image-prune.ts");
    done(await runImagePrune(context, repository, readImagePruneOptions(raw)));
  });
}
