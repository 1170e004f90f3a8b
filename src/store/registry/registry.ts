import { z } from "zod";
import { ArchwayError } from "../../error/error.ts";
import type { Descriptor, Digest } from "../../oci/descriptor.ts";
import { digestOf, isDigest, verified } from "../../oci/digest.ts";
import { parseJson } from "../../oci/json.ts";
import { isTag } from "../../oci/reference.ts";
import { attachmentOf, referrersIn, referrersTag, withReferrer } from "../referrers.ts";
import { invalidTag, notFound, tagMoved } from "../store-error.ts";
import type { BlobSource, FetchOptions, ImageStore, StoreOptions, TagOptions } from "../store.ts";
import { downloadBlob } from "./download.ts";
import { Lane } from "../lane.ts";
import { Manifests } from "./manifests.ts";
import { pages } from "./pages.ts";
import { Repository } from "./repository.ts";
import type { Transport } from "./transport.ts";
import { uploadBlob } from "./upload.ts";
import type { UploadSession } from "./upload-session.ts";
import { endSession, isUploaded, sessionOf, startSession } from "./upload-session.ts";

/** Tags asked for at once: ECR refuses more. */
const tagsPerPage = 1000;

/** How often the referrers tag is written when other clients write it at the same time. */
const referrersTries = 5;

const tagsSchema = z.object({ tags: z.array(z.string().max(256)).nullish() });

/** A blob without bytes. */
const emptySource: BlobSource = { open: async function* () {} };

/** One repository of a registry (OCI distribution-spec 1.1). */
export class RegistryStore implements ImageStore {
  readonly #repository: Repository;
  readonly #manifests: Manifests;
  /** Upload sessions that the registry opened where it could not mount. */
  readonly #sessions = new Map<Digest, UploadSession>();
  /** Referrers tags are read, changed and written: one after another. */
  readonly #referrersTurn = new Lane(1);

  constructor(transport: Transport, path: string) {
    this.#repository = new Repository(transport, path);
    this.#manifests = new Manifests(this.#repository);
  }

  /** `host/path`, as references spell it. */
  get name(): string {
    return this.#repository.name;
  }

  /** True when the last attempt to reach the registry found nobody. */
  get isDown(): boolean {
    return this.#repository.transport.isDown;
  }

  /** An empty reference means the tag `latest`. */
  async resolve(reference: string, options: StoreOptions = {}): Promise<Descriptor> {
    const name = reference === "" ? "latest" : reference;
    if (!isDigest(name) && !isTag(name)) throw invalidTag(name);
    const found = await this.#manifests.find(name, options);
    if (found === undefined) throw notFound(this.name, isDigest(name) ? `manifest ${name}` : `tag ${name}`);
    return found;
  }

  manifest({ digest }: Pick<Descriptor, "digest">, options: StoreOptions = {}): Promise<Uint8Array> {
    return this.#manifests.read(digest, options);
  }

  async has(
    digest: Digest,
    kind: "manifest" | "blob",
    { size, ...options }: StoreOptions & { readonly size?: number } = {},
  ): Promise<boolean> {
    if (kind === "manifest") return (await this.#manifests.find(digest, options)) !== undefined;
    const target = `blobs/${digest}`;
    const doing = `look for blob ${digest} in`;
    const answer = await this.#repository.send({ method: "HEAD", target, access: "pull", doing, ...options });
    if (answer.status === 200) {
      const length = answer.headers["content-length"];
      return size === undefined || length === undefined || Number(length) === size;
    }
    if (answer.status === 404) return false;
    throw this.#repository.error(answer, doing);
  }

  fetch(descriptor: Descriptor, options: FetchOptions = {}): AsyncIterable<Uint8Array> {
    const content = downloadBlob(this.#repository, descriptor, options);
    return (options.range?.start ?? 0) > 0
      ? content
      : verified(content, descriptor, `blob ${descriptor.digest} of ${this.name}`);
  }

  async putBlob(descriptor: Descriptor, source: BlobSource, options: StoreOptions = {}): Promise<void> {
    const session = this.#sessions.get(descriptor.digest);
    this.#sessions.delete(descriptor.digest);
    const upload = { repository: this.#repository, descriptor, source, options };
    if (session === undefined && (await isUploaded(upload))) return;
    await uploadBlob(upload, session);
  }

  async putManifest(descriptor: Descriptor, bytes: Uint8Array, options: StoreOptions = {}): Promise<void> {
    const subjectNoted = await this.#manifests.write(descriptor.digest, descriptor, bytes, options);
    const attachment = attachmentOf(descriptor, bytes);
    if (attachment === undefined || subjectNoted) return;
    await this.#referrersTurn.run(() => this.#addReferrer(attachment.subject, attachment.referrer, options));
  }

  async tag(name: string, descriptor: Descriptor, { expected, ...options }: TagOptions = {}): Promise<void> {
    if (!isTag(name)) throw invalidTag(name);
    const found = (await this.#manifests.find(name, options))?.digest ?? null;
    if (found === descriptor.digest) return;
    if (expected !== undefined && found !== expected) throw tagMoved(this.name, name, expected, found);
    const bytes = await this.#manifests.read(descriptor.digest, options);
    await this.#manifests.write(name, descriptor, bytes, options, expected);
  }

  async *tags({ signal }: StoreOptions = {}): AsyncIterable<string> {
    const doing = "list tags of";
    const listing = { doing, accept: "application/json", ...(signal === undefined ? {} : { signal }) };
    for await (const answer of pages(this.#repository, `tags/list?n=${tagsPerPage}`, listing)) {
      if (answer.status === 404) throw notFound(this.name, "tags: there is no such repository");
      if (answer.status !== 200) throw this.#repository.error(answer, doing);
      const parsed = tagsSchema.safeParse(parseJson(answer.bytes, `list of tags of ${this.name}`));
      if (!parsed.success) throw this.#repository.error(answer, "understand the list of tags of");
      yield* parsed.data.tags ?? [];
    }
  }

  delete(reference: string, options: StoreOptions = {}): Promise<void> {
    return this.#manifests.delete(reference, options);
  }

  /** Opens an upload and gives it up, as nothing else tells whether one may push. */
  async checkPush(options: StoreOptions = {}): Promise<void> {
    const nothing: Descriptor = { mediaType: "application/octet-stream", digest: digestOf(new Uint8Array()), size: 0 };
    const upload = { repository: this.#repository, descriptor: nothing, source: emptySource, options };
    await endSession(upload, await startSession(upload));
  }

  /** Only within one registry. Any refusal means false: mounting saves time and is never needed. */
  async mount(descriptor: Descriptor, from: ImageStore, options: StoreOptions = {}): Promise<boolean> {
    if (!(from instanceof RegistryStore) || from.#repository.transport !== this.#repository.transport) return false;
    const source = from.#repository.path;
    if (source === this.#repository.path) return false;
    try {
      return await this.#mountFrom(source, descriptor.digest, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof ArchwayError) return false;
      throw error;
    }
  }

  async #mountFrom(source: string, digest: Digest, options: StoreOptions): Promise<boolean> {
    const query = new URLSearchParams({ mount: digest, from: source });
    const answer = await this.#repository.send({
      method: "POST",
      target: `blobs/uploads/?${query.toString()}`,
      access: "push",
      doing: `mount blob ${digest} in`,
      alsoPull: source,
      ...options,
    });
    if (answer.status === 202) this.#sessions.set(digest, await sessionOf(this.#repository, answer));
    return answer.status === 201;
  }

  async referrers(digest: Digest, options: StoreOptions = {}): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    const doing = `list referrers of ${digest} in`;
    const listing = { doing, accept: "application/vnd.oci.image.index.v1+json", ...options };
    for await (const answer of pages(this.#repository, `referrers/${digest}`, listing)) {
      // A registry without the API answers 404 (distribution-spec), or whatever it says to unknown paths.
      if (answer.status !== 200 && found.length === 0) return (await this.#taggedReferrers(digest, options)) ?? [];
      if (answer.status !== 200) throw this.#repository.error(answer, doing);
      found.push(...referrersIn(answer.bytes));
    }
    return found;
  }

  async #taggedReferrers(digest: Digest, options: StoreOptions): Promise<readonly Descriptor[] | undefined> {
    const list = await this.#manifests.find(referrersTag(digest), options);
    return list && referrersIn(await this.manifest(list, options), list);
  }

  /** Keeps the referrers tag where the registry keeps no list. Other clients may write it too, so it is read again after writing. */
  async #addReferrer(subject: Digest, referrer: Descriptor, options: StoreOptions): Promise<void> {
    for (let attempt = 0; attempt < referrersTries; attempt++) {
      const list = withReferrer((await this.#taggedReferrers(subject, options)) ?? [], referrer);
      if (list === undefined) return;
      await this.#manifests.write(referrersTag(subject), list.descriptor, list.bytes, options);
    }
    throw new ArchwayError({
      code: "REGISTRY_ERROR",
      kind: "unreachable",
      message: `cannot list ${referrer.digest} among the referrers of ${subject} in ${this.name}: somebody else keeps changing the list`,
    });
  }
}
