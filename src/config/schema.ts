import { z } from "zod";
import { formatPlatform, parsePlatform } from "../platform/platform.ts";
import { namelessGlob, namingGlob } from "./allow-glob.ts";
import { concurrency, jobs } from "./pipeline/job.ts";
import { platformList } from "./pipeline/matrix.ts";
import { handlers } from "./pipeline/step.ts";
import { triggers } from "./pipeline/triggers.ts";
import { checkPipeline } from "./pipeline/check-pipeline.ts";
import { environment, listOf, secretName } from "./pipeline/values.ts";
import { readWith, text } from "./values.ts";

const nodes = z
  .record(
    text.superRefine((key, context) => {
      readWith(parsePlatform)(key, context);
    }),
    z.array(text).min(1),
  )
  .transform((record, context) => {
    const nodes = Object.entries(record).map(([key, endpoints]) => ({ key, platform: parsePlatform(key), endpoints }));
    const first = new Map<string, string>();
    for (const { key, platform } of nodes) {
      const name = formatPlatform(platform);
      const same = first.get(name);
      if (same === undefined) first.set(name, key);
      else {
        const message = `${key} and ${same} are the same platform`;
        context.addIssue({ code: "custom", path: [key], message, params: { onKey: true } });
      }
    }
    return nodes.map(({ platform, endpoints }) => ({ platform, endpoints }));
  });

const host = z
  .string()
  .regex(
    /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/,
    "must be HOST or HOST:PORT in small letters, without scheme or path",
  );

const registries = z.record(
  host,
  z.strictObject({
    mirrors: z.array(host).default([]).describe("registries that are asked first, in this order"),
    ca: text.exactOptional().describe("PEM file with the certificate authority, relative to this file"),
    insecure: z.boolean().default(false).describe("allow plain HTTP"),
    username: text.exactOptional().describe("user of the pipeline's jobs"),
    password: z
      .union(
        [z.strictObject({ secret: secretName.describe("name of the secret that holds the password") }), z.never()],
        {
          error: "must name a secret, as { secret: NAME }: passwords do not belong into this file",
        },
      )
      .exactOptional()
      .describe("password of the pipeline's jobs, by the name of its secret"),
  }),
);

const build = z
  .strictObject({
    context: text.optional().describe("folder to build, relative to this file"),
    file: text
      .optional()
      .describe(
        "Dockerfile, relative to this file; for a Git or tar context the same path is taken relative to the context",
      ),
    tags: z.array(text).default([]).describe("names of the image, HOST/REPOSITORY:TAG"),
    args: z.record(text, z.string()).default({}).describe("build arguments"),
    target: text.optional().describe("stage to build"),
    labels: z.record(text, z.string()).default({}).describe("labels of the image"),
    annotations: z.array(text).default([]).describe("annotations, [ON:]KEY=VALUE"),
    cache_from: z.array(text).default([]).describe("caches to read, as --cache-from"),
    cache_to: z.array(text).default([]).describe("caches to write, as --cache-to"),
    provenance: text.optional().describe("provenance attestation, as --provenance"),
    sbom: text.optional().describe("software bill of materials, as --sbom"),
    native_only: z.boolean().default(false).describe("refuse to emulate"),
    emulated_cpu: text.optional().describe("CPU model of QEMU for emulated steps"),
    jobs: z.int().min(1).max(9999).optional().describe("platforms that build at the same time"),
  })
  .transform(
    ({ cache_from: cacheFrom, cache_to: cacheTo, native_only: nativeOnly, emulated_cpu: emulatedCpu, ...rest }) => ({
      ...rest,
      cacheFrom,
      cacheTo,
      nativeOnly,
      ...(emulatedCpu === undefined ? {} : { emulatedCpu }),
    }),
  );

const reason = z.string().trim().min(1).describe("why this is right here; shown with the finding");

const imagePath = z
  .string()
  .regex(namingGlob, namelessGlob)
  .describe("glob of paths in the image, which names files or folders; one for the whole image is refused");

const verify = z.strictObject({
  allow: z
    .array(z.strictObject({ path: imagePath, reason }))
    .default([])
    .describe("files that may be of another architecture"),
});

const check = z.strictObject({
  ignore: z
    .array(
      z.strictObject({
        rule: text.describe("name of the rule"),
        path: text.optional().describe("glob of paths in the repository"),
        reason,
      }),
    )
    .default([])
    .describe("findings of check that are accepted"),
});

/** The schema of `.archway.yaml`: unknown keys are errors, and everything but `version` may be left out. */
export const configSchema = z
  .strictObject({
    version: z.literal(1).describe("version of this format"),
    platforms: platformList.default([]).describe("platforms that the commands work for"),
    engine: z.enum(["auto", "buildkit", "buildx", "buildah"]).optional().describe("build engine"),
    nodes: nodes.prefault({}).describe("endpoints of build engines by platform"),
    registries: registries.default({}).describe("mirrors and certificates of registries by host"),
    build: build.prefault({}).describe("defaults of archway build"),
    verify: verify.prefault({}).describe("defaults of archway verify and of the gate"),
    check: check.prefault({}).describe("defaults of archway check"),
    extends: listOf(text)
      .exactOptional()
      .describe(
        "files of this repository whose keys are taken over, relative to this file; they extend nothing themselves",
      ),
    on: triggers.prefault({}).describe("events that start the pipeline"),
    git: z
      .enum(["none", "commit", "history"])
      .exactOptional()
      .describe("what workspaces get as .git: nothing, the commit with its tags, or all that led to it"),
    env: environment.describe("variables of every step; each knows those above it"),
    concurrency: concurrency.exactOptional().describe("a group of which one run at a time is under way"),
    jobs: jobs.default({}).describe("the pipeline: its jobs by name"),
    on_failure: handlers.describe("what runs when a job has failed; it never changes the result"),
  })
  // Only of what is right so far: a part with a mistake has not become what the checks expect.
  .transform((content, context) => {
    checkPipeline(content, context);
    return content;
  })
  .meta({ title: "Archway configuration (.archway.yaml)" });

/** The content of an `.archway.yaml`, checked, with the defaults of what is left out. */
export type ConfigContent = z.output<typeof configSchema>;
