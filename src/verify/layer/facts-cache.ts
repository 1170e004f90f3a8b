import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import type { Digest } from "../../oci/descriptor.ts";
import type { LayerFacts } from "./facts.ts";
import { factsVersion, layerFactsSchema } from "./facts.ts";

/** Settings of a {@link FactsCache}. */
export interface FactsCacheOptions {
  /** Bytes that the folder may hold; the facts that were not used for longest go first. */
  readonly maxBytes?: number;
  /** Layers that are read at once. */
  readonly concurrency?: number;
}

/** Facts of a typical layer take 5 to 100 KB: this is room for some thousand layers. */
const defaultMaxBytes = 256 * 1024 * 1024;

/** Largest facts that are read back, uncompressed bytes. */
const maxFacts = 512 * 1024 * 1024;

/** After as many new facts the size of the folder is looked at again. */
const sweepEvery = 50;

/** A file that a writer left half done is removed when it is as old as this, milliseconds. */
const abandonedAfter = 60 * 60 * 1000;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * The facts of layers, kept by digest: in one folder that processes share, and the reads that are under way in this process,
 * so that a layer of two platforms is read once. The folder may be deleted at any time. A damaged or outdated file counts as
 * none; a folder that cannot be written costs time and nothing else.
 */
export class FactsCache {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #reading = new Map<Digest, Promise<LayerFacts>>();
  #free: number;
  readonly #waiting: (() => void)[] = [];
  #untilSweep = 1;

  constructor(directory: string, options: FactsCacheOptions = {}) {
    this.#directory = directory;
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.#free = Math.max(1, options.concurrency ?? availableParallelism());
  }

  /**
   * The facts of a layer: the kept ones, else those that `read` gives, which are kept then. `cached` is false for the caller
   * whose `read` was used. Only errors of `read` are thrown.
   */
  async facts(
    digest: Digest,
    read: () => Promise<LayerFacts>,
    signal?: AbortSignal,
  ): Promise<{ readonly facts: LayerFacts; readonly cached: boolean }> {
    for (;;) {
      const underWay = this.#reading.get(digest);
      if (underWay === undefined) break;
      // Who reads may be cancelled by a signal that is not ours; then it is our turn.
      const facts = await underWay.catch(() => undefined);
      signal?.throwIfAborted();
      if (facts !== undefined) return { facts, cached: true };
    }
    let cached = true;
    const reading = this.#kept(digest).then(async (kept) => {
      if (kept !== undefined) return kept;
      cached = false;
      return this.#readInTurn(read, signal);
    });
    this.#reading.set(digest, reading);
    try {
      return { facts: await reading, cached };
    } finally {
      this.#reading.delete(digest);
    }
  }

  async #readInTurn(read: () => Promise<LayerFacts>, signal?: AbortSignal): Promise<LayerFacts> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      signal?.throwIfAborted();
      const facts = await read();
      await this.#keep(facts);
      return facts;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  async #kept(digest: Digest): Promise<LayerFacts | undefined> {
    const file = this.#fileOf(digest);
    try {
      // In a shared folder somebody else could plant facts.
      const { uid } = await stat(file);
      if (uid !== 0 && uid !== (process.getuid?.() ?? uid)) return undefined;
      const text = await decompress(await readFile(file), { maxOutputLength: maxFacts });
      const facts = layerFactsSchema.parse(JSON.parse(text.toString("utf8")));
      if (facts.digest !== digest) return undefined;
      const now = new Date();
      await utimes(file, now, now);
      return facts;
    } catch {
      // Absent, damaged, of another version, or just removed by another process: all mean that the layer is read.
      return undefined;
    }
  }

  async #keep(facts: LayerFacts): Promise<void> {
    const file = this.#fileOf(facts.digest);
    const temporary = join(this.#directory, `.${randomUUID()}.tmp`);
    try {
      await makeFolder(this.#directory);
      const bytes = await compress(JSON.stringify(facts), { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
      await writeFile(temporary, bytes, { mode: 0o600 });
      await rename(temporary, file);
      if (--this.#untilSweep <= 0) {
        this.#untilSweep = sweepEvery;
        await this.#sweep();
      }
    } catch {
      // Without room or permission the next run reads the layer again; the verdict does not depend on it.
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  /** Removes what other writers abandoned, then the facts used least recently, until the folder is within its bound. */
  async #sweep(): Promise<void> {
    const files = await Promise.all(
      (await readdir(this.#directory)).map(async (name) => {
        const path = join(this.#directory, name);
        const status = await stat(path).catch(() => undefined);
        return { path, name, size: status?.size ?? 0, used: status?.mtimeMs ?? 0, exists: status?.isFile() === true };
      }),
    );
    const mine = files.filter(({ exists, name }) => exists && /^(?:\..*\.tmp|.*\.json\.zst)$/.test(name));
    const abandoned = mine.filter(({ name, used }) => name.endsWith(".tmp") && used < Date.now() - abandonedAfter);
    const facts = mine.filter(({ name }) => !name.endsWith(".tmp")).sort((a, b) => b.used - a.used);
    let total = 0;
    const outgrown = facts.filter(({ size }) => (total += size) > this.#maxBytes);
    await Promise.all([...abandoned, ...outgrown].map(({ path }) => rm(path, { force: true })));
  }

  #fileOf(digest: Digest): string {
    return join(this.#directory, `${digest.replace(":", "-")}.v${factsVersion}.json.zst`);
  }
}

/** Makes a folder and those above it. Node's own way never ends where a file system makes none, as `/proc`. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}
