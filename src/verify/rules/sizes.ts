import type { Finding } from "../../finding/finding.ts";
import type { Platform } from "../../platform/platform.ts";
import { formatPlatform } from "../../platform/platform.ts";
import { aboutIndex } from "./index-rules.ts";

/** What the sizes of an index's platforms are compared by. */
export interface SizedImage {
  readonly platform: Platform;
  /** Compressed bytes of all layers. */
  readonly size: number;
}

/** An image as many times larger or smaller than the others is told about. Ports of one program differ by a third. */
const oddRatio = 2;

/** Images below this are not compared, bytes: a certificate more doubles them. */
const leastSize = 1_000_000;

/**
 * Tells which platform is the odd one out: one whose image is more than twice as large or as small as the middle of all. A platform that lacks half of
 * its content, or brings a compiler along, shows so before anybody runs it. Of two platforms nobody knows which is the odd one: both are named.
 */
export function oddSizes(images: readonly SizedImage[]): Finding[] {
  if (images.length < 2) return [];
  const sorted = images.toSorted((a, b) => a.size - b.size);
  const [smallest] = sorted;
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (smallest === undefined || middle === undefined) return [];
  const odd = images.filter(
    ({ size }) => Math.max(size, middle.size) >= leastSize && ratioOf(size, middle.size) > oddRatio,
  );
  if (images.length === 2)
    return odd.length === 0 ? [] : [sizeFinding(smallest, middle, formatPlatform(middle.platform))];
  // Where half of them differ from the middle, there is no rule to be an exception of.
  return odd.length * 2 < images.length ? odd.map((image) => sizeFinding(image, middle, "the middle of all")) : [];
}

function sizeFinding(image: SizedImage, middle: SizedImage, name: string): Finding {
  const words = `${formatPlatform(image.platform)} has ${megabytes(image.size)} of compressed layers, and ${name} ${megabytes(middle.size)}`;
  const message = `${words}: look whether something is missing or too much in one of them.`;
  return aboutIndex("size-differs", "note", message, [image.platform]);
}

function ratioOf(a: number, b: number): number {
  return Math.max(a, b) / Math.max(1, Math.min(a, b));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
