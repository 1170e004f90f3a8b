import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { addPublishOptions, collect } from "./image-shared-options.ts";
import type { RawPublishOptions } from "./image-shared-options.ts";

/** The options of `archway image annotate` as commander hands them over: texts, unchecked. */
export interface RawImageAnnotateOptions extends RawPublishOptions {
  readonly tag: readonly string[];
  readonly annotation: readonly string[];
  readonly remove: readonly string[];
  readonly oci?: boolean;
}

/** `archway image annotate`. */
export function defineAnnotate(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("annotate")
    .description(
      "Change annotations of an index and of its descriptors, and move this one tag; others stay. Manifests stay as they are: attestations and signatures are about their digests.",
    )
    .argument("<IMAGE>", "the index: REGISTRY/NAME:TAG or oci:DIR:NAME")
    .addOption(
      new Option(
        "--annotation <key=value>",
        "set KEY on the index; manifest-descriptor:KEY=VALUE on the descriptor of every image, manifest-descriptor[PLATFORM]:KEY=VALUE on one",
      )
        .default([])
        .argParser(collect),
    )
    .addOption(
      new Option("--remove <key>", "remove KEY, or manifest-descriptor[PLATFORM]:KEY, which has to be there")
        .default([])
        .argParser(collect),
    )
    .addOption(new Option("--oci", "make an OCI index of a Docker manifest list, which has no annotations"))
    .addOption(
      new Option("-t, --tag <reference>", "give the result these names, and leave IMAGE as it is")
        .default([])
        .argParser(collect),
    );
  return addPublishOptions(command, "publish").action(async (image: string, raw: RawImageAnnotateOptions) => {
    const { readImageAnnotateOptions } = await import("./image-annotate-options.ts");
    const { runImageAnnotate } = await import("./image-annotate.ts");
    done(await runImageAnnotate(context, image, readImageAnnotateOptions(raw)));
  });
}
