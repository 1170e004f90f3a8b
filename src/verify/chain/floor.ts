import { canRun, normalizePlatform } from "../../platform/platform.ts";
import type { Platform } from "../../platform/platform.ts";
import type { ChainFile, StartChain } from "./chain-parts.ts";
import type { ElfFacts } from "../program/elf.ts";
import type { ExpectedCode, Needs } from "../program/identity.ts";
import { armNeeds, isOf, levelNeeds } from "../program/identity.ts";
import { baseName } from "../view/view.ts";

/** What a machine needs at least to start an image, whatever the index declares. */
export interface Floor {
  /** The lowest platform whose machines run it: `linux/amd64/v2`. */
  readonly platform: Platform;
  /** The file that asks for it; absent when nothing asks for more than the architecture's base. */
  readonly because?: { readonly path: string; readonly words: string };
  /** Platforms of hosts that run it without an emulator, by their instruction set. */
  readonly hosts: readonly Platform[];
}

/** Architectures whose files say which version of it they need. */
const needsOf: Readonly<Record<string, (elf: ElfFacts) => Needs | undefined>> = { amd64: levelNeeds, arm: armNeeds };

/** Hosts that are told apart. */
const hosts: readonly Platform[] = [
  ...["", "v2", "v3", "v4"].map((variant) => ({ os: "linux", architecture: "amd64", variant })),
  { os: "linux", architecture: "386" },
  { os: "linux", architecture: "arm64" },
  ...["v5", "v6", "v7", "v8"].map((variant) => ({ os: "linux", architecture: "arm", variant })),
  ...["riscv64", "ppc64le", "ppc64", "s390x", "loong64", "mips64le", "mips64", "mipsle", "mips"].map(
    (architecture) => ({ os: "linux", architecture }),
  ),
].map(normalizePlatform);

/**
 * The effective floor of an image: the highest version of the architecture that the files of its start chain say they need. Files say it by the GNU
 * property of x86-64 levels, by ARM's build attributes, or by Go's build settings; what says nothing asks for nothing.
 */
export function floorOf({ platform, architecture }: ExpectedCode, chain: StartChain): Floor {
  const read = needsOf[architecture.name];
  const needs = chain.files.flatMap((link) => {
    const { elf } = link.file.entry;
    const skipped = architecture.name === "arm" && hasChoices(link);
    const need = elf === undefined || !isOf(elf, architecture) || skipped ? undefined : read?.(elf);
    return need === undefined ? [] : [{ ...need, path: link.path }];
  });
  const highest = needs.toSorted((a, b) => b.version - a.version)[0];
  const floor = floorPlatform(platform, highest);
  const base = architecture.name === "arm" ? 5 : 1;
  return {
    platform: floor,
    ...(highest === undefined || highest.version <= base
      ? {}
      : { because: { path: highest.path, words: highest.words } }),
    hosts: hosts.filter((host) => canRun(host, floor)),
  };
}

/** ARM libraries with parts for newer chips, chosen when they run (OpenSSL, ffmpeg), carry the attributes of those parts. */
export function hasChoices({ role, path }: Pick<ChainFile, "role" | "path">): boolean {
  return role === "library" && !/^libc\.(?:so|musl)/.test(baseName(path));
}

function floorPlatform(declared: Platform, needs: Needs | undefined): Platform {
  const { os, architecture } = declared;
  if (needs === undefined) return declared;
  return normalizePlatform({ os, architecture, variant: `v${needs.version}` });
}
