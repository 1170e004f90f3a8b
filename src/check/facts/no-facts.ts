import type { FactSource } from "./facts.ts";

/** Knows nothing. */
export const noFacts: FactSource = {
  image: () => undefined,
  url: () => undefined,
  package: () => undefined,
  replacement: () => undefined,
  learn: () => Promise.resolve(false),
};
