/** Schema of what `archway run` prints as JSON: its summary. */
import { z } from "zod";
import { failureSchema } from "../../event/event-schema.ts";
import { count, digest, platform, version } from "./parts.ts";

const seconds = z.number().min(0);

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
        failure: failureSchema.optional(),
      }),
    ),
  })
  .meta({ title: "archway run --format json" });
