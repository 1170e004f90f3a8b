import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { algorithmOf, checkDigest, isDigest } from "../oci/digest.ts";
import { maxManifestOut } from "../oci/limits.ts";
import { parseManifestOrIndex } from "../oci/manifest-or-index.ts";
import { isForeignLayerType, isIndexType, isManifestType } from "../oci/media-types.ts";
import type { FileContent } from "./atomic-file.ts";
import { makeDirectory, removeAbandoned, syncDirectory, writeAtomically } from "./atomic-file.ts";
import { checkedContent } from "./checked-content.ts";
import { blobPath, directoryFiles } from "./layout-files.ts";
import type { LayoutFiles } from "./layout-files.ts";
import { sweepBlobs } from "./layout-garbage.ts";
import type { Swept } from "./layout-garbage.ts";
import type { LayoutEntry, LayoutIndex } from "./layout-index.ts";
import {
  checkLayoutName,
  emptyLayoutIndex,
  encodeLayoutIndex,
  layoutMarker,
  withEntry,
  withName,
  withoutEntries,
} from "./layout-index.ts";
import { withLayoutLock } from "./layout-lock.ts";
import { LayoutReader } from "./layout-reader.ts";
import { attachmentOf, referrersIn, referrersTag, withReferrer } from "./referrers.ts";
import { fileError, notFound, tagMoved, tooLarge } from "./store-error.ts";
import type { BlobSource, FetchOptions, ImageStore, StoreOptions, TagOptions } from "./store.ts";

/**
 * An OCI layout in a folder (image-spec, image-layout.md). Made by the first write.
 *
 * Every file appears whole: it is written beside, flushed and renamed, and a name appears in `index.json` last. `index.json` is
 * changed under a lock, so any number of processes may write. A process killed at any moment leaves a valid layout; the next
 * writer removes its temporary files.
 */
export class LayoutStore implements ImageStore {
  readonly name: string;
  readonly #directory: string;
  readonly #files: LayoutFiles;
  readonly #reader: LayoutReader;
  #prepared: Promise<void> | undefined;

  /** A layout in `directory`; nothing is read or made yet. */
  constructor(directory: string) {
    this.name = `oci:${directory}`;
    this.#directory = directory;
    this.#files = directoryFiles(directory, this.name);
    this.#reader = new LayoutReader(this.#files);
  }

  /** An empty reference means the only image of the layout; with several it is an error that lists them. */
  resolve(reference: string, options?: StoreOptions): Promise<Descriptor> {
    return this.#reader.resolve(reference, options);
  }

  manifest(descriptor: Pick<Descriptor, "digest">, options?: StoreOptions): Promise<Uint8Array> {
    return this.#reader.manifest(descriptor, options);
  }

  has(digest: Digest, _kind?: "manifest" | "blob", options?: { readonly size?: number }): Promise<boolean> {
    return this.#reader.has(digest, options);
  }

  fetch(descriptor: Descriptor, options?: FetchOptions): AsyncIterable<Uint8Array> {
    return this.#reader.fetch(descriptor, options);
  }

  tags(options?: StoreOptions): AsyncIterable<string> {
    return this.#reader.tags(options);
  }

  referrers(digest: Digest, options?: StoreOptions): Promise<readonly Descriptor[]> {
    return this.#reader.referrers(digest, options);
  }

  async putBlob(descriptor: Descriptor, source: BlobSource, options: StoreOptions = {}): Promise<void> {
    await this.#prepare(options);
    // A file of another size was cut by a tool that does not write atomically: it is written again.
    if ((await this.#files.size(blobPath(descriptor.digest))) === descriptor.size) return;
    await this.#writeBlob(descriptor.digest, checkedContent(source, descriptor), options);
  }

  async putManifest(descriptor: Descriptor, bytes: Uint8Array, options: StoreOptions = {}): Promise<void> {
    const what = `manifest ${descriptor.digest}`;
    if (bytes.length > maxManifestOut) throw tooLarge(what, maxManifestOut);
    checkDigest(bytes, descriptor.digest, what);
    await this.#prepare(options);
    await this.#requireParts(descriptor, bytes);
    await this.#writeBlob(descriptor.digest, bytes, options);
    const attachment = attachmentOf(descriptor, bytes);
    if (attachment !== undefined) await this.#attach(attachment.subject, attachment.referrer, options);
  }

  async tag(name: string, descriptor: Descriptor, options: TagOptions = {}): Promise<void> {
    checkLayoutName(name);
    const { expected } = options;
    await this.#prepare(options);
    if (!(await this.has(descriptor.digest))) throw notFound(this.name, `manifest ${descriptor.digest}`);
    await this.#update(async (index) => {
      const found = index.entries.find((entry) => entry.name === name)?.descriptor.digest ?? null;
      if (expected !== undefined && found !== expected && found !== descriptor.digest) {
        throw tagMoved(this.name, name, expected, found);
      }
      return withName(index, name, descriptor);
    }, options);
  }

  async enter(descriptor: Descriptor, options: StoreOptions = {}): Promise<void> {
    await this.#prepare(options);
    if (!(await this.has(descriptor.digest))) throw notFound(this.name, `manifest ${descriptor.digest}`);
    await this.#update(async (index) => withEntry(index, descriptor), options);
  }

  async entries(options?: StoreOptions): Promise<readonly LayoutEntry[]> {
    return (await this.#reader.index(options)).entries;
  }

  /**
   * Removes entries, and then the blobs that nothing in the layout leads to any more, all in one turn of its writers. `gone` is asked about the entries
   * as they are then.
   *
   * @param now Milliseconds since the epoch; a blob that nothing ever led to has to be an hour old.
   */
  async prune(gone: (entry: LayoutEntry) => boolean, now: number, options: StoreOptions = {}): Promise<Swept> {
    let swept: Swept = { blobs: 0, bytes: 0 };
    await this.#prepare(options);
    const remove = async () => {
      const before = await this.#reader.index(options);
      const after = withoutEntries(before, gone);
      await this.#write("index.json", encodeLayoutIndex(after), options);
      await syncDirectory(this.#directory);
      swept = await sweepBlobs(this.#directory, this.#files, { before, after }, { now, ...options });
    };
    await this.#writing(() => withLayoutLock(this.#directory, remove, options.signal));
    return swept;
  }

  /** Removes a name, or a manifest with all its names. Blobs stay. */
  async delete(reference: string, options: StoreOptions = {}): Promise<void> {
    const descriptor = await this.resolve(reference, options);
    await this.#update(
      async (index) =>
        withoutEntries(index, (entry) =>
          isDigest(reference) ? entry.descriptor.digest === descriptor.digest : entry.name === reference,
        ),
      options,
    );
    if (isDigest(reference)) await this.#writing(() => rm(this.#path(blobPath(descriptor.digest)), { force: true }));
  }

  /** Makes the layout where there is none, and removes what killed processes left; once per store. */
  #prepare(options: StoreOptions): Promise<void> {
    this.#prepared ??= this.#create(options).catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  #create(options: StoreOptions): Promise<void> {
    return this.#writing(async () => {
      await makeDirectory(this.#path("blobs/sha256"));
      await withLayoutLock(
        this.#directory,
        async () => {
          await removeAbandoned(this.#directory);
          if ((await this.#files.size("index.json")) === undefined) {
            await this.#write("index.json", encodeLayoutIndex(emptyLayoutIndex), options);
          }
          if ((await this.#files.size("oci-layout")) === undefined) {
            await this.#write("oci-layout", layoutMarker, options);
          }
        },
        options.signal,
      );
    });
  }

  /** Changes `index.json` while nobody else does. */
  #update(change: (index: LayoutIndex) => Promise<LayoutIndex>, options: StoreOptions): Promise<void> {
    return this.#writing(() =>
      withLayoutLock(
        this.#directory,
        async () => {
          const index = await change(await this.#reader.index(options));
          for (const algorithm of new Set(index.entries.map(({ descriptor }) => algorithmOf(descriptor.digest)))) {
            await syncDirectory(this.#path(`blobs/${algorithm}`));
          }
          await this.#write("index.json", encodeLayoutIndex(index), options);
          await syncDirectory(this.#directory);
        },
        options.signal,
      ),
    );
  }

  /** Lists a manifest among the referrers of another, under the tag of the referrers tag schema. */
  #attach(subject: Digest, referrer: Descriptor, options: StoreOptions): Promise<void> {
    const name = referrersTag(subject);
    return this.#update(async (index) => {
      const listed = index.entries.find((entry) => entry.name === name)?.descriptor;
      const referrers = listed === undefined ? [] : referrersIn(await this.manifest(listed, options), listed);
      const list = withReferrer(referrers, referrer);
      if (list === undefined) return index;
      await this.#writeBlob(list.descriptor.digest, list.bytes, options);
      return withName(index, name, list.descriptor);
    }, options);
  }

  /** What a manifest points at has to be there before it, as registries ask too. */
  async #requireParts(descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
    if (!isIndexType(descriptor.mediaType) && !isManifestType(descriptor.mediaType)) return;
    const document = parseManifestOrIndex(bytes, descriptor);
    const parts =
      document.kind === "index"
        ? document.entries.map((entry) => entry.descriptor)
        : [document.config, ...document.layers.filter(({ mediaType }) => !isForeignLayerType(mediaType))];
    for (const part of parts) {
      if (await this.has(part.digest)) continue;
      throw notFound(this.name, `content ${part.digest}, which ${descriptor.digest} refers to`);
    }
  }

  async #writeBlob(digest: Digest, content: FileContent, options: StoreOptions): Promise<void> {
    const path = blobPath(digest);
    await this.#writing(async () => {
      await makeDirectory(dirname(this.#path(path)));
      await this.#write(path, content, options);
    });
  }

  #write(path: string, content: FileContent, options: StoreOptions): Promise<void> {
    return writeAtomically(this.#directory, this.#path(path), content, options.signal);
  }

  async #writing<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw fileError(error, `cannot write to ${this.name}`);
    }
  }

  #path(path: string): string {
    return join(this.#directory, path);
  }
}
