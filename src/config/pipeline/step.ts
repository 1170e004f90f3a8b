import { z } from "zod";
import type { Template } from "../../expression/template.ts";
import { parseTemplate } from "../../expression/template.ts";
import { readWith, text } from "../values.ts";
import { eventNames } from "./triggers.ts";
import {
  condition,
  duration,
  environment,
  globs,
  containerImage,
  listOf,
  plainName,
  secretName,
  size,
  template,
} from "./values.ts";

const absolutePath = z.string().regex(/^\/[^\0]*[^/\0]$/, "must be an absolute path");

/** A secret by name: as the variable of its name, as another one, or as a file. */
const secret = z
  .union([
    secretName.transform((name) => ({ name, env: name })),
    z.strictObject({
      name: secretName.describe("name of the secret"),
      env: secretName.exactOptional().describe("variable that holds the value"),
      file: absolutePath.exactOptional().describe("file that holds the value"),
    }),
  ])
  .transform((use) =>
    use.env === undefined && !("file" in use && use.file !== undefined) ? { ...use, env: use.name } : use,
  );

/** The secrets of a job or step. */
export const secrets = z
  .array(secret, { error: "must be a list of names, for example [TOKEN]" })
  .default([])
  .describe("secrets by name, as variables or files");

/** Limits of containers. */
export const resources = z
  .strictObject({
    cpus: z
      .number({ error: "must be a number, for example 2 or 0.5" })
      .positive()
      .max(1024)
      .exactOptional()
      .describe("processors; 0.5 is half of one"),
    memory: size.exactOptional().describe("512MiB, 2GiB"),
    pids: z.int().min(1).exactOptional().describe("processes and threads"),
  })
  .default({})
  .describe("limits of the container");

const retryReasons = ["infrastructure", "user", "timeout", "out-of-memory"] as const;

const attempts = z.int().min(1).max(10).describe("runs in total");
const retryMapping = z.strictObject({
  attempts,
  on: listOf(z.enum(retryReasons)).default(["infrastructure"]).describe("kinds of failures that are tried again"),
  delay: duration.default(0).describe("before the second attempt; doubled each time"),
});

/** What is tried again, and how often: a number of attempts, or a mapping. */
export const retry = z
  .union([
    attempts.transform((count): z.output<typeof retryMapping> => ({
      attempts: count,
      on: ["infrastructure"],
      delay: 0,
    })),
    retryMapping,
  ])
  .exactOptional()
  .describe("attempts, or which failures are tried again");

const statuses = ["success", "failure", "always"] as const;

/** When a job or step runs. */
export interface WhenContent {
  readonly status: (typeof statuses)[number];
  readonly event?: readonly (typeof eventNames)[number][];
  readonly branch?: readonly string[];
  readonly tag?: readonly string[];
  readonly path?: readonly string[];
  readonly if?: Template;
}

/** `when`: a status alone, or a mapping. */
export const when = z
  .union([
    z.enum(statuses).transform((status): WhenContent => ({ status })),
    z
      .strictObject({
        status: z.enum(statuses).default("success").describe("what came before: success, failure or always"),
        event: listOf(z.enum(eventNames)).exactOptional().describe("events of the run"),
        branch: globs.exactOptional().describe("globs of branches; ! takes out"),
        tag: globs.exactOptional().describe("globs of tags; ! takes out"),
        path: globs.exactOptional().describe("globs of changed files"),
        if: condition.exactOptional().describe("an expression: empty, false and 0 are no"),
      })
      .transform((content): WhenContent => content),
  ])
  .exactOptional()
  .describe("success, failure or always, or conditions that must all hold");

const command = {
  run: template.exactOptional().describe("script, run by sh -e"),
  entrypoint: listOf(template).exactOptional().describe("replaces the image's entrypoint"),
  args: z.array(template).exactOptional().describe("arguments of the image's entrypoint"),
};

/** What runs on a failure. */
const handler = z.strictObject({
  name: plainName.exactOptional().describe("name in logs"),
  image: containerImage.exactOptional().describe("image that it runs in, instead of the job's"),
  ...command,
  env: environment.describe("variables over those of the job"),
  secrets,
  directory: template.exactOptional().describe("folder that it runs in, relative to the workspace"),
  user: text.exactOptional().describe("UID[:GID], or a name of the image"),
  timeout: duration.exactOptional().describe("90s, 20m, 1h30m"),
});

/** `on_failure` of a pipeline, job or step. */
export const handlers = z.array(handler).default([]).describe("what runs after a failure; it never changes the result");

const stepMapping = z.strictObject({
  ...handler.shape,
  when,
  retry,
  may_fail: z.boolean().default(false).describe("the job goes on although the step fails"),
  on_failure: handlers,
  resources,
});

/** One step: a script, or a mapping. */
export const step = z.union([
  template.transform((run): StepContent => ({
    run,
    env: {},
    secrets: [],
    may_fail: false,
    on_failure: [],
    resources: {},
  })),
  stepMapping,
]);

const port = z.int().min(1).max(65_535);

const readiness = z.union([
  port.transform((number) => ({ port: number, timeout: 60, interval: 1 })),
  z
    .string()
    .refine((text) => !/^\d+[smh]$/.test(text), {
      error: "must be a command or a port; how long to wait at most is { command: COMMAND, timeout: 30s }",
      abort: true,
    })
    .transform((text, context) => ({ command: readWith(parseTemplate)(text, context), timeout: 60, interval: 1 })),
  z
    .strictObject({
      command: template.exactOptional().describe("in the service's container; 0 is ready"),
      port: port.exactOptional().describe("ready when it takes connections"),
      timeout: duration.default(60).describe("until the job gives up"),
      interval: duration.default(1).describe("between two tries"),
    })
    .refine(
      (ready) => (ready.command === undefined) !== (ready.port === undefined),
      "must have either command or port",
    ),
]);

/** A container beside the steps. */
export const service = z.strictObject(
  {
    image: containerImage.describe("image of the service"),
    ...command,
    env: environment.describe("variables of the service"),
    secrets,
    user: text.exactOptional().describe("UID[:GID], or a name of the image"),
    resources,
    ready: readiness.exactOptional().describe("command, or port: when the steps may start"),
  },
  { error: 'must be a mapping, for example { image: "postgres:17" }' },
);

export type StepContent = z.output<typeof stepMapping>;
export type HandlerContent = z.output<typeof handler>;
export type ServiceContent = z.output<typeof service>;
