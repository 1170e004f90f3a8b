import type { Descriptor, Digest } from "../../oci/descriptor.ts";
import { checkDigest, digestOf, isDigest } from "../../oci/digest.ts";
import { maxManifestIn, maxManifestOut } from "../../oci/limits.ts";
import { parseManifestOrIndex } from "../../oci/manifest-or-index.ts";
import { indexTypes, manifestTypes } from "../../oci/media-types.ts";
import { notFound, tagMoved, tooLarge } from "../store-error.ts";
import type { StoreOptions } from "../store.ts";
import { errorCodesOf } from "./failure.ts";
import type { HttpAnswer } from "./http.ts";
import { ManifestCache } from "./manifest-cache.ts";
import type { Repository } from "./repository.ts";
import { backoff, pause } from "./retry.ts";

/** Everything is asked for: registries convert or refuse what a client does not name, and artifacts have types of their own. */
const accept = [...indexTypes, ...manifestTypes, "*/*;q=0.1"].join(", ");

/** Codes by which a registry says that it lacks what a manifest refers to (distribution-spec, "Error Codes"). */
const missingParts = new Set(["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"]);

/** Tries until parts that a registry misses are taken for missing: under a second in all. */
const triesForMissingParts = 3;

/** Manifests and tags of one repository (distribution-spec, "Pulling manifests", "Pushing Manifests"). */
export class Manifests {
  readonly #repository: Repository;
  readonly #cache = new ManifestCache();

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /** The descriptor of a tag or digest; undefined when it is not there. Asks with HEAD, which registries do not count. */
  async find(reference: string, options: StoreOptions): Promise<Descriptor | undefined> {
    const answer = await this.#request("HEAD", reference, options);
    if (answer.status === 404) return undefined;
    if (answer.status === 200) {
      const found = describe(answer, reference);
      if (found !== undefined) return found;
    } else if (answer.status !== 405) throw this.#repository.error(answer, `find ${reference} in`);
    // Some registries answer HEAD without digest or size, or not at all: then the manifest itself tells.
    const bytes = await this.#get(reference, options);
    if (bytes === undefined) return undefined;
    const digest = isDigest(reference) ? reference : digestOf(bytes);
    const { mediaType } = parseManifestOrIndex(bytes, { digest });
    return { mediaType, digest, size: bytes.length };
  }

  /** The bytes of a manifest. Throws `NOT_FOUND`, `DIGEST_MISMATCH`, `TOO_LARGE`. */
  async read(digest: Digest, options: StoreOptions): Promise<Uint8Array> {
    const known = this.#cache.get(digest);
    if (known !== undefined) return known;
    const bytes = await this.#get(digest, options);
    if (bytes === undefined) throw notFound(this.#repository.name, `manifest ${digest}`);
    checkDigest(bytes, digest, `manifest ${digest} of ${this.#repository.name}`);
    this.#cache.add(digest, bytes);
    return bytes;
  }

  /**
   * Puts a manifest under its digest or a tag.
   *
   * @param expected What a tag points at (`null`: nothing). It goes along as a condition, which registries may heed: the specification does not
   * know it (opencontainers/distribution-spec#251), and what names the content in an answer's `ETag` is, where there is one, the digest.
   * @returns Whether the registry took note of its `subject` (header `OCI-Subject`).
   */
  async write(
    reference: string,
    descriptor: Descriptor,
    bytes: Uint8Array,
    options: StoreOptions,
    expected?: Digest | null,
  ): Promise<boolean> {
    if (bytes.length > maxManifestOut) throw tooLarge(`manifest ${descriptor.digest}`, maxManifestOut);
    checkDigest(bytes, descriptor.digest, `manifest ${descriptor.digest}`);
    const answer = await this.#put(reference, descriptor, bytes, options, conditionOf(expected));
    if (answer.status < 200 || answer.status > 299) {
      const found = isDigest(reference) ? undefined : ((await this.find(reference, options))?.digest ?? null);
      // Registries with immutable tags refuse even the same manifest; then nothing is left to do.
      if (found === descriptor.digest) return true;
      if (answer.status === 412 && expected !== undefined && found !== undefined) {
        if (found !== expected) throw tagMoved(this.#repository.name, reference, expected, found);
        // The tag stands where it was to stand: the registry names its content by something else than the digest.
        return this.write(reference, descriptor, bytes, options);
      }
      throw this.#repository.error(answer, writing(reference), immutableHint(answer, reference));
    }
    const stored = answer.headers["docker-content-digest"];
    if (
      isDigest(stored) &&
      stored !== descriptor.digest &&
      stored.startsWith("sha256:") === descriptor.digest.startsWith("sha256:")
    ) {
      throw this.#repository.error(answer, `${writing(reference)} (it came to be ${stored})`);
    }
    this.#cache.add(descriptor.digest, bytes);
    return answer.headers["oci-subject"] !== undefined;
  }

  /** Removes a manifest or a tag. Throws `NOT_FOUND`. */
  async delete(reference: string, options: StoreOptions): Promise<void> {
    const { name } = this.#repository;
    const what = isDigest(reference) ? "manifest" : "tag";
    const answer = await this.#repository.send({
      method: "DELETE",
      target: `manifests/${reference}`,
      access: "delete",
      doing: `delete ${what} ${reference} of`,
      ...options,
    });
    if (answer.status === 404) throw notFound(name, `${what} ${reference}`);
    if (answer.status < 200 || answer.status > 299) {
      const hint =
        "Many registries cannot delete a tag alone, or allow no deletion; their own page or configuration tells.";
      throw this.#repository.error(answer, `delete ${what} ${reference} of`, hint);
    }
    if (isDigest(reference)) this.#cache.delete(reference);
  }

  async #get(reference: string, options: StoreOptions): Promise<Uint8Array | undefined> {
    const answer = await this.#request("GET", reference, options);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw this.#repository.error(answer, `read ${reference} of`);
    return answer.bytes;
  }

  /**
   * A registry may not see yet what it has just been given: storage behind it settles late, and distribution 2.8 empties a link for a moment
   * while another client writes the same one. So a refusal for missing parts is asked about again.
   */
  async #put(
    reference: string,
    descriptor: Descriptor,
    bytes: Uint8Array,
    options: StoreOptions,
    condition: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer> {
    const { policy } = this.#repository.transport;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#repository.send({
        method: "PUT",
        target: `manifests/${reference}`,
        access: "push",
        doing: writing(reference),
        headers: { "content-type": descriptor.mediaType, ...condition },
        body: bytes,
        ...options,
      });
      const missesParts = answer.status >= 400 && errorCodesOf(answer).some((code) => missingParts.has(code));
      if (!missesParts || attempt >= triesForMissingParts) return answer;
      await pause(backoff(policy, attempt), options.signal);
    }
  }

  #request(method: "GET" | "HEAD", reference: string, options: StoreOptions): Promise<HttpAnswer> {
    return this.#repository.send({
      method,
      target: `manifests/${reference}`,
      access: "pull",
      doing: `read ${reference} of`,
      headers: { accept },
      limit: maxManifestIn,
      ...options,
    });
  }
}

function describe(answer: HttpAnswer, reference: string): Descriptor | undefined {
  const digest = answer.headers["docker-content-digest"];
  const length = answer.headers["content-length"];
  const mediaType = answer.headers["content-type"]?.split(";")[0]?.trim();
  if (!isDigest(digest) || length === undefined || !mediaType?.startsWith("application/")) return undefined;
  if (isDigest(reference) && digest !== reference) return undefined;
  return { mediaType, digest, size: Number(length) };
}

/** A conditional request (RFC 9110 §13.1). */
function conditionOf(expected: Digest | null | undefined): Readonly<Record<string, string>> {
  if (expected === undefined) return {};
  return expected === null ? { "if-none-match": "*" } : { "if-match": `"${expected}"` };
}

function writing(reference: string): string {
  return isDigest(reference) ? `push manifest ${reference} to` : `set tag ${reference} of`;
}

/** Registries with immutable tags refuse with one of these statuses. */
function immutableHint({ status }: HttpAnswer, reference: string): string | undefined {
  if (isDigest(reference) || ![400, 409, 412].includes(status)) return undefined;
  return "If tags are immutable there, the tag exists with another image: choose a new tag.";
}
