import { ArchwayError } from "../error/error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { ImageIndex } from "../oci/index.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { ImageStore, StoreOptions } from "../store/store.ts";
import { childrenOf, readDocument } from "./children.ts";
import type { Child, Root } from "./children.ts";
import { withoutPlatforms } from "./edit-index.ts";

/** An image, or an index, or what is chosen of one. */
export interface Selection {
  readonly root: Descriptor;
  /** The root's document; in no store when platforms were left out. */
  readonly bytes: Uint8Array;
  /** The images in it. */
  readonly children: readonly Child[];
  /** Attestations that the index lists for the chosen image, and that cannot go along without an index. */
  readonly leftBehind: readonly Descriptor[];
}

/** What is chosen of an index. */
export interface SelectOptions extends StoreOptions {
  /** None: everything as it is. */
  readonly platforms: readonly Platform[];
  /** Keeps an index, with its attestations, when one platform is chosen. */
  readonly keepIndex: boolean;
}

/**
 * Chooses platforms of an index. One is the image itself with the digest that it has (as crane and regctl have it); several, or one with
 * `keepIndex`, are the index without the others, in which every other byte stays; all are the index as it is.
 *
 * @throws ArchwayError kind `input`: `PLATFORM_NOT_FOUND` with what there is, `NESTED_INDEX` when an index within the index would have to be changed;
 * and what the store throws.
 */
export async function selectPlatforms(
  store: ImageStore,
  root: Root,
  { platforms, keepIndex, ...access }: SelectOptions,
): Promise<Selection> {
  const document = await readDocument(store, root, access);
  const { digest, mediaType, bytes } = document;
  const children = await childrenOf(store, root, access);
  const whole = { root: { mediaType, digest, size: bytes.length }, bytes, children, leftBehind: [] };
  if (platforms.length === 0) return whole;
  const isChosen = ({ platform }: Descriptor) =>
    platform !== undefined && platforms.some((one) => samePlatform(one, platform));
  for (const platform of platforms) {
    const isThere = children.some(
      ({ descriptor }) => descriptor.platform !== undefined && samePlatform(descriptor.platform, platform),
    );
    if (!isThere) throw notThere(platform, children);
  }
  if (document.kind === "manifest") return whole;
  const chosen = children.filter(({ descriptor }) => isChosen(descriptor));
  const [only] = chosen;
  if (only !== undefined && platforms.length === 1 && chosen.length === 1 && !keepIndex) {
    return singleImage(store, only, access);
  }
  if (chosen.length === children.length) return whole;
  const filtered = withoutOthers(document, children, isChosen);
  return { root: filtered.descriptor, bytes: filtered.bytes, children: chosen, leftBehind: [] };
}

async function singleImage(store: ImageStore, child: Child, access: StoreOptions): Promise<Selection> {
  const { bytes, digest, mediaType } = await readDocument(store, child.descriptor, access);
  return {
    root: { mediaType, digest, size: bytes.length },
    bytes,
    children: [{ ...child, attestations: [] }],
    leftBehind: child.attestations,
  };
}

function withoutOthers(index: ImageIndex, children: readonly Child[], isChosen: (child: Descriptor) => boolean) {
  if (index.entries.some(({ role }) => role === "index")) {
    throw new ArchwayError({
      code: "NESTED_INDEX",
      kind: "input",
      message: `${index.digest} holds other indexes, from which platforms cannot be left out.`,
      hint: "archway image create makes one flat index of it; copy from that, or copy all platforms.",
    });
  }
  const known = new Map(children.map(({ descriptor }) => [descriptor.digest, descriptor.platform]));
  const others = children.flatMap(({ descriptor }) =>
    descriptor.platform === undefined || isChosen(descriptor) ? [] : [descriptor.platform],
  );
  return withoutPlatforms(index, others, ({ digest, platform }) => platform ?? known.get(digest));
}

function notThere(platform: Platform, children: readonly Child[]): ArchwayError {
  const there = children.flatMap(({ descriptor }) => descriptor.platform ?? []).map(formatPlatform);
  return new ArchwayError({
    code: "PLATFORM_NOT_FOUND",
    kind: "input",
    message: `The image has nothing for ${formatPlatform(platform)}.`,
    hint: there.length === 0 ? "It has no image with a platform." : `It has ${[...new Set(there)].join(", ")}.`,
  });
}
