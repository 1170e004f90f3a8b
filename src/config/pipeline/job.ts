import { z } from "zod";
import { platform, text } from "../values.ts";
import { jobPlatforms, matrix, platformList } from "./matrix.ts";
import { handlers, resources, retry, secrets, service, step, when } from "./step.ts";
import { containerImage, duration, environment, imageName, listOf, plainName, size, template } from "./values.ts";

const someTemplates = listOf(template);
const imageTags = listOf(imageName);

const relativePath = z
  .string()
  .regex(/^(?!\/)(?!(.*\/)?\.\.(\/|$)).+$/, "must be a path inside of the workspace, without ..");

const cache = z.strictObject({
  path: template.describe("absolute, or relative to the workspace"),
  key: template.describe("the platform is always part of it"),
  restore: z.array(template).default([]).describe("beginnings of keys that do when there is no cache of the key"),
  max_size: size.default(5 * 1024 ** 3).describe("a larger one is not saved"),
  save: z.enum(["success", "always"]).default("success").describe("also after a failure: always"),
});

const artifact = z.union([
  listOf(template).transform((paths) => ({ paths, when: "success" as const, expires: 14 * 86_400, optional: false })),
  z.strictObject({
    paths: listOf(template).describe("globs relative to the workspace"),
    when: z.enum(["success", "failure", "always"]).default("success").describe("after what it is collected"),
    expires: duration.default(14 * 86_400).describe("how long a server keeps it"),
    optional: z.boolean().default(false).describe("no error when nothing fits"),
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
  image: containerImage.exactOptional().describe("image of the steps there"),
  steps: steps.exactOptional().describe("steps there, instead of the others"),
  env: environment.describe("variables there, over those of the job"),
  resources: resources.exactOptional().describe("limits there"),
  may_fail: z.boolean().exactOptional().describe("the run succeeds although the job fails there"),
});

const build = z.strictObject({
  context: template.exactOptional().describe("folder to build, relative to the file"),
  file: template.exactOptional().describe("Dockerfile, relative to the file"),
  platforms: platformList.min(1).exactOptional().describe("platforms that are built; the pipeline's when not given"),
  tags: imageTags.default([]).describe("names of the image, HOST/REPOSITORY:TAG"),
  args: environment.describe("build arguments"),
  target: template.exactOptional().describe("stage to build"),
  labels: z.record(text, template).default({}).describe("labels of the image"),
  annotations: z.array(template).default([]).describe("annotations, [ON:]KEY=VALUE"),
  cache_from: z.array(template).default([]).describe("caches to read"),
  cache_to: z.array(template).default([]).describe("caches to write"),
  provenance: template.exactOptional().describe("provenance attestation"),
  sbom: template.exactOptional().describe("software bill of materials"),
  secrets: z.record(text, text).default({}).describe("id of the build secret → name of the secret"),
  contexts: z
    .record(text, template)
    .default({})
    .describe("named contexts: a folder relative to the file, docker-image://IMAGE, a URL"),
  no_cache: z.boolean().default(false).describe("use no cache"),
  pull: z.boolean().default(false).describe("ask for newer base images"),
  native_only: z.boolean().default(false).describe("refuse to emulate"),
  allow_missing: z.array(platform).default([]).describe("platforms that may lack"),
  push: z.boolean().default(false).describe("publish under the tags"),
});

const verify = z.strictObject({
  images: someTemplates.default([]).describe("what is proven; beside a build it is the image of that"),
  platforms: z.array(platform).default([]).describe("platforms that are proven; all when not given"),
  require: z.array(platform).default([]).describe("platforms that must be there"),
  severity: z.enum(["error", "warning", "note"]).default("error").describe("findings from which it fails"),
  run: z.array(template).exactOptional().describe("command that is started in each platform"),
});

const copies = z.strictObject({
  from: someTemplates.describe("images that are read"),
  to: someTemplates.describe("names that they get"),
  platforms: z.array(platform).default([]).describe("these platforms alone"),
});
const imageWork = z
  .strictObject({
    create: copies.exactOptional().describe("joins images of single platforms"),
    copy: copies.exactOptional().describe("copies an image with all of its platforms"),
    tag: copies.exactOptional().describe("gives an image another tag"),
  })
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
  needs: listOf(plainName).default([]).describe("jobs that end before it"),
  when,
  platforms: jobPlatforms.exactOptional().describe("one job per platform, each on a machine of that platform"),
  matrix: matrix.exactOptional().describe("a job for each combination of the values of its axes"),
  overrides: z.record(text, override).default({}).describe("what differs on a platform"),
  emulation: z
    .enum(["never", "fallback", "auto"])
    .default("fallback")
    .describe("never, fallback (only where no native machine is) or auto"),
  timeout: duration.exactOptional().describe("20m, 1h30m; waiting for a machine does not count"),
  retry,
  may_fail: z.boolean().default(false).describe("the run succeeds although the job fails"),
  concurrency: concurrency.exactOptional().describe("a group of which one job at a time runs"),
  env: environment.describe("variables of the job; each knows those above it"),
  on_failure: handlers,
  image: z
    .union([containerImage, imageWork])
    .exactOptional()
    .describe("image of the steps, or what is done with images"),
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
  user: text.exactOptional().describe("UID[:GID], or a name of the image"),
  workspace: z
    .string()
    .regex(/^\/./, "must be an absolute path")
    .default("/workspace")
    .describe("absolute path of the files in the containers"),
  build: build.exactOptional().describe("builds an image for all platforms"),
  verify: verify.exactOptional().describe("proves images, or the one that is built"),
  promote: z
    .strictObject({
      from: template.describe("the image, or the digest of one of this run"),
      to: someTemplates.describe("tags that move to it"),
    })
    .exactOptional()
    .describe("moves tags to an image that is proven"),
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
