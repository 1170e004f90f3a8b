import { createHash } from "node:crypto";
import { ArchwayError } from "../error/error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Compression, DecompressLimits } from "./decompress.ts";
import { decompress } from "./decompress.ts";
import { ElfCapture } from "./elf-capture.ts";
import { isElf } from "./elf-header.ts";
import type { LayerEntry, LayerFacts } from "./facts.ts";
import { factsVersion } from "./facts.ts";
import { layerUnsupported } from "./layer-error.ts";
import type { ContentSink, TarEntry, TarLimits } from "./tar-walk.ts";
import { TarWalk } from "./tar-walk.ts";

/** Settings of {@link readLayer}. */
export interface ReadLayerOptions {
  readonly signal?: AbortSignal;
  readonly decompressLimits?: DecompressLimits;
  readonly tarLimits?: TarLimits;
  /** Called with the number of uncompressed bytes read so far, for each chunk. */
  readonly onBytes?: (bytes: number) => void;
}

/** What Linux looks at of a `#!` line (BINPRM_BUF_SIZE). */
const headLength = 256;

/** Longest configuration file of a loader that is kept, bytes. */
const maxText = 64 * 1024;

/**
 * What the facts of one layer may take in memory, estimated bytes. A layer of 400,000 files takes 120 MB; one made to be read
 * cannot take more than this.
 */
const maxFacts = 512 * 1024 * 1024;

/** What an entry takes besides its texts. */
const entryCost = 200;

/** Files whose text decides where the loaders look for libraries: glibc's and musl's. */
const textPaths = /^etc\/(?:ld\.so\.conf|ld\.so\.conf\.d\/[^/]+\.conf|ld-musl-[^/]+\.path)$/;

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
    const facts: MutableEntry = { path: entry.path, type: entry.type, mode: entry.mode, size: entry.size };
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
  const { path, target = "", head = "", text = "", elf } = entry;
  const dynamic = typeof elf?.dynamic === "object" ? elf.dynamic : undefined;
  const texts = [
    path,
    target,
    head,
    text,
    elf?.interpreter,
    dynamic?.soname,
    dynamic?.rpath,
    dynamic?.runpath,
    ...(dynamic?.needed ?? []),
  ];
  const settings = Object.entries(elf?.go?.settings ?? {}).flat();
  return [...texts, ...settings].reduce((sum, one) => sum + (one?.length ?? 0), elf === undefined ? 0 : entryCost);
}

/** A source that its reader does not close, so that it can be read on after an error. */
function withoutReturn(source: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) };
}

async function drain(source: AsyncIterator<Uint8Array>): Promise<void> {
  while ((await source.next()).done !== true);
}

type MutableEntry = { -readonly [Key in keyof LayerEntry]: LayerEntry[Key] };

/** Reads the content of one file after the other: looks at its first bytes, then takes what its kind needs. */
class ContentReader implements ContentSink {
  readonly #elf = new ElfCapture();
  #kind: "unknown" | "elf" | "text" | "other" = "unknown";
  #keep = 0;
  #head = Buffer.alloc(0);
  #entry: TarEntry | undefined;
  #facts: MutableEntry | undefined;

  start(entry: TarEntry, facts: MutableEntry): ContentSink {
    const isText = textPaths.test(entry.path) && entry.size <= maxText;
    this.#kind = isText ? "text" : "unknown";
    this.#keep = isText ? maxText : (entry.mode & 0o111) === 0 ? 4 : headLength;
    this.#head = Buffer.alloc(0);
    this.#entry = entry;
    this.#facts = facts;
    return this;
  }

  write(piece: Uint8Array): boolean {
    if (this.#kind === "elf") {
      this.#elf.write(piece);
      return true;
    }
    const wanted = piece.subarray(0, this.#keep - this.#head.length);
    this.#head = this.#head.length === 0 ? Buffer.from(wanted) : Buffer.concat([this.#head, wanted]);
    if (this.#kind === "unknown" && this.#head.length >= 4) {
      if (isElf(this.#head)) {
        this.#kind = "elf";
        this.#elf.start(this.#entry?.size ?? 0);
        // A head over several pieces is rare, but the bytes before this piece are all in it.
        const before = this.#head.length - wanted.length;
        if (before > 0) this.#elf.write(this.#head.subarray(0, before));
        this.#elf.write(piece);
        return true;
      }
      this.#kind = "other";
    }
    return this.#head.length < this.#keep;
  }

  skip(length: number): boolean {
    if (this.#kind !== "elf") return false;
    this.#elf.skip(length);
    return true;
  }

  end(): void {
    const facts = this.#facts;
    this.#facts = undefined;
    if (facts === undefined) return;
    if (this.#kind === "elf") {
      const captured = this.#elf.finish();
      if (captured !== undefined) {
        facts.elf = captured.elf;
        facts.fingerprint = captured.fingerprint;
        return;
      }
    }
    if (this.#kind === "text") facts.text = this.#head.toString("utf8");
    else if ((facts.mode & 0o111) !== 0) facts.head = this.#head.toString("latin1").split("\n", 1)[0] ?? "";
  }
}
