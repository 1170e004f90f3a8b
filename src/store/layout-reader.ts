import { ArchwayError } from "../error/error.ts";
import { annotationKeys } from "../oci/annotations.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { checkDigest, isDigest, verified } from "../oci/digest.ts";
import { maxManifestIn } from "../oci/limits.ts";
import { parseManifestOrIndex } from "../oci/manifest-or-index.ts";
import type { LayoutFiles } from "./layout-files.ts";
import { blobPath } from "./layout-files.ts";
import type { LayoutEntry, LayoutIndex } from "./layout-index.ts";
import { checkLayoutMarker, parseLayoutIndex } from "./layout-index.ts";
import { readAll } from "./read-all.ts";
import { companionTag, referrersIn, referrersTag } from "./referrers.ts";
import type { FetchOptions, StoreOptions } from "./store.ts";
import { nothingThere, notFound, tooLarge } from "./store-error.ts";

/** The reading half of a store over the files of an OCI layout. */
export class LayoutReader {
  readonly #files: LayoutFiles;

  constructor(files: LayoutFiles) {
    this.#files = files;
  }

  get name(): string {
    return this.#files.name;
  }

  /** `index.json` as it is now. Throws `NOT_FOUND` when this is no layout. */
  async index(options: StoreOptions = {}): Promise<LayoutIndex> {
    checkLayoutMarker(await this.#readWhole("oci-layout", options), this.name);
    return parseLayoutIndex(await this.#readWhole("index.json", options), this.name);
  }

  async resolve(reference: string, options: StoreOptions = {}): Promise<Descriptor> {
    const { entries } = await this.index(options);
    if (reference === "") return bare(this.#onlyEntry(entries).descriptor);
    if (isDigest(reference)) return this.#resolveDigest(reference, entries, options);
    const named =
      entries.find(({ name }) => name === reference) ??
      entries.find(({ descriptor }) => descriptor.annotations?.[annotationKeys.containerdName] === reference);
    if (named === undefined) throw notFound(this.name, `image named "${reference}"`, namesHint(entries));
    return bare(named.descriptor);
  }

  async manifest({ digest }: Pick<Descriptor, "digest">, options: StoreOptions = {}): Promise<Uint8Array> {
    const what = `manifest ${digest} of ${this.name}`;
    const bytes = await this.#readManifest(digest, options);
    if (bytes === undefined) throw notFound(this.name, `manifest ${digest}`);
    checkDigest(bytes, digest, what);
    return bytes;
  }

  async has(digest: Digest, wanted: { readonly size?: number } = {}): Promise<boolean> {
    const size = await this.#files.size(blobPath(digest));
    return size !== undefined && (wanted.size === undefined || wanted.size === size);
  }

  async *fetch(descriptor: Descriptor, options: FetchOptions = {}): AsyncIterable<Uint8Array> {
    const path = blobPath(descriptor.digest);
    if ((await this.#files.size(path)) === undefined) throw notFound(this.name, `blob ${descriptor.digest}`);
    const start = options.range?.start ?? 0;
    const content = this.#files.read(path, start, options.signal);
    yield* start > 0 ? content : verified(content, descriptor, `blob ${descriptor.digest} of ${this.name}`);
  }

  async *tags(options: StoreOptions = {}): AsyncIterable<string> {
    for (const { name } of (await this.index(options)).entries) if (name !== undefined) yield name;
  }

  /** Referrers by tag, as clients keep them in registries without the referrers API, and those that `index.json` lists itself (oras). */
  async referrers(digest: Digest, options: StoreOptions = {}): Promise<readonly Descriptor[]> {
    const found = new Map<Digest, Descriptor>();
    for (const { name, descriptor } of (await this.index(options)).entries) {
      if (name === referrersTag(digest)) {
        for (const referrer of referrersIn(await this.manifest(descriptor, options), descriptor)) {
          found.set(referrer.digest, referrer);
        }
      } else if (name === undefined) {
        const bytes = await this.#readManifest(descriptor.digest, options);
        if (bytes === undefined) continue;
        const document = parseManifestOrIndex(bytes, descriptor);
        if (document.subject?.digest === digest) found.set(descriptor.digest, descriptor);
      }
    }
    return [...found.values()];
  }

  async #resolveDigest(digest: Digest, entries: readonly LayoutEntry[], options: StoreOptions): Promise<Descriptor> {
    const entry = entries.find(({ descriptor }) => descriptor.digest === digest);
    if (entry !== undefined) return bare(entry.descriptor);
    const bytes = await this.#readManifest(digest, options);
    if (bytes === undefined) throw notFound(this.name, `image ${digest}`, namesHint(entries));
    const { mediaType } = parseManifestOrIndex(bytes, { digest });
    return { mediaType, digest, size: bytes.length };
  }

  async #readManifest(digest: Digest, options: StoreOptions): Promise<Uint8Array | undefined> {
    const path = blobPath(digest);
    const size = await this.#files.size(path);
    if (size === undefined) return undefined;
    const what = `manifest ${digest} of ${this.name}`;
    if (size > maxManifestIn) throw tooLarge(what, maxManifestIn);
    return readAll(this.#files.read(path, 0, options.signal), maxManifestIn, what);
  }

  async #readWhole(path: string, options: StoreOptions): Promise<Uint8Array> {
    if ((await this.#files.size(path)) === undefined) {
      const absent = await this.#files.absence?.();
      if (absent !== undefined) throw nothingThere(this.name, absent.why, absent.hint);
      throw notFound(this.name, `file ${path}`, "It is not an OCI layout, or not a whole one.");
    }
    return readAll(this.#files.read(path, 0, options.signal), maxManifestIn, `${path} of ${this.name}`);
  }

  #onlyEntry(all: readonly LayoutEntry[]): LayoutEntry {
    const images = all.filter(({ name }) => name === undefined || !companionTag.test(name));
    const entries = images.length === 0 ? all : images;
    const [first] = entries;
    if (first === undefined) throw notFound(this.name, "image in it");
    if (entries.every(({ descriptor }) => descriptor.digest === first.descriptor.digest)) return first;
    throw new ArchwayError({
      code: "AMBIGUOUS_REFERENCE",
      kind: "input",
      message: `${this.name} holds ${entries.length} images, and none is named`,
      ...hintField(namesHint(entries)),
    });
  }
}

/** A descriptor for a root: what an index or a name adds to it belongs there. */
function bare({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function namesHint(entries: readonly LayoutEntry[]): string | undefined {
  if (entries.length === 0) return undefined;
  const shown = 20;
  const names = entries.slice(0, shown).map(({ name, descriptor }) => name ?? descriptor.digest);
  const more = entries.length > shown ? ` and ${entries.length - shown} more` : "";
  return `It holds: ${names.join(", ")}${more}.`;
}

function hintField(hint: string | undefined): { hint?: string } {
  return hint === undefined ? {} : { hint };
}
