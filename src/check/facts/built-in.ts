import { formatReference, type Reference } from "../../oci/reference.ts";
import { formatPlatform, parsePlatformList, type Platform } from "../../platform/platform.ts";
import type { ImageFact } from "./facts.ts";
import { officialImages } from "./official-images.ts";
import { otherImages } from "./other-images.ts";
import { compareNumbers, numberedTag, type NumberedTag, tagOf } from "./tag-family.ts";

/** What is known without asking anybody. */
export interface BuiltInFacts {
  image(reference: Reference): ImageFact | undefined;
  /** The nearest later tag of the same kind that has all platforms. */
  laterTag(reference: Reference): string | undefined;
}

/** Knows nothing: for platforms that the table says nothing about. */
const nothing: BuiltInFacts = { image: () => undefined, laterTag: () => undefined };

/** Platforms that the table tells apart. */
const covered = parsePlatformList("linux/amd64,linux/arm64");
const [amd64] = covered;

/** Versions of one family of tags that are alike. */
interface Run {
  readonly first: NumberedTag["numbers"];
  readonly last: NumberedTag["numbers"];
  readonly hasArm64: boolean;
}

/**
 * The table of common images that comes with the program, for runs about linux/amd64 and linux/arm64 alone: it says nothing about others. It is of the day that it names:
 * who can ask a registry asks the registry.
 */
export function builtInFacts(platforms: readonly Platform[]): BuiltInFacts {
  const names = covered.map(formatPlatform);
  if (!platforms.every((platform) => names.includes(formatPlatform(platform)))) return nothing;
  const tables = new Map<string, ReadonlyMap<string, readonly Run[]>>();
  const runsOf = (reference: Reference, family: string): readonly Run[] => {
    const { host, path } = reference;
    const repository = formatReference({ host, path });
    const table = tables.get(repository) ?? readTable(textOf(repository));
    tables.set(repository, table);
    return table.get(family) ?? [];
  };
  return {
    image(reference) {
      if (reference.tag === undefined || reference.digest !== undefined || amd64 === undefined) return undefined;
      const { family, numbers } = numberedTag(reference.tag);
      const run = runsOf(reference, family).find(
        ({ first, last }) => compareNumbers(first, numbers) <= 0 && compareNumbers(numbers, last) <= 0,
      );
      if (run === undefined) return undefined;
      return { platforms: run.hasArm64 ? covered : [amd64] };
    },
    laterTag(reference) {
      if (reference.tag === undefined) return undefined;
      const { family, numbers } = numberedTag(reference.tag);
      const run = runsOf(reference, family).find(
        ({ first, hasArm64 }) => hasArm64 && compareNumbers(first, numbers) > 0,
      );
      return run && tagOf({ family, numbers: run.first });
    },
  };
}

function textOf(repository: string): string {
  const official = "docker.io/library/";
  if (!repository.startsWith(official)) return otherImages.find((one) => one.image === repository)?.tags ?? "";
  const name = repository.slice(official.length);
  return Object.hasOwn(officialImages.images, name) ? (officialImages.images[name] ?? "") : "";
}

/** Reads the lines `FAMILY RUN…` of an image. */
function readTable(text: string): ReadonlyMap<string, readonly Run[]> {
  return new Map(
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [family = "", ...runs] = line.split(" ");
        return [family, runs.map(readRun)] as const;
      }),
  );
}

function readRun(text: string): Run {
  const [first = "", last = first] = text.slice(0, -1).split("..");
  const numbers = (part: string) => (part === "" ? [] : part.split(",").map((group) => group.split(".").map(Number)));
  return { first: numbers(first), last: numbers(last), hasArm64: text.endsWith("+") };
}
