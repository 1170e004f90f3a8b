import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { addPublishOptions, collect } from "./image-shared-options.ts";
import type { RawPublishOptions } from "./image-shared-options.ts";

/** The options of `archway image create` as commander hands them over: texts, unchecked. */
export interface RawImageCreateOptions extends RawPublishOptions {
  readonly tag: readonly string[];
  readonly annotation: readonly string[];
  readonly metadataFile?: string;
}

/** `archway image create`. */
export function defineCreate(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("create")
    .description(
      "Join images that were built one platform at a time into one image index, prove each of them, and tag the index.",
    )
    .argument(
      "<SOURCE...>",
      "images to join: REPOSITORY@DIGEST, REPOSITORY:TAG, oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME]",
    )
    .addOption(
      new Option(
        "-t, --tag <reference>",
        "name of the joined image: REGISTRY/NAME:TAG, oci:DIR:NAME, oci-archive:FILE:NAME",
      )
        .default([])
        .argParser(collect),
    )
    .addOption(
      new Option(
        "--annotation <key=value>",
        "annotation of the index; manifest-descriptor[PLATFORM]:KEY=VALUE puts it elsewhere",
      )
        .default([])
        .argParser(collect),
    )
    .addOption(new Option("--metadata-file <file>", "write digests and facts to this JSON file"));
  return addPublishOptions(command, "join").action(async (sources: readonly string[], raw: RawImageCreateOptions) => {
    const { readImageCreateOptions } = await import("./image-create-options.ts");
    const { runImageCreate } = await import("./image-create.ts");
    done(await runImageCreate(context, sources, readImageCreateOptions(raw)));
  });
}
