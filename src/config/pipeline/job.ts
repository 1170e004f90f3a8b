import { z } from "zod";
import { platform, text } from "../values.ts";
import { jobPlatforms, matrix, platformList } from "./matrix.ts";
import { handlers, resources, retry, secrets, service, step, when } from "./step.ts";
import { duration, environment, imageName, listOf, plainName, size, template } from "./values.ts";

const someTemplates = listOf(template);
const imageTags = listOf(imageName);

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

const artifactName = z.string().regex(/^[\w-]+\.[\w-]+$/, "must be JOB.ARTIFACT");

const input = z.union([
  artifactName.transform((artifact) => ({ artifact, optional: false })),
  z.strictObject({
    artifact: artifactName.describe("JOB.ARTIFACT"),
    optional: z.boolean().default(false).describe("no error when the job left no such artifact"),
  }),
]);

const steps = z.array(step, { error: 'must be a list, for example ["go test ./..."]' }).min(1);

const override = z.strictObject({
  image: imageName.exactOptional(),
  steps: steps.exactOptional(),
  env: environment,
  resources: resources.exactOptional(),
  may_fail: z.boolean().exactOptional(),
});

const build = z.strictObject({
  context: template.exactOptional(),
  file: template.exactOptional(),
  platforms: platformList.min(1).exactOptional(),
  tags: imageTags.default([]).describe("names of the image, HOST/REPOSITORY:TAG"),
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

/** The group of a job or of the whole pipeline. */
export const concurrency = z.union([
  template.transform((group) => ({ group, cancel: false })),
  z.strictObject({
    group: template.describe("name of the group"),
    cancel: z.boolean().default(false).describe("a newer one cancels the older, instead of waiting for it"),
  }),
]);

/** Keys of one artifact, which others write where the name belongs. */
const artifactKeys = ["paths", "expires", "expire_in", "optional", "when"];

const artifacts = z
  .record(plainName, artifact, { error: 'must be a mapping by name, for example { report: "out/*.xml" }' })
  .superRefine((named, context) => {
    for (const key of artifactKeys.filter((one) => Object.hasOwn(named, one))) {
      context.addIssue({
        code: "custom",
        path: [key],
        message: `"${key}" is no name of an artifact, it belongs into one`,
        params: { onKey: true, hint: "Give the artifact a name: artifacts: { report: { paths: [GLOB] } }." },
      });
    }
  });

/** One job as it is written. What fits together is decided by `checkPipeline`. */
const job = z.strictObject({
  needs: listOf(plainName).default([]),
  when,
  platforms: jobPlatforms.exactOptional().describe("one job per platform, each on a machine of that platform"),
  matrix: matrix.exactOptional(),
  overrides: z.record(text, override).default({}).describe("what differs on a platform"),
  emulation: z.enum(["never", "fallback", "auto"]).default("fallback"),
  timeout: duration.exactOptional(),
  retry,
  may_fail: z.boolean().default(false),
  concurrency: concurrency.exactOptional().describe("a group of which one job at a time runs"),
  env: environment,
  on_failure: handlers,
  image: z.union([imageName, imageWork]).exactOptional(),
  steps: steps.exactOptional().describe("scripts and programs, one after the other"),
  services: z
    .record(plainName, service, { error: 'must be a mapping by name, for example { db: { image: "postgres:17" } }' })
    .default({})
    .describe("containers beside the steps, reached under their names"),
  cache: z
    .array(cache, { error: "must be a list, for example [{ path: node_modules, key: npm }]" })
    .default([])
    .describe("files that later runs find again"),
  inputs: z
    .record(relativePath, input, {
      error: "must be a mapping of folders to artifacts, for example { reports: test.report }",
    })
    .default({})
    .describe("folder in the workspace → JOB.ARTIFACT"),
  artifacts: artifacts.default({}).describe("files that the job leaves, by name"),
  secrets,
  registries: z.array(text).default([]).describe("registries whose login the steps get"),
  resources,
  user: text.exactOptional(),
  workspace: z.string().regex(/^\/./, "must be an absolute path").default("/workspace"),
  build: build.exactOptional(),
  verify: verify.exactOptional(),
  promote: z.strictObject({ from: template, to: someTemplates }).exactOptional(),
  approval: z
    .strictObject(
      {
        timeout: duration.exactOptional().describe("until it counts as refused; for ever when not given"),
        message: template.exactOptional().describe("what the person is asked"),
      },
      { error: "must be a mapping, for example { timeout: 7d }, or {}" },
    )
    .nullable()
    .exactOptional()
    .describe("waits for a person"),
});

/** `jobs:` by name. */
export const jobs = z.record(plainName, job);

export type JobContent = z.output<typeof job>;
