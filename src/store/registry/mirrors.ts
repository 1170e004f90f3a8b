import { ArchwayError, isAbort } from "../../error/error.ts";
import type { Descriptor, Digest } from "../../oci/descriptor.ts";
import type { Reference } from "../../oci/reference.ts";
import { parseReference, repositoryOf, targetOf } from "../../oci/reference.ts";
import type { BlobSource, FetchOptions, ImageStore, StoreOptions, TagOptions } from "../store.ts";
import type { Registries } from "./registries.ts";
import type { RegistryStore } from "./registry.ts";

type RepositoryName = Pick<Reference, "host" | "path">;

/** Where an image was found. */
export interface Located {
  /** The mirror or the registry itself. */
  readonly store: ImageStore;
  readonly descriptor: Descriptor;
  /** `host/path` where it was found: the mirror's, or the registry's own. */
  readonly location: string;
}

/** The mirrors of a repository, in order; none when its registry has none configured. */
export function mirrorsOf(reference: RepositoryName, registries: Registries): RegistryStore[] {
  const mirrors = registries.settings.registries[reference.host]?.mirrors ?? [];
  return mirrors.map((mirror) => registries.repository(parseReference(`${mirrorHost(mirror)}/${reference.path}`)));
}

/**
 * Resolves a reference where planner and engines have to read it: the first mirror that has it, else the registry itself.
 *
 * @throws ArchwayError of the registry; what the mirrors said is part of its message.
 */
export async function resolveThroughMirrors(
  reference: Reference,
  registries: Registries,
  options: StoreOptions = {},
): Promise<Located> {
  const stores = [...mirrorsOf(reference, registries), registries.repository(reference)];
  return firstOf(stores, async (store) => {
    const descriptor = await store.resolve(targetOf(reference), options);
    return { store, descriptor, location: store.name };
  });
}

/** A repository whose reads try its mirrors first; writes go to the registry itself. */
export class MirroredStore implements ImageStore {
  readonly name: string;
  /** The registry itself. */
  readonly origin: RegistryStore;
  readonly #stores: readonly RegistryStore[];

  constructor(reference: RepositoryName, registries: Registries) {
    this.name = repositoryOf(reference);
    this.origin = registries.repository(reference);
    this.#stores = [...mirrorsOf(reference, registries), this.origin];
  }

  resolve(reference: string, options?: StoreOptions): Promise<Descriptor> {
    return firstOf(this.#stores, (store) => store.resolve(reference, options));
  }

  manifest(descriptor: Pick<Descriptor, "digest">, options?: StoreOptions): Promise<Uint8Array> {
    return firstOf(this.#stores, (store) => store.manifest(descriptor, options));
  }

  async *fetch(descriptor: Descriptor, options?: FetchOptions): AsyncIterable<Uint8Array> {
    yield* await firstOf(this.#stores, async (store) => opened(store.fetch(descriptor, options)));
  }

  async *tags(options?: StoreOptions): AsyncIterable<string> {
    yield* await firstOf(this.#stores, async (store) => opened(store.tags(options)));
  }

  referrers(digest: Digest, options?: StoreOptions): Promise<readonly Descriptor[]> {
    return firstOf(this.#stores, (store) => store.referrers(digest, options));
  }

  has(digest: Digest, kind: "manifest" | "blob", options?: StoreOptions): Promise<boolean> {
    return this.origin.has(digest, kind, options);
  }

  putBlob(descriptor: Descriptor, source: BlobSource, options?: StoreOptions): Promise<void> {
    return this.origin.putBlob(descriptor, source, options);
  }

  putManifest(descriptor: Descriptor, bytes: Uint8Array, options?: StoreOptions): Promise<void> {
    return this.origin.putManifest(descriptor, bytes, options);
  }

  tag(name: string, descriptor: Descriptor, options?: TagOptions): Promise<void> {
    return this.origin.tag(name, descriptor, options);
  }

  delete(reference: string, options?: StoreOptions): Promise<void> {
    return this.origin.delete(reference, options);
  }

  checkPush(options?: StoreOptions): Promise<void> {
    return this.origin.checkPush(options);
  }

  mount(descriptor: Descriptor, from: ImageStore, options?: StoreOptions): Promise<boolean> {
    return this.origin.mount(descriptor, from instanceof MirroredStore ? from.origin : from, options);
  }
}

/** Tries stores in order; the last one's error counts, with a word on each of the others. */
async function firstOf<Result>(
  stores: readonly RegistryStore[],
  attempt: (store: RegistryStore) => Promise<Result>,
): Promise<Result> {
  const failures: string[] = [];
  for (const [position, store] of stores.entries()) {
    const isLast = position === stores.length - 1;
    // A mirror that does not answer is waited for once, not with every request.
    if (store.isDown && !isLast) continue;
    try {
      return await attempt(store);
    } catch (error) {
      if (!(error instanceof ArchwayError) || isAbort(error) || error.kind === "input") throw error;
      if (isLast) throw withMirrors(error, failures);
      failures.push(error.message);
    }
  }
  throw new RangeError("there is always the registry itself");
}

function withMirrors(error: ArchwayError, failures: readonly string[]): ArchwayError {
  if (failures.length === 0) return error;
  const { code, kind, message, hint, cause } = error;
  const mirrors = failures.map((failure) => `\nmirror: ${failure}`).join("");
  return new ArchwayError({ code, kind, message: message + mirrors, ...(hint === undefined ? {} : { hint }), cause });
}

/** A stream whose first piece has arrived: what fails before it can be tried elsewhere. */
async function opened<Piece>(stream: AsyncIterable<Piece>): Promise<AsyncIterable<Piece>> {
  const iterator = stream[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    try {
      for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
}

function mirrorHost(mirror: string): string {
  return mirror.replace(/^https?:\/\//, "").replace(/\/+$/, "");
}
