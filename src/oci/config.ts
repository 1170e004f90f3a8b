import { z } from "zod";
import type { Platform } from "../platform/platform.ts";
import { normalizePlatform } from "../platform/platform.ts";
import type { Digest } from "./descriptor.ts";
import { digestSchema } from "./descriptor.ts";
import type { Document, Expected } from "./document.ts";
import { readDocument } from "./document.ts";
import { maxName } from "./limits.ts";
import { mediaTypes } from "./media-types.ts";

/** One line of an image's history; lines that made a layer come in the order of the layers. */
export interface HistoryEntry {
  /** The instruction, as the builder wrote it. */
  readonly createdBy?: string;
  /** True when the instruction made no layer. */
  readonly emptyLayer: boolean;
}

/** View of an image's config (image-spec, config.md). */
export interface ImageConfig extends Document {
  /** What the image says it runs on, normalised. */
  readonly platform: Platform;
  readonly osVersion?: string;
  /** RFC 3339. */
  readonly created?: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** `NAME=value` in the order of the config. */
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  /** The health check as engines keep it (Docker's extension): `CMD` with words, `CMD-SHELL` with a text, `NONE`; empty for none. */
  readonly healthcheck: readonly string[];
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Instructions that a Dockerfile executes first when it builds on the image (Docker's extension). */
  readonly onbuild: readonly string[];
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
}

/** Old engines wrote a lone string where a list belongs, and `null` for an empty one. */
const words = z
  .union([z.string().transform((word) => [word]), z.array(z.string())])
  .nullish()
  .transform((list) => list ?? []);

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

const configSchema = z.object({
  os: z.string().min(1).max(maxName),
  architecture: z.string().min(1).max(maxName),
  variant: z.string().max(maxName).nullish(),
  "os.version": z.string().max(maxName).nullish(),
  created: z.string().nullish(),
  config: z
    .object({
      Entrypoint: words,
      Cmd: words,
      Env: words,
      WorkingDir: text,
      Healthcheck: z.object({ Test: words }).nullish(),
      User: text,
      Labels: z.record(z.string(), z.string()).nullish(),
      OnBuild: words,
    })
    .nullish(),
  rootfs: z.object({ diff_ids: z.array(digestSchema).nullish() }),
  history: z.array(z.object({ created_by: z.string().nullish(), empty_layer: z.boolean().nullish() })).nullish(),
});

/**
 * Reads an image's config.
 *
 * @throws ArchwayError `INVALID_MANIFEST`, `TOO_LARGE`, `DIGEST_MISMATCH`.
 */
export function parseConfig(bytes: Uint8Array, expected: Expected = {}): ImageConfig {
  const { digest, content } = readDocument(bytes, configSchema, "image config", expected);
  const { config } = content;
  return {
    bytes,
    digest,
    mediaType: expected.mediaType ?? mediaTypes.ociConfig,
    platform: normalizePlatform({
      os: content.os,
      architecture: content.architecture,
      variant: content.variant ?? undefined,
    }),
    ...(content["os.version"] ? { osVersion: content["os.version"] } : {}),
    ...(content.created ? { created: content.created } : {}),
    entrypoint: config?.Entrypoint ?? [],
    command: config?.Cmd ?? [],
    environment: config?.Env ?? [],
    workingDirectory: config?.WorkingDir ?? "",
    healthcheck: config?.Healthcheck?.Test ?? [],
    user: config?.User ?? "",
    labels: config?.Labels ?? {},
    onbuild: config?.OnBuild ?? [],
    diffIds: content.rootfs.diff_ids ?? [],
    history: (content.history ?? []).map(({ created_by, empty_layer }) => ({
      ...(created_by ? { createdBy: created_by } : {}),
      emptyLayer: empty_layer === true,
    })),
  };
}
