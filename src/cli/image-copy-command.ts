import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { addPublishOptions, collect } from "./image-shared-options.ts";
import type { RawPublishOptions } from "./image-shared-options.ts";

/** The options of `archway image copy` as commander hands them over: texts, unchecked. */
export interface RawImageCopyOptions extends RawPublishOptions {
  readonly platform: readonly string[];
  readonly keepIndex?: boolean;
  /** False with `--no-referrers`. */
  readonly referrers: boolean;
}

/** `archway image copy`. */
export function defineCopy(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("copy")
    .description(
      "Copy an image with all its platforms, attestations and signatures to other places, keep its digests, and move the tags last.",
    )
    .argument(
      "<SOURCE>",
      "REPOSITORY[:TAG|@DIGEST], oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME]",
    )
    .argument(
      "<TARGET...>",
      "REPOSITORY[:TAG|@DIGEST], oci:DIR[:NAME], oci-archive:FILE[:NAME]; a tag that is there moves",
    )
    .addOption(
      new Option(
        "--platform <platform,...>",
        "only these platforms: one is copied as the image itself, several as an index without the others (which has a digest of its own)",
      )
        .default([])
        .argParser(collect),
    )
    .addOption(new Option("--keep-index", "with one --platform: copy an index of it, with its attestations"))
    .addOption(new Option("--no-referrers", "leave signatures, SBOMs and other referrers behind"));
  return addPublishOptions(command, "copy").action(
    async (source: string, targets: readonly string[], raw: RawImageCopyOptions) => {
      const { readImageCopyOptions } = await import("./image-copy-options.ts");
      const { runImageCopy } = await import("./image-copy.ts");
      done(await runImageCopy(context, source, targets, readImageCopyOptions(raw)));
    },
  );
}
