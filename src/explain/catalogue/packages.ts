import { isEmulated, isMissingHere, isRarePlatform, onAmd64 } from "../conditions.ts";
import type { Entry, Evidence } from "../entry.ts";

/** Words of packages that exist for x86 alone. */
const x86Package =
  /\b(?:intel|libc6-(?:i386|dev-i386|amd64)|lib32\S+|\S*multilib|\S+[:-](?:amd64|i386|x86[-_]64)|grub-(?:pc|efi-amd64)\S*|msr-tools|google-chrome\S*|wine\S*|syslinux|nvidia-\S+)\b/;

function isMissingPackage(evidence: Evidence): boolean {
  if (evidence.near(/breaks: world\[[^\]]*[=<>~]|Version '.*' for .* was not found/)) return false;
  const twin = onAmd64(evidence);
  if (twin !== undefined) return twin === "done";
  if (
    x86Package.test(evidence.text) ||
    evidence.after.slice(0, 3).some((line) => /\(no such package\)|\(missing\)/.test(line) && x86Package.test(line))
  ) {
    return evidence.platform?.architecture !== "amd64" || evidence.step === undefined;
  }
  return isMissingHere(evidence);
}

/** A wheel that is refused: for its platform, or for its version of Python. */
function isForeignWheel(evidence: Evidence): boolean {
  const tag = /-(?<platform>[a-z0-9_.]+)\.whl/.exec(evidence.text)?.groups?.["platform"] ?? "";
  if (tag === "any" || tag === "") return false;
  const machine = /(x86_64|amd64|aarch64|arm64|armv[67]l|i686|win32|ppc64le|s390x)/.exec(tag)?.[1];
  const { platform, context } = evidence;
  const subject = platform ?? context.host;
  if (tag.includes("manylinux") && context.has("musl")) return true;
  if (machine === undefined) return /macosx|win/.test(tag);
  if (!subject) return true;
  const names = {
    amd64: ["x86_64", "amd64"],
    arm64: ["aarch64", "arm64"],
    arm: ["armv6l", "armv7l"],
    "386": ["i686", "win32"],
  } as Readonly<Record<string, readonly string[]>>;
  return !(names[subject.architecture] ?? [subject.architecture]).includes(machine);
}

/** pip finds nothing: because no wheel is made for this platform, when it is a rare one. */
function lacksWheel(evidence: Evidence): boolean {
  const twin = onAmd64(evidence);
  if (twin !== undefined) return twin === "done";
  if (
    evidence.near(
      /NewConnectionError|Temporary failure in name resolution|Could not fetch URL|ReadTimeoutError|Requires-Python|requires a different Python/,
    )
  )
    return false;
  return (
    isRarePlatform(evidence) ||
    (evidence.context.has("musl") && evidence.near(/manylinux|musllinux|torch|tensorflow|onnxruntime/))
  );
}

/** Packages of systems and languages that are not there for a platform, or are another's. */
export const packages: readonly Entry[] = [
  {
    code: "E37",
    title: "A package does not exist for this architecture",
    severity: "error",
    signs: [
      {
        words: ["unable to locate package"],
        pattern: /E: Unable to locate package \S+/,
        when: isMissingPackage,
        condition: "for other platforms than amd64",
      },
      {
        words: ["has no installation candidate"],
        pattern: /E: Package '.*' has no installation candidate/,
        when: isMissingPackage,
        condition: "for other platforms than amd64",
      },
      {
        words: ["unable to select packages", "unsatisfiable constraints"],
        pattern: /ERROR: (?:unable to select packages|unsatisfiable constraints)/,
        when: (evidence) =>
          isMissingPackage(evidence) &&
          evidence.after.slice(0, 4).some((line) => /\(no such package\)|\(missing\)|masked in|required by/.test(line)),
        condition: "for other platforms than amd64, and not for pinned versions",
      },
      {
        words: ["no match for argument", "unable to find a match", "no package "],
        pattern: /No match for argument: \S+|Unable to find a match: |No package \S+ available/,
        when: isMissingPackage,
        condition: "for other platforms than amd64",
      },
      {
        words: ["ubuntu.com"],
        pattern:
          /(?:archive|security)\.ubuntu\.com\S*(?:binary-(?<arch>arm64|armhf|ppc64el|s390x|riscv64)|.* (?:arm64|armhf|ppc64el|s390x|riscv64) Packages)/,
        when: ({ text, after }) => /404/.test(`${text} ${after[0] ?? ""}`),
        condition: "with 404",
      },
      {
        words: ["doesn't support architecture"],
        pattern: /doesn't support architecture '(?<arch>arm64|armhf|armel|ppc64el|s390x|riscv64)'/,
      },
      {
        words: ["not available for arch"],
        pattern: /package "?\S+ not available for arch "?(?<arch>[\w/]+)/,
      },
      {
        words: ["does not have a package for architecture", "no packages for architecture"],
        pattern: /does not have a package for architecture|no packages for architecture/,
      },
    ],
    cause:
      "The distribution does not build this package for the architecture, or the mirror does not carry the architecture (Ubuntu's ports are on ports.ubuntu.com).",
    fixes: [
      {
        text: "Install it only where it exists: case $TARGETARCH in amd64) apt-get install …;; esac; take another package or build it from source. For Ubuntu on ARM use http://ports.ubuntu.com/ubuntu-ports in sources.list.",
      },
    ],
    url: "https://github.com/moby/moby/issues/42209",
  },
  {
    code: "E53",
    title: "A downloaded package is of another architecture",
    severity: "error",
    signs: [
      {
        words: ["does not match system"],
        pattern: /package architecture \((?<package>[\w-]+)\) does not match system \((?<arch>\w+)\)/,
      },
      {
        words: ["different architecture", "compatible architecture"],
        pattern:
          /is intended for a (?:different|\S+) architecture|does not have a compatible architecture|[Nn]ot a compatible architecture/,
      },
      { words: ["is intended for a "], pattern: /is intended for an? (?!different)\S+ architecture/ },
      { words: ["package architecture is not valid"], pattern: /package architecture is not valid/ },
      {
        words: [": depends: "],
        pattern: /^\s*\S+:(?:amd64|i386|arm64|armhf) : (?:Pre)?-?Depends: \S+:(?:amd64|i386|arm64|armhf)/,
      },
      {
        words: ["uninstallable"],
        pattern: /error: uninstallable/,
        when: ({ after }) => after.slice(0, 3).some((line) => /arch: \w+/.test(line)),
        condition: "where the solver names the architecture",
      },
    ],
    cause:
      "A .deb, .rpm or .apk was downloaded by a URL that names one architecture, and is installed where another one is.",
    fixes: [{ text: "Choose the file by $(dpkg --print-architecture), $(uname -m) or $TARGETARCH." }],
    url: "https://docs.docker.com/build/building/multi-platform/#cross-compilation",
  },
  {
    code: "E60",
    title: "A build tool's program does not exist for this platform",
    severity: "error",
    signs: [
      {
        words: ["aarch_64", "arm_32", "x-armhf", "ppcle_64", "s390_64", "x86_64", "riscv64"],
        pattern:
          /(?:[Cc]ould not (?:find|resolve|download|GET|transfer)|(?<![-\w])[Mm]issing:?|[Uu]nable to (?:resolve|find|download)|[Ff]ailed to (?:resolve|find|download)|Cannot (?:find|resolve)|Error resolving artifact:|Failure to find) .{0,300}\b(?:linux-(?<arch>aarch_64)|(?:linux|osx|windows)-(?:aarch_64|arm_32|armhf|ppcle_64|s390_64|x86_64|x86_32|riscv64|loongarch_64))\b/,
      },
      {
        words: [":exe:linux-", ":exe:osx-", ":exe:windows-"],
        pattern: /[\w.-]+:exe:(?:linux-(?<arch>aarch_64)|(?:linux|osx|windows)-\w+):/,
        when: ({ near }) => near(/Missing|[Cc]ould not (?:find|resolve)|[Uu]nable to resolve|was not found/),
      },
      {
        words: ["protoc", "grpc-java", "-grpc-"],
        pattern:
          /(?:protoc|grpc)\S*(?:linux|osx|windows)-\w+(?:\.exe)?:?.*(?:not found|not executable|cannot execute|is not executable)/,
      },
      { words: ["unknown host target"], pattern: /Unknown host target: linux aarch64/ },
    ],
    cause:
      "Maven or Gradle looks for a prebuilt program by the classifier of this platform (protoc, grpc plug-ins, native tools), and that version was never made for it.",
    fixes: [
      {
        text: "Take a version that has it (protoc 3.17.3 and grpc-java 1.40 were the first for linux-aarch_64), or run Maven and Gradle in a stage FROM --platform=$BUILDPLATFORM: class files are the same everywhere.",
      },
    ],
    url: "https://github.com/grpc/grpc-java/issues/7690",
  },
  {
    code: "E61",
    title: "Python has no wheel for this platform",
    severity: "error",
    signs: [
      {
        words: ["is not a supported wheel"],
        pattern: /\S+\.whl is not a supported wheel on this platform/,
        when: isForeignWheel,
        condition: "when the wheel's platform differs, not its Python",
      },
      {
        words: ["could not find a version that satisfies", "no matching distribution found"],
        pattern: /Could not find a version that satisfies the requirement|No matching distribution found for/,
        when: lacksWheel,
        condition: "for other platforms than amd64",
      },
      {
        words: ["has no wheels with a matching", "has no wheel", "wheel for the current platform"],
        pattern:
          /has no wheels with a matching platform tag|doesn't have a source distribution or wheel for the current platform|has no wheels? (?:for|that (?:is|are) compatible with) (?:the current|your) platform/,
      },
      {
        words: ["unable to find installation candidates"],
        pattern: /Unable to find installation candidates for/,
        when: lacksWheel,
        condition: "for other platforms than amd64",
      },
      {
        words: [
          "failed building wheel",
          "failed to build installable wheels",
          "find rust compiler",
          "failed to build wheel",
        ],
        pattern: /Failed building wheel for|Failed to build installable wheels|can't find Rust compiler/,
        when: (evidence) => lacksWheel(evidence) || (isRarePlatform(evidence) && isEmulated(evidence)),
        rank: "consequence",
        condition: "for other platforms than amd64",
      },
      {
        words: ["packagesnotfounderror", "are not available from current channels"],
        pattern: /PackagesNotFoundError|are not available from current channels/,
        when: (evidence) => isRarePlatform(evidence) || evidence.near(/linux-aarch64|osx-arm64/),
        condition: "for other platforms than amd64",
      },
    ],
    cause:
      "The package has wheels for other platforms only (amd64; glibc but not musl; 64 bits but not a 32-bit userland under a 64-bit kernel), and no source that could be built here.",
    fixes: [
      {
        text: "Take a version with wheels for this platform (pip download --platform manylinux2014_aarch64 --only-binary=:all: PACKAGE tells), a glibc base image instead of Alpine, piwheels.org for arm/v7, or build the wheel from source in a stage with a compiler.",
      },
    ],
    url: "https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/",
  },
];
