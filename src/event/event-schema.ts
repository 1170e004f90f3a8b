import { z } from "zod";
import type { RunEvent, RunEventBody } from "./run-event.ts";

const count = z.int().min(0);
const seconds = z.number().min(0);
const job = z.string().describe("id of the job: NAME, NAME@PLATFORM, NAME[AXIS=VALUE]@PLATFORM");
const platform = z.string().describe("os/architecture[/variant], for example linux/arm/v7");
const digest = z.string().describe("sha256:…");
const mode = z.enum(["native", "emulated"]);

/** Why something failed. */
export const failureSchema = z.object({
  kind: z.enum(["user", "infrastructure", "cancelled", "timeout", "out-of-memory"]),
  code: z.string().describe("stable name: STEP_FAILED, IMAGE_PLATFORM, SERVICE_NOT_READY, …"),
  message: z.string(),
  hint: z.string().exactOptional(),
  explained: z
    .object({ code: z.string(), title: z.string(), cause: z.string(), fix: z.string() })
    .exactOptional()
    .describe("entry of the error catalogue that the log points at"),
});

function event<Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) {
  return z.object({
    index: count.describe("contiguous from 0"),
    at: z.number().describe("milliseconds since the epoch"),
    type: z.literal(type),
    ...shape,
  });
}

/** One shape for each type of event: a type without one, or one that differs from the code's, does not compile. */
const shapes = {
  "run-started": event("run-started", {
    version: z.literal(1),
    run: z.string(),
    event: z.string().describe("push, tag, pull_request, schedule, image, manual"),
    branch: z.string().exactOptional(),
    tag: z.string().exactOptional(),
    commit: z.string().exactOptional(),
    platforms: z.array(platform),
    jobs: z.array(
      z.object({
        job,
        name: z.string().describe("key of the job in the file"),
        kind: z.enum(["steps", "build", "verify", "image", "promote", "approval"]),
        platform: platform.exactOptional(),
        needs: z.array(job),
      }),
    ),
  }),
  job: event("job", {
    job,
    state: z
      .enum(["waiting", "queued", "running", "succeeded", "failed", "cancelled", "skipped"])
      .describe(
        "queued: ready, waiting for a machine, a network, a person or its turn; the last four are final, and every job gets exactly one of them",
      ),
    reason: z.string().exactOptional().describe("why it waits, was skipped or was cancelled"),
    failure: failureSchema.exactOptional(),
    attempt: count.exactOptional(),
  }),
  placed: event("placed", {
    job,
    machine: z.string().describe("where the job runs"),
    platform,
    mode,
    reason: z.string(),
  }),
  pulled: event("pulled", {
    job,
    image: z.string(),
    digest: digest.describe("of the platform's manifest"),
    platform,
    bytes: count.describe("that were moved; 0 when the image was there"),
  }),
  workspace: event("workspace", { job, driver: z.string(), files: count, seconds }),
  cache: event("cache", {
    job,
    path: z.string(),
    key: z.string(),
    platform,
    result: z.enum(["hit", "restored", "miss", "saved", "not-saved"]),
    bytes: count.exactOptional(),
    reason: z.string().exactOptional(),
  }),
  artifact: event("artifact", { job, name: z.string(), files: count, bytes: count }),
  service: event("service", {
    job,
    service: z.string(),
    state: z.enum(["starting", "ready", "stopped", "failed"]),
    reason: z.string().exactOptional(),
  }),
  step: event("step", {
    job,
    step: z.string(),
    state: z.enum(["running", "succeeded", "failed", "skipped", "cancelled"]),
    attempt: count,
    handles: z.string().exactOptional().describe("it is a handler of this failed step; empty: of the job"),
    exitCode: z.int().exactOptional(),
    failure: failureSchema.exactOptional(),
    reason: z.string().exactOptional(),
    emulated: z.boolean().exactOptional(),
  }),
  log: event("log", {
    job,
    source: z.string().describe("name of the step, or service:NAME; for jobs without containers build, verify, image"),
    stream: z.enum(["stdout", "stderr"]),
    offset: count.describe(
      "bytes of this source before this piece; pieces follow each other without a hole, except after a gap",
    ),
    text: z.string().exactOptional().describe("UTF-8, secrets masked"),
    base64: z.string().exactOptional().describe("bytes that are not UTF-8, instead of text"),
  }),
  gap: event("gap", {
    job,
    source: z.string(),
    offset: count,
    bytes: count.exactOptional().describe("absent when nobody knows"),
    reason: z.string(),
  }),
  image: event("image", {
    job,
    reference: z.string(),
    digest,
    published: z.boolean(),
    tags: z.array(z.string()).exactOptional().describe("names that it has, or would have were it published"),
    platforms: z.array(platform),
    seconds: z
      .object({ native: seconds, cross: seconds, emulated: seconds })
      .exactOptional()
      .describe("of each strategy, of a build"),
  }),
  approval: event("approval", { job, answer: z.enum(["given", "refused"]), by: z.string().describe("who answered") }),
  note: event("note", { job: job.exactOptional(), text: z.string() }),
  "run-ended": event("run-ended", {
    state: z.enum(["succeeded", "failed", "cancelled"]),
    failure: failureSchema.exactOptional(),
  }),
} satisfies { readonly [Type in RunEventBody["type"]]: z.ZodType<Extract<RunEvent, { readonly type: Type }>> };

const { "run-started": started, ...others } = shapes;

/** One event of a run, as it stands on a line of `events.jsonl`, `--events` and `--progress json`. */
export const runEventSchema = z
  .discriminatedUnion("type", [started, ...Object.values(others)])
  .meta({ title: "Events of archway run" });
