import { readFile, rename, writeFile } from "node:fs/promises";

/** Form of the file: this line with the boot of the machine that wrote it, then paths and marks in turn, each before a zero byte. There may be a million: nothing is copied to read them. */
const form = "archway-checkout-1";

/** What lies in a kept checkout: every file of it, with the mark of the state that it is a copy of; an empty mark where that is not certain. */
export type CheckoutIndex = ReadonlyMap<string, string>;

/** Reads the index of a kept checkout. Undefined where there is none, and where it cannot be relied on: what another boot wrote may have been lost with it. */
export async function readIndex(path: string): Promise<CheckoutIndex | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const boot = await bootId();
  const head = headOf(boot);
  if (boot === "" || !text.startsWith(head) || !text.endsWith("\0")) return undefined;
  const parts = text.slice(head.length).split("\0");
  const files = new Map<string, string>();
  for (let at = 0; at + 1 < parts.length; at += 2) files.set(parts[at] ?? "", parts[at + 1] ?? "");
  return files;
}

/** Replaces the index in one step. It is not flushed to the disk: after a crash of the machine it counts no more. Throws what the file system says. */
export async function writeIndex(path: string, files: CheckoutIndex): Promise<void> {
  const fresh = `${path}.new`;
  const lines = Array.from(files, ([name, mark]) => `${name}\0${mark}\0`);
  await writeFile(fresh, `${headOf(await bootId())}${lines.join("")}`);
  await rename(fresh, path);
}

function headOf(boot: string): string {
  return `${form} ${boot}\n`;
}

/** Empty where boots cannot be told apart. */
async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "")).trim();
}
