import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeAtomically } from "../../store/atomic-file.ts";

/** Answers from outside that are kept for the next run, each for a time. */
export interface FactCache {
  /** Undefined when nothing is kept, or what is kept is too old. */
  get(key: string): Promise<{ readonly value: unknown } | undefined>;
  /** @param lifetime milliseconds */
  put(key: string, value: unknown, lifetime: number): void;
  /** Writes what is new. A folder that cannot be written costs time in the next run and nothing else. */
  save(): Promise<void>;
}

const fileSchema = z.object({
  version: z.literal(1),
  entries: z.record(z.string(), z.object({ until: z.number(), value: z.unknown() })),
});

type Entries = z.output<typeof fileSchema>["entries"];

const fileName = "check-facts.json";

/** Entries that are kept; those that end first go first. */
const maxEntries = 20_000;

/** Bytes of a file that is read back. */
const maxBytes = 32 * 1024 * 1024;

/**
 * Opens the answers in a folder, which may be deleted at any time. A damaged file counts as none.
 *
 * @param now milliseconds since the epoch
 */
export function openFactCache(folder: string, now: () => number): FactCache {
  const file = join(folder, fileName);
  const fresh: Entries = {};
  let known: Promise<Entries> | undefined;
  return {
    async get(key) {
      known ??= readEntries(file);
      const entry = fresh[key] ?? (await known)[key];
      return entry !== undefined && entry.until > now() ? { value: entry.value } : undefined;
    },
    put(key, value, lifetime) {
      fresh[key] = { until: now() + lifetime, value };
    },
    async save() {
      if (Object.keys(fresh).length === 0) return;
      // Another process may have added to it since: what it learned is kept too.
      const merged = Object.entries({ ...(await readEntries(file)), ...fresh })
        .filter(([, { until }]) => until > now())
        .toSorted(([, a], [, b]) => b.until - a.until)
        .slice(0, maxEntries);
      const text = JSON.stringify({ version: 1, entries: Object.fromEntries(merged) });
      try {
        await mkdir(folder, { recursive: true });
        await writeAtomically(folder, file, Buffer.from(text));
      } catch (error) {
        if (!(error instanceof Error && "code" in error)) throw error;
      }
    },
  };
}

async function readEntries(file: string): Promise<Entries> {
  try {
    // In a shared folder somebody else could plant answers.
    const { uid, size } = await stat(file);
    if (size > maxBytes || (uid !== 0 && uid !== (process.getuid?.() ?? uid))) return {};
    const content = fileSchema.safeParse(JSON.parse(await readFile(file, "utf8")));
    return content.success ? content.data.entries : {};
  } catch {
    // Absent, damaged or of another version: all mean that it is asked again.
    return {};
  }
}
