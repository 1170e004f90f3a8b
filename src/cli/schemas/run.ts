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
    seconds: z.object({
      total: seconds,
      waited: seconds.describe("of all jobs together, from being ready to the start"),
      native: seconds.describe("of all jobs together"),
      emulated: seconds.describe("of all jobs together"),
    }),
    cacheHits: count,
    slowestStep: z
      .object({
        job: z.string(),
        step: z.string(),
        seconds: seconds.describe("of all attempts together"),
        // Summaries of earlier versions are read too.
        attempts: count.optional(),
      })
      .optional(),
    pipeline: z.string().describe("file of the pipeline; of a source URL#REF:FILE"),
    events: z.string().describe("file with all events, one a line"),
    images: z.array(
      z.object({
        job: z.string(),
        reference: z.string(),
        digest,
        published: z.boolean(),
        tags: z.array(z.string()).exactOptional().describe("names that it has, or would have were it published"),
      }),
    ),
    kept: z.array(z.string()).describe("jobs whose place was kept: archway run --shell JOB opens a shell there"),
    jobs: z.array(
      z.object({
        job: z.string(),
        state: z.string(),
        platform: platform.optional(),
        mode: z.enum(["native", "emulated"]).optional(),
        machine: z.string().optional().describe("where it ran"),
        placement: z.string().optional().describe("why it ran there, natively or emulated"),
        seconds,
        waited: seconds.describe("from being ready to the start"),
        cacheHits: count,
        reason: z.string().optional(),
        mayFail: z.literal(true).optional().describe("the run succeeds although it fails"),
        failure: failureSchema.optional(),
        log: z
          .object({ source: z.string(), lines: z.array(z.string()) })
          .optional()
          .describe("the end of the log that belongs to the failure"),
      }),
    ),
  })
  .meta({ title: "archway run --format json" });
