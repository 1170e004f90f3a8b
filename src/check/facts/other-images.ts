/** Tags of an image outside of Docker's official ones that are known to have linux/arm64, or to lack it. */
export interface OtherImage {
  /** `HOST/PATH`. */
  readonly image: string;
  /** Lines as in `official-images.ts`. */
  readonly tags: string;
  /** Where it is said. */
  readonly source: string;
  /** When it was looked up, `YYYY-MM-DD`. */
  readonly asOf: string;
}

/** Each with its own source. */
export const otherImages: readonly OtherImage[] = [];
