import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";

const file = z.object({
  version: z.literal(1),
  /** Boot of the machine that wrote it: what an earlier one wrote may have been lost with it. */
  boot: z.string().min(1),
  /** Each path with its mark. */
  files: z.array(z.tuple([z.string(), z.string()])),
});

/** What lies in a kept checkout: every file of it, with the mark of the state that it is a copy of; an empty mark where that is not certain. */
export type CheckoutIndex = ReadonlyMap<string, string>;

/** Reads the index of a kept checkout. Undefined where there is none, and where it cannot be relied on. */
export async function readIndex(path: string): Promise<CheckoutIndex | undefined> {
  try {
    const { boot, files } = file.parse(JSON.parse(await readFile(path, "utf8")));
    return boot === (await bootId()) ? new Map(files) : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the index in one step. It is not flushed to the disk: after a crash of the machine it counts no more. Throws what the file system says. */
export async function writeIndex(path: string, files: CheckoutIndex): Promise<void> {
  const fresh = `${path}.new`;
  await writeFile(fresh, JSON.stringify({ version: 1, boot: await bootId(), files: [...files] }));
  await rename(fresh, path);
}

/** Empty where boots cannot be told apart. */
async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "")).trim();
}
