import { z } from "zod";

/** What is read of the answers of the Engine API; the rest is left alone. Names are the API's. */
export const versionAnswer = z.object({
  Version: z.string(),
  /** `1.52`; absent of strangers. */
  ApiVersion: z.string().default(""),
  /** As the daemon was compiled: the userland's. */
  Os: z.string().default("linux"),
  Arch: z.string().default(""),
  Components: z.array(z.object({ Name: z.string() })).default([]),
});

const names = z.record(z.string(), z.string()).nullish();

export const imageAnswer = z.object({
  Id: z.string(),
  Os: z.string(),
  Architecture: z.string(),
  Variant: z.string().nullish(),
  RepoDigests: z.array(z.string()).nullish(),
  Config: z.object({ User: z.string().nullish() }).nullish(),
});

export type ImageAnswer = z.output<typeof imageAnswer>;

export const createdAnswer = z.object({ Id: z.string() });

export const containerAnswer = z.object({
  State: z.object({
    OOMKilled: z.boolean().default(false),
  }),
  NetworkSettings: z
    .object({ Networks: z.record(z.string(), z.object({ IPAddress: z.string().nullish() })).nullish() })
    .nullish(),
});

export const execAnswer = z.object({ ExitCode: z.int().nullish() });

export const waitAnswer = z.object({ StatusCode: z.int() });

export const containersAnswer = z.array(z.object({ Id: z.string(), Labels: names }));

export const networksAnswer = z.array(z.object({ Id: z.string(), Labels: names }));

export const volumesAnswer = z.object({
  Volumes: z.array(z.object({ Name: z.string(), Labels: names })).nullish(),
});
/** The kernel's machine (`x86_64`, `aarch64`, `armv7l`), processors, and bytes of memory. */
export const infoAnswer = z.object({
  Architecture: z.string().default(""),
  NCPU: z.number().default(1),
  MemTotal: z.number().default(0),
  DockerRootDir: z.string().optional(),
});
export const imagesAnswer = z.array(z.object({ RepoTags: z.array(z.string()).nullish() }));

/** One line of the progress of a pull. */
export const progressAnswer = z.object({
  id: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional() }).optional(),
});
