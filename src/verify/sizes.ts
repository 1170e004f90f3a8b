import type { Finding } from "../finding/finding.ts";
import type { Platform } from "../platform/platform.ts";
import { formatPlatform } from "../platform/platform.ts";
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
 * Tells which platform is the odd one out: one whose image is more than twice as large or as small as the middle of the others. A platform that lacks
 * half of its content, or brings a compiler along, shows so before anybody runs it. With two platforms, it is not told which is the odd one.
 */
export function oddSizes(images: readonly SizedImage[]): Finding[] {
  if (images.length < 2) return [];
  const odd = images.flatMap((image) => {
    const others = images.filter((other) => other !== image).map(({ size }) => size);
    const middle = median(others);
    if (Math.max(image.size, middle) < leastSize || ratioOf(image.size, middle) <= oddRatio) return [];
    return [{ image, middle }];
  });
  // Where all differ from each other, none is the odd one; of two, both do.
  const told = images.length === 2 ? odd.slice(0, 1) : odd.length * 2 < images.length ? odd : [];
  return told.map(({ image, middle }) => {
    const words = `${formatPlatform(image.platform)} has ${megabytes(image.size)} of compressed layers, and the ${images.length === 2 ? "other platform" : "middle of the others"} ${megabytes(middle)}`;
    return aboutIndex(
      "size-differs",
      "note",
      `${words}: look whether something is missing or too much in one of them.`,
      [image.platform],
    );
  });
}

function ratioOf(a: number, b: number): number {
  return Math.max(a, b) / Math.max(1, Math.min(a, b));
}

function median(sizes: readonly number[]): number {
  const sorted = sizes.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
