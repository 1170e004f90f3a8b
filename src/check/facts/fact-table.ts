import { formatPlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { ImageFact, PackageFact } from "./facts.ts";
import type { FactsFile } from "./facts-file.ts";
import { imageKeyOf } from "./image-key.ts";

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
