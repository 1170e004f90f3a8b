import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Digest, digestSchema } from "../oci/descriptor.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";

/**
 * What one platform's build depends on. Two builds with equal inputs give the same image, as far as an engine's own cache would say so;
 * values of secrets are left out, as engines leave them out of their cache keys.
 */
export interface RecordInputs {
  readonly platform: Platform;
  /** Where the child was put: a repository (`host/path`) or a layout. */
  readonly place: string;
  readonly dockerfile: string;
  /** Fingerprint of the context's files. */
  readonly context: string;
  readonly options: Readonly<Record<string, unknown>>;
}

const Kept = z.object({
  version: z.literal(1),
  platform: z.string(),
  place: z.string(),
  digest: digestSchema,
  mediaType: z.string(),
  at: z.string(),
});

/** A child that an earlier, unfinished build left behind. */
export type KeptChild = z.infer<typeof Kept>;

/**
 * Children of builds that did not finish, so that the next run of the same command builds only what is missing. Advisory: a child is looked
 * up in the store before it is trusted, an unreadable record counts as none, and the folder may be deleted at any time.
 */
export interface BuildRecords {
  find(inputs: RecordInputs): Promise<KeptChild | undefined>;
  keep(inputs: RecordInputs, child: { readonly digest: Digest; readonly mediaType: string }): Promise<void>;
  /** Forgets the children of a finished build: the next run asks the engine again. */
  forget(inputs: RecordInputs): Promise<void>;
}

/** How long a record is of use, milliseconds: a week. */
const maxAge = 7 * 24 * 60 * 60 * 1000;

/** Keeps records as one small file each in `directory` (`$XDG_STATE_HOME/archway/builds`), written atomically. */
export function fileRecords(directory: string, now: () => Date): BuildRecords {
  const fileOf = (inputs: RecordInputs) => join(directory, `${recordKey(inputs)}.json`);
  return {
    async find(inputs) {
      const text = await readFile(fileOf(inputs), "utf8").catch(() => undefined);
      if (text === undefined) return undefined;
      return Kept.safeParse(parseOrNothing(text)).data;
    },
    async keep(inputs, child) {
      const kept: KeptChild = {
        version: 1,
        platform: formatPlatform(inputs.platform),
        place: inputs.place,
        ...child,
        at: now().toISOString(),
      };
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await removeOld(directory, now().getTime());
      const file = fileOf(inputs);
      const temporary = `${file}.${randomBytes(6).toString("hex")}`;
      await writeFile(temporary, `${JSON.stringify(kept)}\n`);
      await rename(temporary, file);
    },
    async forget(inputs) {
      await rm(fileOf(inputs), { force: true });
    },
  };
}

/** Removes records of builds that nobody finished. Another process may be doing the same. */
async function removeOld(directory: string, now: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const file = join(directory, name);
    const found = await stat(file).catch(() => undefined);
    if (found && now - found.mtimeMs > maxAge) await rm(file, { force: true });
  }
}

/** Name of a record: SHA-256 over the inputs in a fixed order of keys. */
export function recordKey(inputs: RecordInputs): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(inputs)))
    .digest("hex");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
