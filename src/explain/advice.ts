import type { Fix } from "./entry.ts";

/** What is better than to emulate. */
export const nativeOrCross: Fix = {
  text: "Best: build the platform on a machine of its own (archway build --node PLATFORM=ENDPOINT, or a job per platform that archway image create joins), or run the heavy step in a stage FROM --platform=$BUILDPLATFORM and copy the result.",
};
