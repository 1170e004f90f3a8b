import { createWriteStream } from "node:fs";
import { chmod, link, lstat, mkdir, rm, symlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { ArchwayError } from "../../error/error.ts";
import { requireFolders } from "../volumizer/require-folders.ts";

/** Entries that one tar may have. */
const maxEntries = 2_000_000;

/** What a tar gave. */
export interface Unpacked {
  readonly bytes: number;
  /** Other names of files whose first name was not wanted, so that their content is not there. */
  readonly missing: readonly string[];
}

/**
 * Unpacks a tar of an engine into a folder of this machine, and never outside of it: names are taken apart, and no link is followed. Files, folders and links alone; devices are left out.
 *
 * @param options.place where an entry goes, relative to the folder; undefined leaves it out
 * @param options.maxBytes stops after so many: what is beyond was not wanted anyway
 */
export async function unpackTar(
  tar: Readable,
  folder: string,
  options: { readonly place: (name: string) => string | undefined; readonly maxBytes?: number },
  signal: AbortSignal,
): Promise<Unpacked> {
  const entries = extract();
  // What breaks the connection breaks the reading below.
  const feeding = pipeline(tar, entries, { signal });
  feeding.catch(() => undefined);
  const target = new Target(folder);
  let count = 0;
  for await (const entry of entries) {
    signal.throwIfAborted();
    if (++count > maxEntries) throw tooLarge(`more than ${maxEntries} entries`);
    const path = normal(options.place, entry.header.name);
    if (path !== undefined) await target.take(path, entry.header, entry, options.place);
    if (target.bytes > (options.maxBytes ?? Number.POSITIVE_INFINITY)) {
      tar.destroy();
      return target.end();
    }
    entry.resume();
  }
  await feeding;
  return target.end();
}

/** A folder that is filled. */
class Target {
  readonly #folder: string;
  readonly #checked = new Set<string>();
  #folders: { readonly path: string; readonly mode: number; readonly mtime: Date }[] = [];
  readonly #missing: string[] = [];
  bytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async take(
    path: string,
    header: Header,
    content: AsyncIterable<unknown>,
    placeOf: (name: string) => string | undefined,
  ): Promise<void> {
    const { type, mode, mtime, linkname } = header;
    const place = join(this.#folder, path);
    if (type === "directory") {
      await this.#require(path);
      this.#folders.push({ path, mode: mode & 0o7777, mtime });
      return;
    }
    if (path === ".") throw notFolder();
    if (type !== "file" && type !== "contiguous-file" && type !== "symlink" && type !== "link") return;
    await this.#require(dirname(path));
    await this.#clear(path);
    if (type === "symlink") return symlink(linkname ?? "", place);
    if (type === "link") return this.#link(path, normal(placeOf, linkname ?? ""));
    await pipeline(content, createWriteStream(place, { flags: "wx", mode: 0o600 }));
    this.bytes += header.size ?? 0;
    await chmod(place, mode & 0o7777);
    await utimes(place, mtime, mtime);
  }

  /** Gives folders what was written of them: a closed one could not be filled. */
  async end(): Promise<Unpacked> {
    for (const { path, mode, mtime } of this.#folders.reverse()) {
      const place = join(this.#folder, path);
      await chmod(place, mode);
      await utimes(place, mtime, mtime);
    }
    return { bytes: this.bytes, missing: this.#missing };
  }

  /** Makes room for an entry. Nothing that was known of a folder there holds any more: what comes may be a link. */
  async #clear(path: string): Promise<void> {
    const place = join(this.#folder, path);
    const found = await lstat(place).catch(() => undefined);
    if (found === undefined) return;
    await rm(place, { force: true, recursive: true });
    if (!found.isDirectory()) return;
    const isBelow = (one: string) => one === path || one.startsWith(`${path}/`);
    for (const one of this.#checked) if (isBelow(one)) this.#checked.delete(one);
    this.#folders = this.#folders.filter((one) => !isBelow(one.path));
  }

  async #link(path: string, first: string | undefined): Promise<void> {
    const isThere =
      first !== undefined && (await lstat(join(this.#folder, first)).catch(() => undefined))?.isFile() === true;
    if (!isThere) {
      this.#missing.push(path);
      return;
    }
    await this.#require(dirname(first));
    await link(join(this.#folder, first), join(this.#folder, path));
  }

  /** Makes a folder, and sure that the way to it leads through folders. */
  async #require(path: string): Promise<void> {
    if (this.#checked.has(path)) return;
    await requireFolders(this.#folder, path);
    await mkdir(join(this.#folder, path), { recursive: true });
    this.#checked.add(path);
  }
}

/** Where an entry goes; undefined for what is left out, and for names that lead out. */
function normal(place: (name: string) => string | undefined, name: string): string | undefined {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : place(parts.join("/"));
}

/** What was asked for as a folder is none. */
function notFolder(): ArchwayError {
  return new ArchwayError({
    code: "PATH_ESCAPES",
    kind: "failed",
    message: "What should be a folder of the job is a link or a file: a step has put it into its place.",
    hint: "Name a folder in the workspace that is no link, or one that is not there yet.",
  });
}

function tooLarge(what: string): ArchwayError {
  return new ArchwayError({ code: "ENGINE_REFUSED", kind: "failed", message: `The engine sent a tar with ${what}.` });
}
