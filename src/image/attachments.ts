import { ArchwayError } from "../error/error.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { algorithmOf, encodedOf } from "../oci/digest.ts";
import type { ImageStore, StoreOptions } from "../store/store.ts";
import { readTree } from "../store/tree.ts";
import type { TreeNode } from "../store/tree.ts";

/** Something that is attached to an image from outside its index: a signature, an SBOM, a scan. */
export interface Attachment {
  readonly descriptor: Descriptor;
  /** The manifest that it is about. */
  readonly subject: Digest;
  /** The tag by which it is found (cosign's scheme); absent for referrers, which the store lists. */
  readonly tag?: string;
  /** Its documents, children before what lists them. */
  readonly nodes: readonly TreeNode[];
}

/** Endings of the tags `sha256-HEX.…` under which cosign keeps what it attaches (sigstore/cosign, specs/SIGNATURE_SPEC.md). */
const tagEndings = ["sig", "att", "sbom"] as const;

/** Attachments of attachments that are followed: an attestation, its signature, a countersignature, and one more. */
const maxDepth = 4;

/** Most attachments of one image. */
const maxAttachments = 1_000;

/**
 * Finds what is attached to manifests, and what is attached to that: the referrers that the store lists, and what has a tag of cosign's. One that
 * a list names and that is not there any more is left out.
 *
 * @returns Each once, after what it is about.
 * @throws ArchwayError `TOO_LARGE` for more than can be meant, and what the store throws.
 */
export async function attachmentsOf(
  store: ImageStore,
  subjects: readonly Digest[],
  options: StoreOptions = {},
): Promise<Attachment[]> {
  const found = new Map<string, Attachment>();
  const asked = new Set<Digest>();
  let next = [...new Set(subjects)];
  for (let depth = 0; next.length > 0; depth++) {
    if (depth > maxDepth) throw tooMany(store, `they are attached to each other more than ${maxDepth} times over`);
    for (const subject of next) asked.add(subject);
    const all = await Promise.all(next.map((subject) => attachedTo(store, subject, options)));
    const fresh = all.flat().filter(({ descriptor, tag }) => !found.has(`${descriptor.digest} ${tag ?? ""}`));
    for (const one of fresh) found.set(`${one.descriptor.digest} ${one.tag ?? ""}`, one);
    if (found.size > maxAttachments) throw tooMany(store, `there are more than ${maxAttachments}`);
    const documents = fresh.flatMap(({ nodes }) => nodes.map(({ descriptor }) => descriptor.digest));
    next = [...new Set(documents)].filter((digest) => !asked.has(digest));
  }
  return [...found.values()];
}

async function attachedTo(store: ImageStore, subject: Digest, options: StoreOptions): Promise<Attachment[]> {
  const [referrers, ...tagged] = await Promise.all([
    store.referrers?.(subject, options) ?? [],
    ...tagsFor(subject).map(async (tag) => {
      const descriptor = await unlessMissing(store.resolve(tag, options));
      return descriptor && { descriptor, tag };
    }),
  ]);
  if (referrers.length > maxAttachments) throw tooMany(store, `there are more than ${maxAttachments}`);
  const named = [...referrers.map((descriptor) => ({ descriptor })), ...tagged.filter((one) => one !== undefined)];
  const read = await Promise.all(
    named.map(async (one): Promise<Attachment | undefined> => {
      if ((await unlessMissing(store.manifest(one.descriptor, options))) === undefined) return undefined;
      return { ...one, subject, nodes: await readTree(store, one.descriptor, options) };
    }),
  );
  return read.filter((one) => one !== undefined);
}

/** A longer digest leaves no room for an ending: tags have 128 characters. */
function tagsFor(subject: Digest): string[] {
  if (algorithmOf(subject) !== "sha256") return [];
  return tagEndings.map((ending) => `sha256-${encodedOf(subject)}.${ending}`);
}

/** Undefined for what the store does not have. */
async function unlessMissing<Value>(value: Promise<Value>): Promise<Value | undefined> {
  try {
    return await value;
  } catch (error) {
    if (error instanceof ArchwayError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

function tooMany({ name }: ImageStore, why: string): ArchwayError {
  return new ArchwayError({
    code: "TOO_LARGE",
    kind: "failed",
    message: `The signatures and other referrers of the image in ${name} cannot all be meant: ${why}.`,
    hint: "--no-referrers leaves them behind.",
  });
}
