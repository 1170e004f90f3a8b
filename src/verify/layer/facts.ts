import { z } from "zod";
import type { Digest } from "../../oci/descriptor.ts";
import { digestSchema } from "../../oci/descriptor.ts";
import type { Compression } from "./decompress.ts";
import type { ElfFacts } from "../program/elf.ts";
import type { TarEntryType } from "./tar-walk.ts";

/** Version of what {@link LayerFacts} hold and of how they are read; facts of another version are read again from the layer. */
export const factsVersion = 3;

/**
 * Schema of {@link LayerFacts} as the cache keeps them. The entries are taken as they are: the file has a checksum and the version in its name, and
 * is the user's own. To check every one of some ten thousand took longer than all the rest of a proof whose facts are known.
 */
export const layerFactsSchema: z.ZodType<LayerFacts> = z.object({
  version: z.literal(factsVersion),
  digest: digestSchema,
  diffId: digestSchema,
  size: z.int(),
  unpackedSize: z.int(),
  compression: z.enum(["none", "gzip", "zstd"]),
  entries: z.custom<readonly LayerEntry[]>(Array.isArray),
});

/** A program or library of another operating system: Windows (PE) or macOS (Mach-O). */
export interface ForeignProgram {
  readonly format: "pe" | "mach-o";
  /** OCI architectures that it holds code for, several in a universal binary; empty for code that no processor runs (.NET). */
  readonly architectures: readonly string[];
}

/** Machine code inside an archive that is a file of the image: a jar, a wheel. */
export interface ArchiveMember {
  /** Path in the archive; of an archive in an archive `outer.jar!/inner.so`; "" is the archive itself. */
  readonly path: string;
  /** Uncompressed bytes. */
  readonly size: number;
  readonly elf?: ElfFacts;
  readonly program?: ForeignProgram;
  /** Why it could not be examined, in words: `encrypted`, `damaged`, `too large`. */
  readonly unread?: string;
}

/** A package as the database of a package manager has it. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** As the package manager spells it: `amd64`, `x86_64`, `noarch`, `all`. */
  readonly architecture: string;
  /** Absolute paths that may hold machine code; absent where another file of the database lists them ({@link LayerEntry.owns}). */
  readonly files?: readonly string[];
}

/**
 * One entry of a layer. `path` is relative to the root without a slash at either end; `target` is a symlink's as written, a
 * hard link's in the form of `path`. ELF files of any kind have `elf` and `fingerprint`; other files with an x bit have
 * `head`, their first 256 bytes up to a line feed in Latin-1 (a `#!` line, or what else they begin with); the loader's
 * configuration files have `text`, and so have small shell scripts, as far as a layer has few of them. Archives that hold machine code have `members`; the files of a package manager's database have
 * `packages` (what is installed) or `owns` (absolute paths of the package that the file is named after); one that could not be
 * read has `unread`, which ends the sentence "it …".
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
  readonly program?: ForeignProgram;
  readonly members?: readonly ArchiveMember[];
  readonly packages?: readonly InstalledPackage[];
  readonly owns?: readonly string[];
  readonly unread?: string;
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
  /** By the first bytes, whatever the media type says. */
  readonly compression: Compression;
  readonly entries: readonly LayerEntry[];
}
