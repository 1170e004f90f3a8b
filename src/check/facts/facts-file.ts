import { z } from "zod";
import { ArchwayError } from "../../error/error.ts";
import { formatPlatform, parsePlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { ImageFact, PackageFact } from "./facts.ts";
import { imageKeyOf } from "./image-key.ts";

const platform = z.string().transform((text, context): Platform => {
  try {
    return parsePlatform(text);
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    context.addIssue({ code: "custom", message: error.message, params: { hint: error.hint } });
    return z.NEVER;
  }
});

const platforms = z.array(platform);

/** What is known of an image, as files have it. */
export const imageFactSchema = z
  .strictObject({
    platforms: platforms.describe("all that it has"),
    digest: z
      .string()
      .regex(/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/, "must be sha256: and 64 hexadecimal digits")
      .exactOptional()
      .describe("what the tag pointed at"),
    isIndex: z.boolean().exactOptional().describe("false for a single manifest"),
  })
  .nullable();

/** What is known of a package, as files have it. */
export const packageFactSchema = z
  .strictObject({ platforms: z.union([platforms, z.literal("all")]).describe("that it is ready for") })
  .nullable();

const imageName = z.string().refine((name) => imageKeyOf(name) !== undefined, "is not the name of an image");

const packageName = z
  .string()
  .regex(/^[a-z]+:\S/, "must be ECOSYSTEM:NAME, such as npm:NAME@VERSION, pypi:NAME@VERSION or apk:RELEASE:NAME");

/** The schema of a facts file: what is known of the world outside of a repository. `null` is known not to exist; what is not in the file is unknown. */
export const factsFileSchema = z
  .strictObject({
    version: z.literal(1).describe("version of this format"),
    asOf: z.string().exactOptional().describe("when it was learned, as ISO 8601"),
    images: z.record(imageName, imageFactSchema).default({}).describe("by reference, in any spelling"),
    urls: z.record(z.string(), z.boolean()).default({}).describe("whether they can be fetched"),
    packages: z.record(packageName, packageFactSchema).default({}).describe("by ECOSYSTEM:NAME@VERSION"),
  })
  .meta({ title: "Facts of archway check" });

/** The content of a facts file, checked. */
export type FactsFile = z.output<typeof factsFileSchema>;

/** Facts by their keys: those of images as {@link imageKeyOf} makes them. */
export interface FactTable {
  readonly images: ReadonlyMap<string, ImageFact>;
  readonly urls: ReadonlyMap<string, boolean>;
  readonly packages: ReadonlyMap<string, PackageFact>;
}

/** The facts of several files; where they disagree the later one counts. */
export function factTable(files: readonly FactsFile[]): FactTable {
  const keyed = files.flatMap(({ images }) =>
    Object.entries(images).map(([name, fact]) => [imageKeyOf(name)?.key ?? name, fact] as const),
  );
  return {
    images: new Map(keyed),
    urls: new Map(files.flatMap(({ urls }) => Object.entries(urls))),
    packages: new Map(files.flatMap(({ packages }) => Object.entries(packages))),
  };
}

/** A table as the JSON of a facts file, in a steady order. */
export function factsJson({ images, urls, packages }: FactTable, asOf: Date): object {
  return {
    version: 1,
    asOf: asOf.toISOString(),
    images: sorted(images, imageFactJson),
    urls: sorted(urls, (fact) => fact),
    packages: sorted(packages, packageFactJson),
  };
}

/** A fact of an image as files have it. */
export function imageFactJson(fact: ImageFact): unknown {
  return fact && { ...fact, platforms: texts(fact.platforms) };
}

/** A fact of a package as files have it. */
export function packageFactJson(fact: PackageFact): unknown {
  return fact && { platforms: fact.platforms === "all" ? "all" : texts(fact.platforms) };
}

/** Platforms as texts, each once. */
function texts(platforms: readonly Platform[]): string[] {
  return platforms
    .filter((platform, index) => platforms.findIndex((other) => samePlatform(other, platform)) === index)
    .map(formatPlatform);
}

function sorted<Fact>(facts: ReadonlyMap<string, Fact>, write: (fact: Fact) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    [...facts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, fact]) => [key, write(fact)] as const),
  );
}
