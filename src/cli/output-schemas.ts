/**
 * Schemas of everything that Archway prints as JSON, published in `schemas/` by `npm run schemas`. Programs rely on them: fields may be
 * added, and never change their meaning. Nothing here runs with the commands; tests hold their output against it.
 */
import { z } from "zod";

const platform = z.string().describe("os/architecture[/variant], for example linux/arm/v7");
const platforms = z.array(platform);
const digest = z.string().regex(/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/);
const version = z.literal(1).describe("version of this shape");
const strategy = z.enum(["native", "cross", "emulated"]);
const seconds = z.number().min(0);
const count = z.int().min(0);
const line = z.int().min(1);

/** One finding of check, verify and the gate. */
export const findingSchema = z
  .object({
    rule: z.string(),
    severity: z.enum(["error", "warning", "note"]),
    message: z.string(),
    platforms,
    path: z.string().describe("relative to the repository, or absolute in the image"),
    line: line.optional(),
    endLine: line.optional(),
    column: line.optional(),
    layer: z
      .object({ index: count, digest, size: count.describe("bytes"), createdBy: z.string().optional() })
      .optional(),
    package: z
      .object({
        database: z.enum(["dpkg", "apk", "rpm"]),
        name: z.string(),
        version: z.string(),
        architecture: z.string(),
      })
      .optional()
      .describe("the package that the file belongs to"),
    cause: z.object({ code: z.string(), text: z.string() }).optional(),
    related: z.array(z.object({ path: z.string(), line, message: z.string() })),
    fix: z
      .object({
        title: z.string(),
        edits: z.array(z.object({ path: z.string(), startLine: line, endLine: line, text: z.string() })).optional(),
      })
      .optional(),
    allowed: z.string().optional().describe("reason of the user's exception that made it a note"),
  })
  .meta({ title: "A finding" });

const verdict = z.enum(["pass", "fail", "undecided", "skipped"]).describe("what the architecture gate says");
const proved = z.enum(["pass", "fail", "undecided"]);
const index = z.object({
  digest,
  mediaType: z.string(),
  size: count.describe("bytes"),
  references: z.array(z.string()).describe("full references that point at it now"),
  pushed: z.boolean(),
});
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

/** `archway image create --format json`, and the key `archway` of its metadata file. */
export const imageCreateSchema = z
  .object({
    version,
    index,
    platforms: z.array(z.object({ platform, digest, verdict, findings: z.array(findingSchema) })),
  })
  .meta({ title: "Result of archway image create" });

/** `archway verify --format json`. */
export const verifySchema = z
  .object({
    version,
    images: z.array(
      z.object({
        reference: z.string().describe("as it was named on the command line"),
        digest: digest.optional().describe("absent for an image that could not be resolved or read"),
        mediaType: z.string().optional(),
        verdict: proved,
        findings: z.array(findingSchema).describe("about the index, or about what only shows between its platforms"),
        platforms: z.array(
          z.object({
            platform,
            digest,
            verdict: proved,
            findings: z.array(findingSchema),
            size: count.describe("compressed bytes of all layers"),
            unpackedSize: count.describe("uncompressed bytes of the layers that were read"),
            coverage: z
              .object({
                layers: count,
                cachedLayers: count.describe("whose facts were known already"),
                unreadLayers: count.describe("that could not be examined"),
                bytes: count.describe("compressed bytes of the examined layers"),
                files: count.describe("regular files in the merged file system"),
                elf: count.describe("ELF files among them"),
              })
              .describe("what was looked at"),
            floor: z
              .object({
                platform: platform.describe("the lowest platform that runs it"),
                because: z.string().optional(),
                hosts: platforms.describe("whose machines run it without an emulator"),
              })
              .optional(),
            layers: z.array(
              z.object({
                index: count,
                digest,
                size: count.describe("bytes"),
                createdBy: z.string().optional(),
                unpackedSize: count.optional(),
                code: z.record(z.string(), count).describe("programs and libraries by what they are code for"),
              }),
            ),
            run: z
              .object({
                host: platform.describe("the machine that ran it"),
                execution: z.enum(["native", "emulated"]).optional().describe("absent when it was not run"),
                emulator: z.string().optional(),
                command: z
                  .array(z.string())
                  .describe("what replaced entrypoint and command; empty for the image's own"),
                result: z.enum(["exited", "kept-running", "failed-to-start", "not-runnable-here"]),
                exitCode: count.optional().describe("128 and the number for a signal"),
                seconds,
                output: z.string().describe("its last lines"),
                reason: z.string().optional().describe("why it was not run"),
              })
              .optional()
              .describe("what came of --run; never a proof of architecture"),
          }),
        ),
      }),
    ),
    unusedAllow: z
      .array(z.object({ path: z.string(), reason: z.string() }))
      .describe("exceptions that covered nothing"),
  })
  .meta({ title: "Result of archway verify" });

/** `archway image copy|tag|promote|annotate|rm-platform --format json`. */
export const imageCopySchema = z
  .object({
    version,
    image: index.omit({ pushed: true }).describe("the image or index that was published"),
    platforms: z.array(z.object({ platform, digest, verdict, findings: z.array(findingSchema) })),
    tags: z
      .array(
        z.object({
          reference: z.string(),
          before: digest.nullable().describe("what it pointed at before; null when it was not there"),
        }),
      )
      .describe("the tags that point at it now"),
    attached: z
      .array(z.object({ digest, subject: digest, artifactType: z.string().optional(), tag: z.string().optional() }))
      .describe("signatures and other referrers that went along"),
    targets: z.array(
      z.object({
        target: z.string().describe("repository, layout or archive"),
        blobs: z.object({ present: count, mounted: count, sent: count }).describe("how each came to be there"),
        bytesSent: count,
      }),
    ),
  })
  .meta({ title: "Result of archway image copy, tag, promote, annotate and rm-platform" });

/** `archway platforms --format json`. */
export const platformsSchema = z
  .object({
    version,
    host: z.object({
      platform,
      kernel: z.string(),
      kernelArchitecture: z.string().optional(),
      userlandBits: z.union([z.literal(32), z.literal(64)]),
      emulated: z.boolean(),
      amd64Level: z.enum(["v1", "v2", "v3", "v4"]).optional(),
      aarch32: z.enum(["native", "shadowed", "absent"]).optional(),
      wsl: z.union([z.literal(1), z.literal(2)]).optional(),
      warnings: z.array(z.string()),
    }),
    native: platforms,
    emulated: z.array(
      z.object({
        platform,
        platforms,
        interpreter: z.string(),
        flags: z.string(),
        version: z.string().nullable(),
        missing: z.array(z.string()).describe("what each missing flag breaks"),
      }),
    ),
    engines: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        endpoint: z.string(),
        platforms,
        faults: z.array(z.object({ id: z.string(), text: z.string(), since: z.string(), avoided: z.boolean() })),
      }),
    ),
    unreachable: z.array(z.object({ name: z.string(), endpoint: z.string(), reason: z.string() })),
  })
  .meta({ title: "Result of archway platforms" });

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
