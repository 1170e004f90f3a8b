import { findArchitecture } from "../../../platform/architecture.ts";
import type { Platform } from "../../../platform/platform.ts";

/** What Debian and Ubuntu call the GNU tool-chain for a platform (packages `gcc-TRIPLET`, `g++-TRIPLET`, `libc6-dev-ARCH-cross`). */
export interface CrossToolChain {
  /** Prefix of its programs: `aarch64-linux-gnu`. */
  readonly triplet: string;
  /** The prefix as package names have it: `x86-64-linux-gnu`. */
  readonly packageTriplet: string;
  /** Debian's name of the architecture. */
  readonly debian: string;
  readonly rustTarget?: string;
}

/** The tool-chain for a platform; undefined where Debian has none. */
export function crossToolChain(platform: Platform): CrossToolChain | undefined {
  const architecture = findArchitecture(platform);
  if (architecture?.debian === undefined) return undefined;
  const { triplet, debian, rust } = architecture;
  return {
    triplet,
    packageTriplet: triplet.replaceAll("_", "-"),
    debian,
    ...(rust.gnu === undefined ? {} : { rustTarget: rust.gnu }),
  };
}

/** Shell words that install a tool-chain when the builder lacks it; `$triplet`, `$package` and `$debian` are set before. */
export function installToolChain(compilers: readonly ("gcc" | "g++")[]): string {
  const packages = compilers.map((name) => `"${name}-$package"`).join(" ");
  const programs = compilers.map((name) => `command -v "$triplet-${name}" >/dev/null`).join(" && ");
  const test = compilers.length > 1 ? `{ ${programs}; }` : programs;
  return `{ ${test} || { apt-get update && apt-get install -y --no-install-recommends ${packages} "libc6-dev-$debian-cross"; }; }`;
}
