import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { blobPath, directoryFiles } from "./layout-files.ts";
import type { LayoutFiles } from "./layout-files.ts";
import { encodeLayoutIndex, layoutMarker } from "./layout-index.ts";
import { LayoutReader } from "./layout-reader.ts";
import { LayoutStore } from "./layout.ts";
import { fileError, readOnly } from "./store-error.ts";
import type { FetchOptions, ImageStore, StoreOptions } from "./store.ts";
import { contentOfBytes, writeTarFile } from "./tar-file.ts";
import { indexTar } from "./tar-index.ts";
import type { TarIndex } from "./tar-index.ts";
import { readTree } from "./tree.ts";

/** An OCI layout in an uncompressed tar, read in place. It cannot be written to: archives are made whole ({@link writeLayoutArchive}). */
export class ArchiveStore implements ImageStore {
  readonly name: string;
  readonly #reader: LayoutReader;

  constructor(files: LayoutFiles) {
    this.name = files.name;
    this.#reader = new LayoutReader(files);
  }

  /** An empty reference means the only image of the archive; with several it is an error that lists them. */
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

  async putBlob(): Promise<void> {
    throw readOnly(this.name);
  }

  async putManifest(): Promise<void> {
    throw readOnly(this.name);
  }

  async tag(): Promise<void> {
    throw readOnly(this.name);
  }

  async delete(): Promise<void> {
    throw readOnly(this.name);
  }
}

/** The files in a tar. It is opened and listed when something is read first. */
export function tarFiles(file: string, name: string): LayoutFiles {
  let listed: Promise<TarIndex> | undefined;
  const list = () => (listed ??= withFile(file, name, (handle) => indexTar(handle, name)));
  return {
    name,
    async size(path) {
      return (await list()).get(path)?.size;
    },
    async *read(path, start, signal) {
      const entry = (await list()).get(path);
      if (entry === undefined || start >= entry.size) return;
      const handle = await openFile(file, name);
      const range = { start: entry.offset + start, end: entry.offset + entry.size - 1 };
      try {
        yield* handle.createReadStream({ ...range, ...(signal === undefined ? {} : { signal }) });
      } catch (error) {
        throw fileError(error, `cannot read ${name}`);
      }
    },
  };
}

/**
 * Writes a layout folder as a tar: what its names lead to, and nothing else. The same layout gives the same bytes. The file appears
 * whole or not at all.
 *
 * @throws ArchwayError `NOT_FOUND` when the layout lacks something, `NO_SPACE`, `DENIED`, `DIGEST_MISMATCH`.
 */
export async function writeLayoutArchive(directory: string, file: string, options: StoreOptions = {}): Promise<void> {
  const store = new LayoutStore(directory);
  const index = await new LayoutReader(directoryFiles(directory, store.name)).index(options);
  const blobs = new Map<string, Descriptor>();
  for (const { descriptor } of index.entries) {
    for (const node of await readTree(store, descriptor, options)) {
      for (const blob of [node.descriptor, ...node.blobs]) blobs.set(blobPath(blob.digest), blob);
    }
  }
  await writeTarFile(
    file,
    async (add) => {
      await add("oci-layout", layoutMarker.length, contentOfBytes(layoutMarker));
      const bytes = encodeLayoutIndex(index);
      await add("index.json", bytes.length, contentOfBytes(bytes));
      for (const [path, blob] of [...blobs].sort(([a], [b]) => (a < b ? -1 : 1))) {
        await add(path, blob.size, store.fetch(blob, options));
      }
    },
    options.signal,
  );
}

async function openFile(file: string, name: string): Promise<FileHandle> {
  try {
    return await open(file, "r");
  } catch (error) {
    throw fileError(error, `cannot read ${name}`);
  }
}

async function withFile<Result>(
  file: string,
  name: string,
  work: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  const handle = await openFile(file, name);
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}
