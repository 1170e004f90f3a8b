/** Loaded before the tests by `npm run soak`: property tests run `ARCHWAY_SOAK` times as many cases as usual. */
import fc from "fast-check";

const usualRuns = 100;
fc.configureGlobal({ numRuns: usualRuns * Number(process.env["ARCHWAY_SOAK"] ?? 1) });
