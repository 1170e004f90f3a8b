import { z } from "zod";
import type { Platform } from "../platform/platform.ts";
import { normalizePlatform } from "../platform/platform.ts";
import type { Annotations } from "./annotations.ts";
import { isDigest } from "./digest.ts";
import { maxName } from "./limits.ts";

/** A digest in OCI form, `algorithm:hex`; only sha256 and sha512 are accepted. */
export type Digest = `${"sha256" | "sha512"}:${string}`;

/** What points at content (OCI image-spec, descriptor.md). `platform` is normalised when present. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  /** `platform["os.version"]`: which Windows an entry is for; it tells entries of the same platform apart. */
  readonly osVersion?: string;
  /** `platform["os.features"]`. */
  readonly osFeatures?: readonly string[];
  readonly annotations?: Annotations;
  readonly artifactType?: string;
  readonly urls?: readonly string[];
}

const name = z.string().max(maxName);

/** Schema of a digest. */
export const digestSchema = z.custom<Digest>(isDigest, "not a sha256 or sha512 digest");

/** Schema of annotations; `null` is what some tools write for none. */
export const annotationsSchema = z.record(z.string(), z.string()).nullish();

const platformSchema = z.object({
  os: name,
  architecture: name,
  variant: name.nullish(),
  "os.version": name.nullish(),
  "os.features": z.array(name).nullish(),
});

/** A descriptor as a document holds it; unknown fields are tolerated. */
export const descriptorSchema = z
  .object({
    mediaType: name,
    digest: digestSchema,
    size: z.int().nonnegative(),
    platform: platformSchema.nullish(),
    annotations: annotationsSchema,
    artifactType: name.nullish(),
    urls: z.array(z.string()).nullish(),
  })
  .transform(toDescriptor);

interface WrittenDescriptor {
  mediaType: string;
  digest: Digest;
  size: number;
  platform?: z.infer<typeof platformSchema> | null | undefined;
  annotations?: Record<string, string> | null | undefined;
  artifactType?: string | null | undefined;
  urls?: string[] | null | undefined;
}

function toDescriptor(written: WrittenDescriptor): Descriptor {
  const { mediaType, digest, size, platform, annotations, artifactType, urls } = written;
  return {
    mediaType,
    digest,
    size,
    ...platformFields(platform),
    ...(annotations ? { annotations } : {}),
    ...(artifactType ? { artifactType } : {}),
    ...(urls ? { urls } : {}),
  };
}

/** An empty platform (artifacts have been pushed with one) says nothing, so it counts as absent. */
function platformFields(written: WrittenDescriptor["platform"]): Partial<Descriptor> {
  if (!written || (written.os === "" && written.architecture === "")) return {};
  const { os, architecture, variant } = written;
  return {
    platform: normalizePlatform({ os, architecture, variant: variant ?? undefined }),
    ...(written["os.version"] ? { osVersion: written["os.version"] } : {}),
    ...(written["os.features"] ? { osFeatures: written["os.features"] } : {}),
  };
}

/** The descriptor in the form and key order in which documents hold it. */
export function encodeDescriptor(descriptor: Descriptor): Record<string, unknown> {
  const { mediaType, digest, size, platform, osVersion, osFeatures, annotations, artifactType, urls } = descriptor;
  return {
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    digest,
    size,
    ...(urls === undefined ? {} : { urls }),
    ...(annotations === undefined ? {} : { annotations: sortedByKey(annotations) }),
    ...(platform === undefined
      ? {}
      : {
          platform: {
            architecture: platform.architecture,
            os: platform.os,
            ...(osVersion === undefined ? {} : { "os.version": osVersion }),
            ...(osFeatures === undefined ? {} : { "os.features": osFeatures }),
            ...(platform.variant === undefined ? {} : { variant: platform.variant }),
          },
        }),
  };
}

/** The same annotations in the order of their keys, so that equal annotations give equal bytes. */
export function sortedByKey(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
}
