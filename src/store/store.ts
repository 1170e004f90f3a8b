import type { Descriptor, Digest } from "../oci/descriptor.ts";

/** Options of every store call. */
export interface StoreOptions {
  readonly signal?: AbortSignal;
}

/** Options of moving a tag. */
export interface TagOptions extends StoreOptions {
  /**
   * What the tag points at as far as the caller knows, `null` for a tag that is not there. A tag that has moved since is left alone, with
   * `TARGET_MOVED`. A layout compares and moves in one step; a registry is asked right before, and told to compare by itself (`If-Match`), which
   * few of them do.
   */
  readonly expected?: Digest | null;
}

/** Options of reading a blob. */
export interface FetchOptions extends StoreOptions {
  /** From which byte on; all when absent. */
  readonly range?: { readonly start: number };
  /** The reader is done with a piece when it asks for the next one, so that the store may use its memory again. */
  readonly lendsPieces?: boolean;
}

/** Bytes of one blob to store: a stream that can be opened again when an upload has to be repeated. */
export interface BlobSource {
  /** Opens the content from byte `start` (default 0). A piece is only valid until the next one is asked for. */
  open(start?: number): AsyncIterable<Uint8Array>;
  /** The content from byte 0 on is checked by whoever gives it, as {@link ImageStore.fetch} does, and need not be hashed a second time. */
  readonly isChecked?: boolean;
}

/**
 * Where images live: one repository of a registry, or one OCI layout. Every command works on any store.
 * Content is addressed by descriptors; what is read whole is checked against its digest and size, and a mismatch is an error.
 *
 * Errors are `ArchwayError`s with these codes. Kind `unreachable`: `NOT_FOUND`, `UNAUTHORIZED` (a login would help), `DENIED` (who is
 * logged in may not, a folder may not be written), `UNREACHABLE`, `TLS`, `DIGEST_MISMATCH`, `NO_SPACE`, `LOCKED`, `REGISTRY_ERROR` (an
 * answer that nobody foresaw, a refusal in the registry's own words). Kind `failed`: `TOO_LARGE`, `INVALID_MANIFEST`, `INVALID_ARCHIVE`, `TARGET_MOVED`.
 * Kind `input`: `INVALID_REFERENCE`, `AMBIGUOUS_REFERENCE`, `READ_ONLY`, `INVALID_CONFIG`. Aborting throws the signal's `AbortError`.
 */
export interface ImageStore {
  /** How a person names it: `127.0.0.1:5000/team/app` or `oci:DIR`. */
  readonly name: string;

  /**
   * The descriptor of a tag or a digest (without its platform). An empty reference is the tag `latest` of a repository and the only
   * image of a layout. Throws `NOT_FOUND`, `AMBIGUOUS_REFERENCE`.
   */
  resolve(reference: string, options?: StoreOptions): Promise<Descriptor>;

  /** The raw bytes of a manifest or index: at most 8 MiB, checked against the digest. */
  manifest(descriptor: Pick<Descriptor, "digest">, options?: StoreOptions): Promise<Uint8Array>;

  /** True when a manifest (`kind: "manifest"`) or blob is there, and of `size` bytes when that is given and the store can tell. */
  has(digest: Digest, kind: "manifest" | "blob", options?: StoreOptions & { readonly size?: number }): Promise<boolean>;

  /**
   * Streams a blob, from `range.start` to the end when given. A whole read is checked against digest and size: the stream
   * throws at its end on a mismatch. Broken connections are resumed by range.
   */
  fetch(descriptor: Descriptor, options?: FetchOptions): AsyncIterable<Uint8Array>;

  /** Stores a blob unless it is there already; verifies what it stores. */
  putBlob(descriptor: Descriptor, source: BlobSource, options?: StoreOptions): Promise<void>;

  /** Stores a manifest or index by digest, without a tag; at most 4 MiB. Its children and blobs must be there. */
  putManifest(descriptor: Descriptor, bytes: Uint8Array, options?: StoreOptions): Promise<void>;

  /** Points a tag at a manifest that is in the store: atomically, and success when it already points there. */
  tag(name: string, descriptor: Descriptor, options?: TagOptions): Promise<void>;

  /** Lists a manifest that gets no name, where only what is listed can be found again (`index.json` of an OCI layout). */
  enter?(descriptor: Descriptor, options?: StoreOptions): Promise<void>;

  /** Tags, in the store's order, page by page. */
  tags(options?: StoreOptions): AsyncIterable<string>;

  /** All that can be found without a digest, where it is more than tags: the entries of a layout's `index.json`, which may have no name. */
  entries?(options?: StoreOptions): Promise<readonly { readonly name?: string; readonly descriptor: Descriptor }[]>;

  /** Removes a manifest, or only a tag. */
  delete(reference: string, options?: StoreOptions): Promise<void>;

  /** Throws what a push would throw for want of rights, without pushing: asked before an hour of building. */
  checkPush?(options?: StoreOptions): Promise<void>;

  /** Makes a blob of another store appear here without moving bytes; false when that is not possible. */
  mount?(descriptor: Descriptor, from: ImageStore, options?: StoreOptions): Promise<boolean>;

  /** Manifests whose `subject` is the digest (OCI referrers). */
  referrers?(digest: Digest, options?: StoreOptions): Promise<readonly Descriptor[]>;
}
