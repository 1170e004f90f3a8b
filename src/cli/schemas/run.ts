/** Schemas of what `archway run` prints as JSON: its summary, and the events of `--progress json` and `events.jsonl`. */
import { z } from "zod";
import { count, digest, platform, version } from "./parts.ts";

const seconds = z.number().min(0);
const failure = z.object({
  kind: z.enum(["user", "infrastructure", "cancelled", "timeout", "out-of-memory"]),
  code: z.string().describe("stable name of the error"),
  message: z.string(),
  hint: z.string().optional(),
  explained: z.object({ code: z.string(), title: z.string(), cause: z.string(), fix: z.string() }).optional(),
});

/** `archway run --format json`. */
export const runSchema = z
  .object({
    version,
    run: z.string(),
    state: z.enum(["succeeded", "failed", "cancelled"]),
    seconds: z.object({ total: seconds, native: seconds, emulated: seconds }),
    events: z.string().describe("file with all events, one a line"),
    images: z.array(z.object({ job: z.string(), reference: z.string(), digest, published: z.boolean() })),
    jobs: z.array(
      z.object({
        job: z.string(),
        state: z.string(),
        platform: platform.optional(),
        mode: z.enum(["native", "emulated"]).optional(),
        seconds,
        waited: seconds.describe("from being ready to the start"),
        cacheHits: count,
        reason: z.string().optional(),
        failure: failure.optional(),
      }),
    ),
  })
  .meta({ title: "archway run --format json" });

/** One event of a run; its further keys depend on `type`. */
export const runEventSchema = z
  .looseObject({
    index: count.describe("contiguous from 0"),
    at: z.number().describe("milliseconds since the epoch"),
    type: z.enum([
      "run-started",
      "job",
      "placed",
      "pulled",
      "workspace",
      "cache",
      "artifact",
      "service",
      "step",
      "log",
      "gap",
      "image",
      "approval",
      "note",
      "run-ended",
    ]),
    job: z.string().optional(),
  })
  .meta({ title: "Events of archway run" });
