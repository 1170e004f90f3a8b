/** Schemas of what `archway build` prints as JSON: its result, its plan, its progress. */
import { z } from "zod";
import { platform, platforms, digest, version, strategy, count, line, findingSchema, verdict, index } from "./parts.ts";

const seconds = z.number().min(0);
const absences = z.array(z.object({ platform, reason: z.string() }));
const missing = absences.describe("left out by --allow-missing");

/** `archway build --format json`, and the key `archway` of its metadata file. */
export const buildSchema = z
  .object({
    version,
    index: index
      .extend({
        loaded: z
          .object({ platform, store: z.enum(["docker", "podman", "buildah"]).optional() })
          .optional()
          .describe("the one platform that a local store or a Docker archive took; the digest is its image's"),
      })
      .optional()
      .describe("absent for outputs that are files, and when the build failed or was refused"),
    platforms: z.array(
      z.object({
        platform,
        digest: digest.optional(),
        strategy,
        reason: z.string(),
        node: z.string().describe("endpoint"),
        engine: z.string(),
        seconds: z
          .object({ total: seconds, native: seconds, cross: seconds, emulated: seconds })
          .describe("wall time of all steps, and of those of each kind"),
        cachedSteps: count,
        slowestStep: z.object({ name: z.string(), seconds }).optional(),
        verdict,
        findings: z.array(findingSchema),
        resumed: z.boolean().describe("taken from an earlier, unfinished run"),
      }),
    ),
    missing,
    failure: z
      .object({
        code: z.string().describe("stable name of the error"),
        message: z.string(),
        unbuilt: absences.describe("platforms that were not built, or whose image could not be read"),
      })
      .optional()
      .describe("the error that ended the build; absent when it succeeded"),
    logs: z.string().optional().describe("folder of the full logs, a file a platform"),
  })
  .meta({ title: "Result of archway build" });

/** `archway build --plan --format json`. */
export const planSchema = z
  .object({
    version,
    platforms: z.array(
      z.object({
        platform,
        strategy,
        reason: z.string(),
        node: z.string().describe("endpoint"),
        engine: z.string(),
        stages: z.array(
          z.object({
            name: z.string(),
            line,
            platform,
            strategy: strategy.nullable().describe("null for a stage that runs nothing"),
            steps: count,
            compiles: z.boolean(),
            hint: z.string().optional(),
          }),
        ),
      }),
    ),
    missing,
    bases: z.array(z.object({ reference: z.string(), digest, location: z.string(), platforms })),
    warnings: z.array(z.string()),
  })
  .meta({ title: "Plan of archway build" });

const at = z.number().describe("milliseconds since the epoch");

/** One line of `--progress json`. */
export const progressEventSchema = z
  .discriminatedUnion("type", [
    z.object({
      version,
      at,
      type: z.literal("platform"),
      platform,
      state: z.enum([
        "building",
        "resumed",
        "built",
        "proving",
        "proven",
        "refuted",
        "undecided",
        "unproven",
        "failed",
      ]),
      strategy: strategy.optional(),
      node: z.string().optional(),
      message: z.string().optional(),
    }),
    z.object({
      version,
      at,
      type: z.literal("step"),
      platform,
      id: z.string(),
      name: z.string(),
      state: z.enum(["started", "done", "cached", "failed", "canceled"]),
      emulated: z.boolean(),
      error: z.string().optional(),
    }),
    z.object({
      version,
      at,
      type: z.literal("transfer"),
      platform,
      step: z.string(),
      name: z.string(),
      current: z.number(),
      total: z.number().optional(),
    }),
    z.object({
      version,
      at,
      type: z.literal("log"),
      platform,
      step: z.string().optional(),
      stream: z.union([z.literal(1), z.literal(2)]),
      text: z.string(),
    }),
    z.object({
      version,
      at,
      type: z.literal("warning"),
      platform,
      text: z.string(),
      line: line.optional(),
      url: z.string().optional(),
    }),
    z.object({ version, at, type: z.literal("publish"), text: z.string() }),
    z.object({ version, at, type: z.literal("message"), text: z.string() }),
  ])
  .meta({ title: "One line of --progress json" });
