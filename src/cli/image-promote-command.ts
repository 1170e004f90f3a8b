import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { addPublishOptions } from "./image-shared-options.ts";
import type { RawPublishOptions } from "./image-shared-options.ts";

/** The options of `archway image promote` as commander hands them over: texts, unchecked. */
export interface RawImagePromoteOptions extends RawPublishOptions {
  readonly expect: string;
  /** False with `--no-referrers`. */
  readonly referrers: boolean;
}

/** `archway image promote`. */
export function definePromote(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("promote")
    .description(
      "Make a proven image the new one of its users: copy it whole, with the same digests, and move all tags last, unless somebody else has moved one of them meanwhile.",
    )
    .argument("<SOURCE>", "REPOSITORY[:TAG|@DIGEST], oci:DIR[:NAME], oci-archive:FILE[:NAME]")
    .argument("<TARGET...>", "REPOSITORY:TAG, oci:DIR[:NAME]; all tags move to the same digest")
    .addOption(
      new Option(
        "--expect <state>",
        "what each target tag has to be for it to move: unchanged since the command began (default), absent, or a DIGEST",
      ).default("unchanged"),
    )
    .addOption(new Option("--no-referrers", "leave signatures, SBOMs and other referrers behind"));
  return addPublishOptions(command, "promote").action(
    async (source: string, targets: readonly string[], raw: RawImagePromoteOptions) => {
      const { readImagePromoteOptions } = await import("./image-promote-options.ts");
      const { runImagePromote } = await import("./image-promote.ts");
      done(await runImagePromote(context, source, targets, readImagePromoteOptions(raw)));
    },
  );
}
