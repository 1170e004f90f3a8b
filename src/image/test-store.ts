/** A store in memory for tests: it notes what it is asked, and fails where a test says so. */
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { checkDigest, digestOf } from "../oci/digest.ts";
import { encodeJson } from "../oci/json.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Platform } from "../platform/platform.ts";
import { notFound } from "../store/store-error.ts";
import type { BlobSource, ImageStore } from "../store/store.ts";

export class TestStore implements ImageStore {
  readonly name: string;
  readonly #content = new Map<string, Uint8Array>();
  readonly #tags = new Map<string, Descriptor>();
  readonly #log: string[];

  /** @param log Where changes are noted, `NAME: putManifest sha256:…`; stores may share one. */
  constructor(name: string, log: string[] = []) {
    this.name = name;
    this.#log = log;
  }

  /** Called before every change with what would be noted; what it throws is the store's failure. */
  before: (call: string) => void = () => undefined;

  /** Digests by tag. */
  get tagged(): Readonly<Record<string, Digest>> {
    return Object.fromEntries([...this.#tags].map(([tag, { digest }]) => [tag, digest]));
  }

  /** Puts content without a note. */
  add(mediaType: string, bytes: Uint8Array): Descriptor {
    const digest = digestOf(bytes);
    this.#content.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** Puts a document as JSON. */
  addJson(mediaType: string, value: unknown): Descriptor {
    return this.add(mediaType, encodeJson(value));
  }

  /** Puts an image with one layer, whose bytes are a text. */
  addImage(platform: Platform & { readonly "os.version"?: string }, layer = "layer"): Descriptor {
    const layers = [this.add(mediaTypes.ociLayer, new TextEncoder().encode(layer))];
    const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
    const config = this.addJson(mediaTypes.ociConfig, { ...platform, rootfs, config: {} });
    return this.addJson(mediaTypes.ociManifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers,
    });
  }

  async resolve(reference: string): Promise<Descriptor> {
    const found = this.#tags.get(reference);
    if (found === undefined) throw notFound(this.name, `tag ${reference}`);
    return found;
  }

  async manifest({ digest }: Pick<Descriptor, "digest">): Promise<Uint8Array> {
    return this.#read(digest);
  }

  async has(digest: Digest): Promise<boolean> {
    return this.#content.has(digest);
  }

  async *fetch({ digest }: Descriptor): AsyncIterable<Uint8Array> {
    yield this.#read(digest);
  }

  async putBlob({ digest }: Descriptor, source: BlobSource): Promise<void> {
    if (this.#content.has(digest)) return;
    this.#change(`putBlob ${digest}`);
    this.#content.set(digest, Buffer.concat(await Array.fromAsync(source.open())));
  }

  async putManifest({ digest }: Descriptor, bytes: Uint8Array): Promise<void> {
    checkDigest(bytes, digest, "manifest");
    this.#change(`putManifest ${digest}`);
    this.#content.set(digest, bytes);
  }

  async tag(name: string, descriptor: Descriptor): Promise<void> {
    this.#read(descriptor.digest);
    this.#change(`tag ${name}`);
    this.#tags.set(name, descriptor);
  }

  async *tags(): AsyncIterable<string> {
    yield* this.#tags.keys();
  }

  async delete(reference: string): Promise<void> {
    this.#change(`delete ${reference}`);
    this.#tags.delete(reference);
    // As registries do: a manifest takes its tags along.
    this.#content.delete(reference);
    for (const [tag, { digest }] of this.#tags) if (digest === reference) this.#tags.delete(tag);
  }

  #change(call: string): void {
    this.before(call);
    this.#log.push(`${this.name}: ${call}`);
  }

  #read(digest: string): Uint8Array {
    const bytes = this.#content.get(digest);
    if (bytes === undefined) throw notFound(this.name, digest);
    return bytes;
  }
}
