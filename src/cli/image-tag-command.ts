import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { addPublishOptions } from "./image-shared-options.ts";
import type { RawPublishOptions } from "./image-shared-options.ts";

/** `archway image tag`. */
export function defineTag(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("tag")
    .description("Give an image more tags in its own repository or layout, after the proof; its digest stays.")
    .argument("<SOURCE>", "REPOSITORY[:TAG|@DIGEST] or oci:DIR[:NAME]")
    .argument("<TAG...>", "tags alone, without a repository; one that is there moves");
  return addPublishOptions(command, "tag").action(
    async (source: string, tags: readonly string[], raw: RawPublishOptions) => {
      const { readPublishOptions } = await import("./image-shared-options.ts");
      const { runImageTag } = await import("./image-tag.ts");
      done(await runImageTag(context, source, tags, readPublishOptions(raw)));
    },
  );
}
