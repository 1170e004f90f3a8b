import { findArchitecture } from "../../platform/architecture.ts";
import type { NameMatch } from "../../platform/architecture-words.ts";
import type { Platform } from "../../platform/platform.ts";
import { projectSpellings } from "./project-spellings.ts";

/** Whose words a name is in: they say how the same list spells other architectures. */
type SpellingFamily = "go" | "debian" | "uname" | "title" | "underscore" | "node" | "rust" | "conda" | "width" | "bits";

type Names = Readonly<Record<string, string>>;

/** os-maven-plugin's names (`os.detected.arch`). */
const underscoreNames: Names = {
  amd64: "x86_64",
  arm64: "aarch_64",
  ppc64le: "ppcle_64",
  s390x: "s390_64",
  "386": "x86_32",
};

/** Of https://nodejs.org/dist/. */
const nodeNames: Names = {
  amd64: "x64",
  arm64: "arm64",
  arm: "armv7l",
  ppc64le: "ppc64le",
  s390x: "s390x",
  "386": "x86",
};

/** Of conda's channels. */
const condaNames: Names = {
  amd64: "linux-64",
  arm64: "linux-aarch64",
  ppc64le: "linux-ppc64le",
  s390x: "linux-s390x",
};

/**
 * How the project that wrote a name most likely spells the platform; undefined when it cannot be told, or when the project is known to have
 * nothing for it.
 *
 * @param match The name as it is written: `x86_64`.
 * @param platform The wanted platform.
 * @param around The text that it stands in: the whole URL or path.
 */
export function spellingFor(match: NameMatch, platform: Platform, around: string): string | undefined {
  for (const { project, names } of projectSpellings) {
    if (!project.test(around) || !Object.values(names).some((name) => isSame(name, match.text))) continue;
    const name = names[keyOf(platform)] ?? names[platform.architecture];
    if (name === undefined) continue;
    return name === null ? undefined : inCaseOf(match.text, name);
  }
  const name = inFamily(familyOf(match, around), platform);
  if (name === undefined) return undefined;
  // Linux-64bit has Linux-ARM64 beside it, linux-64bit linux-arm64.
  const isBits = /^64[-_]?bit$/i.test(match.text) && /Linux[-_]$/.test(around.split(match.text, 1)[0] ?? "");
  return inCaseOf(isBits ? "AMD64" : match.text, name);
}

/** Whether a name is spelled as a project does; linux64 and 64bit may have a system in them or not. */
function isSame(name: string | null, written: string): boolean {
  return name?.toLowerCase() === written.toLowerCase();
}

/** `arm64`, `arm/v7`. */
function keyOf({ architecture, variant }: Platform): string {
  return variant === undefined ? architecture : `${architecture}/${variant}`;
}

/** The family of a name, by its spelling and by the shape of the text around it. */
function familyOf(match: NameMatch, around: string): SpellingFamily {
  const name = match.text.toLowerCase();
  if (/^linux[-_]64$/.test(name)) return "conda";
  if (/^64[-_]?bit$/.test(name)) return "bits";
  if (/^(?:linux|lin|debian|ubuntu|centos|rhel)/.test(name)) return "width";
  if (/^(?:x64|ia32)$/.test(name)) return "node";
  if (name === "aarch_64") return "underscore";
  const at = around.indexOf(match.text);
  const before = at < 0 ? "" : around.slice(Math.max(0, at - 24), at);
  const after = at < 0 ? "" : around.slice(at + match.text.length);
  if (/^-(?:unknown|pc|alpine|apple)-linux|^-unknown/.test(after)) return "rust";
  // The usual template of goreleaser writes x86_64 behind the system and an underscore, and keeps Go's names for the others: so do 330 of the 340
  // projects of the aqua registry (2026-08-22) whose files are spelled like that, in capitals or not.
  if (name !== "amd64" && /[._-]linux_$/i.test(before)) return "title";
  if (name.startsWith("x86") || name.startsWith("aarch64")) {
    // Classifiers of os-maven-plugin: protoc-gen-grpc-java-1.2-linux-x86_64.exe, netty-tcnative-2.0-linux-x86_64.jar.
    const isClassifier = before.endsWith("linux-") && /^(?:\.(?:exe|jar)\b|[:<"])/.test(after);
    return isClassifier && /maven|\.jar|\.exe/.test(around) ? "underscore" : "uname";
  }
  return /\.deb\b|binary-|\bdists\/|dpkg|\barch=/.test(around) ? "debian" : "go";
}

function inFamily(family: SpellingFamily, platform: Platform): string | undefined {
  const row = findArchitecture(platform);
  if (row === undefined) return undefined;
  switch (family) {
    case "go":
    case "title":
      return family === "title" && row.name === "amd64" ? "x86_64" : goName(row.name, row.variant, family);
    case "debian":
      return row.debian;
    case "uname":
      return row.machine;
    case "underscore":
      return underscoreNames[row.name];
    case "node":
      return nodeNames[row.name];
    case "rust":
      return row.rust.gnu?.split("-")[0];
    case "conda":
      return condaNames[row.name];
    case "width":
      return undefined;
    case "bits":
      return row.name === "amd64" ? "64bit" : row.name;
  }
}

function goName(name: string, variant: string | undefined, family: "go" | "title"): string {
  if (name === "arm" && variant !== undefined) return `arm${variant}`;
  return name === "386" && family === "title" ? "i386" : name;
}

/** `ARM64` for `AMD64`, `arm64` for `amd64`; what has capitals of its own keeps them. */
function inCaseOf(written: string, name: string): string {
  const isCapital = written === written.toUpperCase() && /[A-Z]{2}/.test(written);
  return isCapital ? name.toUpperCase() : name;
}
