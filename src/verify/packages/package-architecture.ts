import type { OwningPackage } from "../../finding/finding.ts";
import { architectures } from "../../platform/architecture.ts";
import type { ExpectedCode } from "../program/identity.ts";

/** How package managers spell a package that fits every architecture; RPM's keys have none. */
const independentWords = new Set(["", "all", "any", "noarch", "(none)"]);

/** RPM's other names of an architecture: its levels and variants are architectures of their own (rpmrc: `arch_compat`). */
const rpmFamilies: readonly (readonly [word: RegExp, name: string])[] = [
  [/^(?:i[3-6]86|athlon|geode|pentium[34])$/, "386"],
  [/^(?:x86_64(?:_v[1-4])?|amd64|ia32e)$/, "amd64"],
  [/^arm(?:v[5-8]\w*|hfp)$/, "arm"],
  [/^(?:ppc64p7|ppc64)$/, "ppc64"],
];

/** What the architecture of an installed package is to a platform. */
export type PackageFit =
  /** Of the platform, or of none. */
  | { readonly kind: "own" | "independent" }
  /** 32-bit x86 beside amd64: Linux runs it, and multilib distributions install it. */
  | { readonly kind: "companion" }
  /** Of another architecture: `name` is OCI's, absent where there are no images of it. */
  | { readonly kind: "foreign"; readonly name?: string };

/**
 * Whether a package of an architecture, as its package manager spells it, belongs on a platform. Debian's armhf is also
 * Raspbian's for arm/v6, and its armel runs on every ARM: there the ELF attributes of the files decide. Alpine and Fedora name
 * ARM's version, and what an older processor runs fits a newer one.
 */
export function packageFit(
  database: OwningPackage["database"],
  word: string,
  { platform, architecture: expected }: ExpectedCode,
): PackageFit {
  if (independentWords.has(word)) return { kind: "independent" };
  const name = nameOf(database, word);
  if (name === undefined) return { kind: "foreign" };
  if (name === "386" && expected.name === "amd64") return { kind: "companion" };
  if (name !== expected.name) return { kind: "foreign", name };
  const version = name === "arm" ? armVersionOf(database, word) : undefined;
  const declared = Number(/^v(\d)/.exec(platform.variant ?? "")?.[1] ?? 7);
  return version !== undefined && version > declared ? { kind: "foreign", name } : { kind: "own" };
}

function nameOf(database: OwningPackage["database"], word: string): string | undefined {
  const field = ({ dpkg: "debian", apk: "alpine", rpm: "rpm" } as const)[database];
  const row = architectures.find((one) => one[field] === word);
  if (row !== undefined) return row.name;
  if (database === "rpm") return rpmFamilies.find(([pattern]) => pattern.test(word))?.[1];
  return undefined;
}

/** The version of ARM that a package needs by the word of its port; `undefined` where the word is of several. */
function armVersionOf(database: OwningPackage["database"], word: string): number | undefined {
  if (database === "dpkg") return undefined;
  if (database === "apk") return word === "armhf" ? 6 : word === "armv7" ? 7 : undefined;
  const version = /^armv([5-8])/.exec(word)?.[1];
  return version === undefined ? undefined : Number(version);
}
