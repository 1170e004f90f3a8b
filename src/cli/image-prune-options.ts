import type { RawImagePruneOptions } from "./image-prune-command.ts";
import { readStoreOptions } from "./image-shared-options.ts";
import type { StoreAccess } from "./image-shared-options.ts";
import { optionError } from "./parse-option.ts";

/** What the user asked of one `archway image prune`, checked. */
export interface ImagePruneOptions extends StoreAccess {
  readonly keep?: number;
  /** Milliseconds. */
  readonly olderThan?: number;
  /** Globs of names. */
  readonly keepTags: readonly string[];
  /** Globs of names; empty: all. */
  readonly tags: readonly string[];
  readonly untagged: boolean;
  readonly yes: boolean;
}

/** Units of ages, milliseconds. */
const units: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Checks the options of `archway image prune`. Throws `ArchwayError` of kind `input` that names the option. */
export function readImagePruneOptions(raw: RawImagePruneOptions): ImagePruneOptions {
  const { keep, olderThan, keepTag, tag } = raw;
  const untagged = raw.untagged === true;
  if (keep === undefined && olderThan === undefined && tag.length === 0 && !untagged) {
    throw optionError(
      "prune",
      undefined,
      "nothing says what may go.",
      "Give --keep, --older-than, --tag or --untagged; several narrow each other.",
    );
  }
  for (const pattern of [...keepTag, ...tag]) {
    if (pattern === "") throw optionError(tag.includes("") ? "--tag" : "--keep-tag", "", "a pattern is missing.");
  }
  return {
    ...readStoreOptions(raw),
    ...(keep === undefined ? {} : { keep: readCount(keep) }),
    ...(olderThan === undefined ? {} : { olderThan: readAge(olderThan) }),
    keepTags: keepTag,
    tags: tag,
    untagged,
    yes: raw.yes === true,
  };
}

function readCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw optionError("--keep", text, "must be a number of images.");
}

function readAge(text: string): number {
  const [, count, unit] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  const milliseconds = units[unit ?? ""];
  if (count !== undefined && milliseconds !== undefined) return Number(count) * milliseconds;
  throw optionError("--older-than", text, "must be a number of hours, days or weeks: 12h, 30d, 8w.");
}
