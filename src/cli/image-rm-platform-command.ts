import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { addPublishOptions, collect } from "./image-shared-options.ts";
import type { RawPublishOptions } from "./image-shared-options.ts";

/** The options of `archway image rm-platform` as commander hands them over: texts, unchecked. */
export interface RawImageRmPlatformOptions extends RawPublishOptions {
  readonly tag: readonly string[];
}

/** `archway image rm-platform`. */
export function defineRmPlatform(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("rm-platform")
    .description(
      "Take platforms out of an index, with their attestations, and move this one tag; others stay. The other images stay as they are; the images taken out stay in the store, by digest.",
    )
    .argument("<IMAGE>", "the index: REGISTRY/NAME:TAG or oci:DIR:NAME")
    .argument("<PLATFORM...>", "os/architecture[/variant], for example linux/arm/v6")
    .addOption(
      new Option("-t, --tag <reference>", "give the result these names, and leave IMAGE as it is")
        .default([])
        .argParser(collect),
    );
  return addPublishOptions(command, "publish").action(
    async (image: string, platforms: readonly string[], raw: RawImageRmPlatformOptions) => {
      const { readPublishOptions } = await import("./image-shared-options.ts");
      const { runImageRmPlatform } = await import("./image-rm-platform.ts");
      done(await runImageRmPlatform(context, image, platforms, { ...readPublishOptions(raw), tags: raw.tag }));
    },
  );
}
