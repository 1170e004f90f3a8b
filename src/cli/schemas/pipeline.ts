/** Schema of what `archway pipeline show` prints as JSON. */
import { z } from "zod";
import { platform, platforms, version } from "./parts.ts";

const plannedJob = z.object({
  id: z.string().describe("unique in the run: NAME, NAME@PLATFORM, NAME[AXIS=VALUE]@PLATFORM"),
  name: z.string().describe("key of the job in the file"),
  kind: z.enum(["steps", "build", "verify", "image", "promote", "approval"]),
  platform: platform.optional().describe("what its containers run as; absent where any will do, or it has none"),
  platforms: platforms.optional().describe("of a build: what it builds for"),
  matrix: z.record(z.string(), z.string()).describe("values of the axes"),
  needs: z.array(z.string()).describe("ids of the jobs that end before it"),
  when: z.enum(["success", "failure", "always"]).describe("what the needed jobs must have come to"),
  condition: z.string().optional().describe("expression that decides when its turn comes"),
  skipped: z.string().optional().describe("why it does not run for this event"),
  does: z.string().describe("what it does, in words"),
});

/** `archway pipeline show --format json`. */
export const pipelineShowSchema = z
  .object({
    version,
    event: z.string().describe("in words: push to main"),
    refused: z.string().optional().describe("why the event starts no run"),
    jobs: z.array(plannedJob).describe("each after those that it needs"),
    schedules: z
      .array(
        z.object({
          cron: z.string(),
          timezone: z.string(),
          next: z.string().optional().describe("when it comes next, in UTC as RFC 3339; absent: never"),
        }),
      )
      .describe("times that start the pipeline"),
  })
  .meta({ title: "Result of archway pipeline show" });
