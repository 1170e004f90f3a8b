import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../oci/descriptor.ts";
import { algorithmOf, encodedOf } from "../oci/digest.ts";
import { errnoOf, fileError } from "./store-error.ts";

/** The files of an OCI layout, wherever they are: in a folder or inside a tar. Paths are relative, with `/`. */
export interface LayoutFiles {
  /** How a person names the layout: `oci:DIR`. */
  readonly name: string;
  /** Whether there is a place at all; absent where reading one that is not there says so itself. */
  exists?(): Promise<boolean>;
  /** Bytes of a file; undefined when it is not there. */
  size(path: string): Promise<number | undefined>;
  /** The content of a file from byte `start`. */
  read(path: string, start: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Why nothing can be in a place that is no folder, in words and with what to do; `undefined` when it is one. Places that cannot be opened without need none. */
  absence?(): Promise<{ readonly why: string; readonly hint: string } | undefined>;
}

/** Where a layout keeps a blob (image-layout.md): `blobs/sha256/…`. */
export function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`;
}

/** Bytes read at once: larger than the default of 64 KiB, because every chunk costs a turn of the event loop. */
const chunkSize = 256 * 1024;

/** The files of a layout in a folder. */
export function directoryFiles(directory: string, name: string): LayoutFiles {
  return {
    name,
    async exists() {
      try {
        return (await stat(directory)).isDirectory();
      } catch (error) {
        if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return false;
        throw fileError(error, `cannot read ${name}`);
      }
    },
    async size(path) {
      try {
        const found = await stat(join(directory, path));
        return found.isFile() ? found.size : undefined;
      } catch (error) {
        if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return undefined;
        throw fileError(error, `cannot read ${path} of ${name}`);
      }
    },
    async absence() {
      try {
        if ((await stat(directory)).isDirectory()) return undefined;
        const hint = `Write oci-archive:${directory} for an OCI layout in a tar, or docker-archive:${directory} for what docker save wrote.`;
        return { why: `${directory} is a file, not a folder`, hint };
      } catch (error) {
        if (!["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) throw fileError(error, `cannot read ${name}`);
        return { why: `there is no folder ${directory}`, hint: "Check the path." };
      }
    },
    async *read(path, start, signal) {
      const options = { start, highWaterMark: chunkSize, ...(signal === undefined ? {} : { signal }) };
      try {
        yield* createReadStream(join(directory, path), options);
      } catch (error) {
        throw fileError(error, `cannot read ${path} of ${name}`);
      }
    },
  };
}
