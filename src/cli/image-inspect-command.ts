import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { collect } from "./image-shared-options.ts";

/** The options of `archway image inspect` as commander hands them over: texts, unchecked. */
export interface RawImageInspectOptions {
  readonly raw?: boolean;
  readonly platform: readonly string[];
  readonly insecureRegistry: readonly string[];
  readonly format: string;
  readonly config?: string;
}

/** `archway image inspect`. */
export function defineInspect(context: CliContext, done: (exitCode: number) => void): Command {
  return new Command("inspect")
    .description(
      "Show what an image's documents say: platforms, sizes, layers, attestations, referrers, annotations, and which hosts run it. Layers are not read.",
    )
    .argument(
      "<IMAGE...>",
      "REPOSITORY:TAG, REPOSITORY@DIGEST, oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME]",
    )
    .addOption(new Option("--raw", "print the bytes of the index or manifest as they are, and nothing else"))
    .addOption(
      new Option("--platform <platforms>", "show only these, comma-separated; with --raw, one platform's manifest")
        .default([])
        .argParser(collect),
    )
    .addOption(
      new Option("--insecure-registry <host>", "allow plain HTTP to this registry").default([]).argParser(collect),
    )
    .addOption(new Option("--format <format>", "text (default) or json").default("text"))
    .addOption(new Option("--config <file>", "configuration (.archway.yaml of the repository)"))
    .action(async (images: readonly string[], raw: RawImageInspectOptions) => {
      const { readImageInspectOptions } = await import("./image-inspect-options.ts");
      const { runImageInspect } = await import("./image-inspect.ts");
      done(await runImageInspect(context, images, readImageInspectOptions(images, raw)));
    });
}
