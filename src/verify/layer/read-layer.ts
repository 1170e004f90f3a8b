import { createHash } from "node:crypto";
import { ArchwayError } from "../../error/error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Compression, DecompressLimits } from "./decompress.ts";
import { decompress } from "./decompress.ts";
import type { EntryFacts } from "./content-reader.ts";
import { ContentReader } from "./content-reader.ts";
import type { ElfFacts } from "../program/elf.ts";
import type { LayerEntry, LayerFacts } from "./facts.ts";
import { factsVersion } from "./facts.ts";
import { layerUnsupported } from "./layer-error.ts";
import type { TarLimits } from "./tar-walk.ts";
import { TarWalk } from "./tar-walk.ts";

/** Settings of {@link readLayer}. */
export interface ReadLayerOptions {
  readonly signal?: AbortSignal;
  readonly decompressLimits?: DecompressLimits;
  readonly tarLimits?: TarLimits;
  /** Called with the number of uncompressed bytes read so far, for each chunk. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * What the facts of one layer may take in memory, estimated bytes. A layer of 400,000 files takes 120 MB; one made to be read
 * cannot take more than this.
 */
const maxFacts = 512 * 1024 * 1024;

/** What an entry takes besides its texts. */
const entryCost = 200;

/**
 * Reads a layer once, as it streams by, and tells what is in it; nothing is written to disk. The stream must be the layer's
 * whole blob, and is read to its end: the store that gives it checks its digest and size there.
 *
 * @throws ArchwayError `LAYER_CORRUPT`, `LAYER_UNSUPPORTED`; errors of the stream as they are; the signal's reason when it is aborted.
 */
export async function readLayer(
  stream: AsyncIterable<Uint8Array>,
  descriptor: Pick<Descriptor, "digest" | "size">,
  options: ReadLayerOptions = {},
): Promise<LayerFacts> {
  const entries: LayerEntry[] = [];
  const reader = new ContentReader();
  let cost = 0;
  const walk = new TarWalk((entry) => {
    const facts: EntryFacts = { path: entry.path, type: entry.type, mode: entry.mode, size: entry.size };
    if (entry.type === "symlink" || entry.type === "hardlink") facts.target = entry.target;
    // The content of the entry before has been read by now.
    cost += costOf(entries.at(-1)) + entryCost;
    if (cost > maxFacts) throw layerUnsupported("what is in it takes too much memory");
    entries.push(facts);
    return entry.type === "file" && entry.size > 0 ? reader.start(entry, facts) : undefined;
  }, options.tarLimits);
  const hash = createHash("sha256");
  let unpackedSize = 0;
  let compression: Compression = "none";
  const source = stream[Symbol.asyncIterator]();
  try {
    for await (const chunk of decompress(
      withoutReturn(source),
      options.decompressLimits,
      (found) => (compression = found),
    )) {
      options.signal?.throwIfAborted();
      hash.update(chunk);
      walk.write(chunk);
      unpackedSize += chunk.length;
      options.onBytes?.(unpackedSize);
    }
    walk.end();
  } catch (error) {
    // Content that was damaged on its way looks like a damaged layer: the store, which checks the digest at the end, has the
    // first word.
    if (error instanceof ArchwayError && error.code === "LAYER_CORRUPT") await drain(source);
    throw error;
  } finally {
    await source.return?.();
  }
  return {
    version: factsVersion,
    digest: descriptor.digest,
    diffId: `sha256:${hash.digest("hex")}`,
    size: descriptor.size,
    unpackedSize,
    compression,
    entries,
  };
}

/** The texts of an entry, characters. */
function costOf(entry: LayerEntry | undefined): number {
  if (entry === undefined) return 0;
  const { path, target = "", head = "", text = "", elf, members = [], packages = [], owns = [] } = entry;
  const ofMembers = members.reduce((sum, member) => sum + member.path.length + costOfElf(member.elf) + entryCost, 0);
  const ofPackages = packages.reduce((sum, one) => sum + entryCost + lengthOf(one.files ?? []), 0);
  const texts = path.length + target.length + head.length + text.length;
  return texts + costOfElf(elf) + ofMembers + ofPackages + lengthOf(owns);
}

/** Characters of paths, and what each takes besides. */
function lengthOf(paths: readonly string[]): number {
  return paths.reduce((sum, { length }) => sum + length + 40, 0);
}

function costOfElf(elf: ElfFacts | undefined): number {
  if (elf === undefined) return 0;
  const dynamic = typeof elf.dynamic === "object" ? elf.dynamic : undefined;
  const texts = [elf.interpreter, dynamic?.soname, dynamic?.rpath, dynamic?.runpath, ...(dynamic?.needed ?? [])];
  const settings = Object.entries(elf.go?.settings ?? {}).flat();
  return [...texts, ...settings].reduce((sum, one) => sum + (one?.length ?? 0), entryCost);
}

/** A source that its reader does not close, so that it can be read on after an error. */
function withoutReturn(source: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) };
}

async function drain(source: AsyncIterator<Uint8Array>): Promise<void> {
  while ((await source.next()).done !== true);
}
