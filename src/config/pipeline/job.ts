import { z } from "zod";
import { platform, text } from "../values.ts";
import { handlers, resources, retry, secrets, service, step, when } from "./step.ts";
import { duration, environment, imageName, listOf, plainName, size, template } from "./values.ts";

const someTemplates = listOf(template);

const relativePath = z
  .string()
  .regex(/^(?!\/)(?!(.*\/)?\.\.(\/|$)).+$/, "must be a path inside of the workspace, without ..");

const cache = z.strictObject({
  path: template.describe("absolute, or relative to the workspace"),
  key: template.describe("the platform is always part of it"),
  restore: z.array(template).default([]).describe("beginnings of keys that do when there is no cache of the key"),
  max_size: size.default(5 * 1024 ** 3),
  save: z.enum(["success", "always"]).default("success"),
});

const artifact = z.union([
  listOf(template).transform((paths) => ({ paths, when: "success" as const, expires: 14 * 86_400, optional: false })),
  z.strictObject({
    paths: listOf(template),
    when: z.enum(["success", "failure", "always"]).default("success"),
    expires: duration.default(14 * 86_400),
    optional: z.boolean().default(false),
  }),
]);

const axisValue = z
  .union([z.string(), z.int(), z.boolean()], { error: "must be a text" })
  .transform(String)
  .pipe(z.string().min(1));
const combination = z.record(plainName, axisValue);

const matrix = z
  .object({ include: z.array(combination).default([]), exclude: z.array(combination).default([]) })
  .catchall(z.array(axisValue).min(1))
  .exactOptional();

const override = z.strictObject({
  image: imageName.exactOptional(),
  steps: z.array(step).min(1).exactOptional(),
  env: environment,
  resources: resources.exactOptional(),
  may_fail: z.boolean().exactOptional(),
});

const build = z.strictObject({
  context: template.exactOptional(),
  file: template.exactOptional(),
  platforms: z.array(platform).exactOptional(),
  tags: someTemplates.default([]),
  args: environment,
  target: template.exactOptional(),
  labels: z.record(text, template).default({}),
  annotations: z.array(template).default([]),
  cache_from: z.array(template).default([]),
  cache_to: z.array(template).default([]),
  provenance: template.exactOptional(),
  sbom: template.exactOptional(),
  secrets: z.record(text, text).default({}).describe("id of the build secret → name of the secret"),
  native_only: z.boolean().default(false),
  allow_missing: z.array(platform).default([]),
  push: z.boolean().default(false).describe("publish under the tags"),
});

const verify = z.strictObject({
  images: someTemplates.default([]),
  platforms: z.array(platform).default([]),
  require: z.array(platform).default([]),
  severity: z.enum(["error", "warning", "note"]).default("error"),
  run: z.array(template).exactOptional().describe("command that is started in each platform"),
});

const copies = z.strictObject({ from: someTemplates, to: someTemplates, platforms: z.array(platform).default([]) });
const imageWork = z
  .strictObject({ create: copies.exactOptional(), copy: copies.exactOptional(), tag: copies.exactOptional() })
  .refine((work) => Object.keys(work).length === 1, "must have exactly one of create, copy and tag");

/** One job as it is written. What fits together is decided by `checkPipeline`. */
const job = z.strictObject({
  needs: listOf(plainName).default([]),
  when,
  platforms: z
    .union([z.literal("all"), z.array(platform).min(1)], { error: 'must be "all" or a list of platforms' })
    .exactOptional()
    .describe("one job per platform, each on a machine of that platform"),
  matrix,
  overrides: z.record(text, override).default({}).describe("what differs on a platform"),
  emulation: z.enum(["never", "fallback", "auto"]).default("fallback"),
  timeout: duration.exactOptional(),
  retry,
  may_fail: z.boolean().default(false),
  concurrency: z
    .union([
      template.transform((group) => ({ group, cancel: false })),
      z.strictObject({ group: template, cancel: z.boolean().default(false).describe("cancel the older run") }),
    ])
    .exactOptional(),
  env: environment,
  on_failure: handlers,
  image: z.union([imageName, imageWork]).exactOptional(),
  steps: z.array(step).min(1).exactOptional(),
  services: z.record(plainName, service).default({}),
  cache: z.array(cache).default([]),
  inputs: z
    .record(relativePath, z.string().regex(/^[\w-]+\.[\w-]+$/, "must be JOB.ARTIFACT"))
    .default({})
    .describe("folder in the workspace → JOB.ARTIFACT"),
  artifacts: z.record(plainName, artifact).default({}),
  secrets,
  registries: z.array(text).default([]).describe("registries whose login the steps get"),
  resources,
  user: text.exactOptional(),
  workspace: z.string().regex(/^\/./, "must be an absolute path").default("/workspace"),
  build: build.exactOptional(),
  verify: verify.exactOptional(),
  promote: z.strictObject({ from: template, to: someTemplates }).exactOptional(),
  approval: z
    .strictObject({ timeout: duration.exactOptional(), message: template.exactOptional() })
    .nullable()
    .exactOptional(),
});

/** `jobs:` by name. */
export const jobs = z.record(plainName, job);

export type JobContent = z.output<typeof job>;
