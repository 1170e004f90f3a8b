import type { Platform } from "../../platform/platform.ts";

/** What is known of an image: its platforms, or null when it is known not to exist. */
export type ImageFact = {
  readonly platforms: readonly Platform[];
  readonly digest?: string;
  readonly isIndex?: boolean;
} | null;

/** What is known of a package of an index: the platforms that it is ready for (an empty list means: for all), or null when there is none. */
export type PackageFact = { readonly platforms: readonly Platform[] | "all" } | null;

/**
 * What is known of the world outside of the repository. Every answer has three values: yes, no, and undefined for unknown, which is never a reason
 * for a finding. A question without an answer is remembered, and asked before the rules run again (see `check.ts`).
 */
export interface Facts {
  /** An image reference, in any spelling: `alpine:3.4`. */
  image(reference: string): ImageFact | undefined;
  /** Whether a URL can be fetched. */
  url(url: string): boolean | undefined;
  /** A package, as the facts file names it: `npm:NAME@VERSION`, `apk:RELEASE:NAME`, `deb:SUITE:NAME`, `pypi:NAME@VERSION`, `maven:GROUP:NAME@VERSION`. */
  package(key: string): PackageFact | undefined;
  /** The nearest later tag of the same repository (or the image that took its place) that is known to have all platforms; undefined when none is known. */
  replacement(reference: string, platforms: readonly Platform[]): string | undefined;
}

/** Facts that can be asked for outside. */
export interface FactSource extends Facts {
  /** Looks up what was asked and is unknown; false when nothing new was learned. What cannot be reached stays unknown. */
  learn(signal: AbortSignal): Promise<boolean>;
}
