import { z } from "zod";
import { parseReference } from "../../oci/reference.ts";
import { readWith, text } from "../values.ts";
import { cron, globs, listOf, timezone } from "./values.ts";

/** Names of events, as `on` and `when.event` write them. */
export const eventNames = ["push", "tag", "pull_request", "schedule", "image", "manual"] as const;

/** What an event alone stands for: no filter. A schedule without times and an image without a name are none. */
const shortNames = ["push", "tag", "pull_request", "manual"] as const;

const branchFilter = z.strictObject(
  {
    branches: globs.exactOptional().describe("globs of branches"),
    paths: globs.exactOptional().describe("globs of changed files"),
  },
  { error: "must be a mapping, for example { branches: [main] }" },
);

const input = z.strictObject({
  description: text.optional().describe("for the person who starts a run"),
  choice: z.array(text).min(1).optional().describe("values that are allowed"),
  default: z.string().optional().describe("value when none is given"),
  required: z.boolean().default(false).describe("a run by hand must give it"),
});

const triggerMap = z.strictObject({
  push: branchFilter.nullable().exactOptional().describe("commits on branches"),
  tag: globs.nullable().exactOptional().describe("globs of tags"),
  pull_request: branchFilter.nullable().exactOptional().describe("requests to merge into branches"),
  schedule: z
    .array(
      z.strictObject(
        {
          cron: cron.describe("minute, hour, day of the month, month, day of the week"),
          timezone: timezone.default("UTC").describe("of the IANA database: Europe/Warsaw"),
        },
        { error: 'must be a mapping, for example { cron: "0 3 * * *" }' },
      ),
      { error: 'must be a list, for example [{ cron: "0 3 * * *" }]' },
    )
    .min(1)
    .exactOptional()
    .describe("times, as cron writes them"),
  image: z
    .array(
      text.superRefine((name, context) => {
        readWith(parseReference)(name, context);
      }),
    )
    .min(1)
    .exactOptional()
    .describe("base images: the pipeline runs when one moved or gained a platform"),
  manual: z
    .strictObject({
      inputs: z
        .record(z.string().regex(/^[a-z_][a-z0-9_]*$/, "must be small letters, digits and _"), input)
        .default({})
        .describe("values by name: ${{ inputs.NAME }}"),
    })
    .nullable()
    .exactOptional()
    .describe("started by a person, who may give inputs"),
});

/** The events that start a pipeline, with their filters; none: all do. */
export type Triggers = z.output<typeof triggerMap>;

/** `on:`: an event, a list of events, or a mapping of events to filters. */
export const triggers = z.union([
  listOf(z.enum(shortNames)).transform((events): Triggers => Object.fromEntries(events.map((event) => [event, null]))),
  triggerMap,
]);
