import { z } from "zod";
import type { Digest } from "../oci/descriptor.ts";
import { digestSchema } from "../oci/descriptor.ts";
import type { ElfFacts } from "./elf.ts";
import type { TarEntryType } from "./tar-walk.ts";

/** Version of what {@link LayerFacts} hold and of how they are read; facts of another version are read again from the layer. */
export const factsVersion = 1;

const elfSchema = z.object({
  bits: z.union([z.literal(32), z.literal(64)]),
  endian: z.enum(["little", "big"]),
  machine: z.int(),
  type: z.int(),
  flags: z.int(),
  osAbi: z.int(),
  abiVersion: z.int(),
  interpreter: z.string().exactOptional(),
  dynamic: z
    .union([
      z.literal("unread"),
      z.object({
        needed: z.array(z.string()),
        soname: z.string().exactOptional(),
        rpath: z.string().exactOptional(),
        runpath: z.string().exactOptional(),
      }),
    ])
    .exactOptional(),
  arm: z
    .object({
      cpuArch: z.int().exactOptional(),
      profile: z.string().exactOptional(),
      vfpArguments: z.int().exactOptional(),
    })
    .exactOptional(),
  isaLevel: z.int().exactOptional(),
  go: z.object({ version: z.string(), settings: z.record(z.string(), z.string()) }).exactOptional(),
});

const entrySchema = z.object({
  path: z.string(),
  type: z.enum(["file", "directory", "symlink", "hardlink", "character", "block", "fifo"]),
  mode: z.int(),
  size: z.int(),
  target: z.string().exactOptional(),
  elf: elfSchema.exactOptional(),
  fingerprint: z.string().exactOptional(),
  head: z.string().exactOptional(),
  text: z.string().exactOptional(),
});

/** Schema of {@link LayerFacts} as the cache keeps them. */
export const layerFactsSchema: z.ZodType<LayerFacts> = z.object({
  version: z.literal(factsVersion),
  digest: digestSchema,
  diffId: digestSchema,
  size: z.int(),
  unpackedSize: z.int(),
  entries: z.array(entrySchema),
});

/**
 * One entry of a layer. `path` is relative to the root without a slash at either end; `target` is a symlink's as written, a
 * hard link's in the form of `path`. ELF files of any kind have `elf` and `fingerprint`; other files with an x bit have
 * `head`, their first 256 bytes up to a line feed in Latin-1 (a `#!` line, or what else they begin with); the loader's
 * configuration files have `text`.
 */
export interface LayerEntry {
  readonly path: string;
  readonly type: TarEntryType;
  readonly mode: number;
  readonly size: number;
  readonly target?: string;
  readonly elf?: ElfFacts;
  readonly fingerprint?: string;
  readonly head?: string;
  readonly text?: string;
}

/**
 * Everything about one layer that a verdict may need, free of policy: the same layer has the same facts in every image and on
 * every platform. Plain JSON, so that it can be kept by the layer's digest. Entries are in the order of the archive,
 * whiteouts among them.
 */
export interface LayerFacts {
  readonly version: typeof factsVersion;
  readonly digest: Digest;
  /** Digest of the uncompressed archive. */
  readonly diffId: Digest;
  /** Compressed bytes. */
  readonly size: number;
  /** Uncompressed bytes. */
  readonly unpackedSize: number;
  readonly entries: readonly LayerEntry[];
}
