/** Schemas of what `archway image inspect` and `prune` print as JSON. */
import { z } from "zod";
import { platform, digest, version } from "./parts.ts";

const bytes = z.int().min(0).describe("bytes");
const annotations = z.record(z.string(), z.string());

const descriptor = z.object({
  digest,
  mediaType: z.string(),
  size: bytes,
  listedPlatform: platform.optional().describe("what the index says"),
  osVersion: z.string().optional().describe("of Windows"),
  descriptorAnnotations: annotations.optional().describe("those that the index, not the document itself, has"),
});

const predicates = z.array(
  z.object({ type: z.string().describe("in-toto predicate type"), name: z.enum(["provenance", "sbom", "other"]) }),
);

const attestation = descriptor.extend({
  predicates,
  problem: z.string().optional().describe("why it could not be read"),
});

const document = descriptor.extend({
  annotations,
  artifactType: z.string().optional(),
  referrers: z
    .array(descriptor.extend({ artifactType: z.string().optional() }))
    .describe("manifests with it as subject"),
});

const image = document.extend({
  kind: z.literal("image"),
  platform: platform.optional().describe("what the index says, else the config"),
  transferSize: bytes.describe("bytes of config and layers as they are stored"),
  config: z.object({
    digest,
    mediaType: z.string(),
    size: bytes,
    problem: z.string().optional().describe("why it could not be read"),
    platform: platform.optional(),
    osVersion: z.string().optional(),
    created: z.string().optional().describe("RFC 3339"),
    entrypoint: z.array(z.string()).optional(),
    cmd: z.array(z.string()).optional(),
    environment: z.array(z.string()).optional().describe("names without values"),
    workingDirectory: z.string().optional(),
    user: z.string().optional(),
    labels: annotations.optional(),
  }),
  layers: z.array(
    descriptor.extend({ createdBy: z.string().optional().describe("instruction of the image's history") }),
  ),
  attestations: z.array(attestation),
});

const artifact = document.extend({
  kind: z.literal("artifact"),
  layers: z.array(descriptor),
  predicates,
  subject: digest.optional(),
});

const entry = z.discriminatedUnion("kind", [
  attestation.extend({ kind: z.literal("orphan"), subject: digest.describe("the image that the index does not list") }),
  descriptor.extend({ kind: z.literal("unreadable"), problem: z.string() }),
  descriptor.extend({ kind: z.literal("unknown") }),
]);

/** One level of a nested index. */
const nested = document.extend({
  kind: z.literal("index"),
  get entries(): z.ZodArray<z.ZodUnion<[typeof image, typeof artifact, typeof entry, typeof nested]>> {
    return z.array(z.union([image, artifact, entry, nested]));
  },
});

const root = {
  reference: z.string().describe("as it was named"),
  runsOn: z
    .array(z.object({ host: platform, takes: platform.describe("the image that an engine takes there") }))
    .describe("hosts that need no emulator"),
  oddities: z.array(
    z.object({
      code: z.enum([
        "platform-differs",
        "platform-unknown",
        "duplicate-platform",
        "orphan-attestation",
        "unreadable",
        "unknown-entry",
      ]),
      digest,
      message: z.string(),
    }),
  ),
};

/** `archway image inspect --format json`. */
export const imageInspectSchema = z
  .object({ version, images: z.array(z.union([nested.extend(root), image.extend(root), artifact.extend(root)])) })
  .meta({ title: "Result of archway image inspect" });

const pruneRoot = z.object({
  name: z.string().optional().describe("absent for an entry of a layout without one"),
  digest,
});

/** `archway image prune --format json`. */
export const imagePruneSchema = z
  .object({
    version,
    store: z.string().describe("repository or layout"),
    removed: z.boolean().describe("false for a plan that was only shown"),
    keep: z.array(pruneRoot.extend({ because: z.string() })),
    remove: z.array(
      pruneRoot.extend({
        because: z.string(),
        onlyName: z.boolean().describe("what it points at is still needed: the name goes alone"),
      }),
    ),
    manifests: z
      .array(z.object({ digest, kind: z.enum(["index", "manifest", "other"]) }))
      .describe("what goes, in the order of removal"),
    shared: z
      .array(z.object({ digest, neededBy: pruneRoot }))
      .describe("what a removed name leads to and a kept one needs"),
    left: z
      .array(z.object({ name: z.string(), reason: z.string() }))
      .describe("tags that the registry does not remove alone"),
    swept: z
      .object({ blobs: z.int().min(0), bytes })
      .optional()
      .describe("files that went of a layout"),
  })
  .meta({ title: "Result of archway image prune" });
