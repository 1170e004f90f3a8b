import type { Architecture } from "../platform/architecture.ts";
import { elfTypes } from "./elf-header.ts";
import type { ElfFacts } from "./elf.ts";
import { architectureOf, deviceOf } from "./identity.ts";

/**
 * Where foreign machine code is at home, learned from Debian, Homebrew and lintian, which check packages for it: images of
 * compilers, firmware and test data are full of it and work.
 */
const homes: readonly (readonly [reason: string, pattern: RegExp])[] = [
  [
    "firmware",
    /(?:^|\/)(?:firmware|ipxe|seabios|edk2|OVMF|openbios|opensbi|u-boot|uboot|arm-trusted-firmware)(?:\/|$)/i,
  ],
  [
    "boot loader",
    /^\/(?:boot|usr\/lib\/(?:grub|syslinux|ISOLINUX|shim|systemd\/boot)|usr\/share\/(?:syslinux|grub))\//,
  ],
  ["machine emulator data", /^\/usr\/(?:local\/)?share\/qemu\//],
  ["kernel module", /^\/(?:usr\/)?lib\/modules\/|\.ko$/],
  ["debug file", /^\/usr\/lib\/debug\/|\.debug$/],
  ["test data", /\/(?:test-?data|test-?fixtures|fixtures|__?tests?_?_?|tests?|spec|corpus|examples?|samples?)\//i],
  ["user-mode emulator", /\/qemu-[a-z0-9_]+(?:-static)?$/],
  ["cross compiler", /^\/usr\/lib\/gcc-cross\/|\/(?:sysroots?|cross)\//],
];

/** How the world writes each architecture in file names; Java, Node, Python, Rust, Go and distributions all differ. */
const spellings: Readonly<Record<string, string>> = {
  "386": "i386 i486 i586 i686 386 x86 ia32 x86_32 x86-32 lib32 linux32",
  amd64: "amd64 x86_64 x86-64 x64 x8664 linux64",
  arm: "arm armhf armel armv5 armv6 armv7 armv6l armv7l armv7a armv6hf armv7hf arm32 armeabi armeabi-v7a aarch_32",
  arm64: "arm64 aarch64 aarch_64 arm64-v8a arm64v8 armv8",
  loong64: "loong64 loongarch64",
  mips: "mips",
  mips64: "mips64",
  mips64le: "mips64le mips64el",
  mipsle: "mipsle mipsel",
  ppc64: "ppc64 powerpc64",
  ppc64le: "ppc64le ppc64el powerpc64le ppcle_64",
  riscv64: "riscv64 riscv64gc",
  s390x: "s390x s390_64",
};

/**
 * A folder of a cross compiler or of foreign libraries is named by a triplet; sets of builds name the system first
 * (`linux-x64`), or only the file.
 */
const tripletFolder =
  /\/(?:[^/]*[-_.])?(?:x86_64|i[3-6]86|aarch64|arm\w*|riscv\w*|powerpc\w*|s390x|mips\w*|loongarch64)-(?:\w+-)?(?:linux|none|elf|eabi)[^/]*\//;

/** Reason of {@link legitimacyOf} for libraries and tools of a second architecture that is installed beside the first. */
export const inFolderOfItsArchitecture = "a folder of its architecture";

/** Why code of another architecture is no defect where it is; `undefined` when nothing speaks for it. */
export function legitimacyOf(path: string, elf: ElfFacts, expected: Architecture): string | undefined {
  if (elf.type === elfTypes.relocatable) return "object file";
  if (elf.type === elfTypes.core) return "core dump";
  const device = deviceOf(elf);
  if (device !== undefined) return `${device} code`;
  const home = homes.find(([, pattern]) => pattern.test(path));
  if (home !== undefined) return home[0];
  const architecture = architectureOf(elf);
  if (architecture === undefined) return "code for machines without container images";
  if (isCompanion(elf, expected)) return "32-bit companion code";
  if (tripletFolder.test(path) && namesArchitecture(path.replace(/[^/]*$/, ""), architecture)) {
    return inFolderOfItsArchitecture;
  }
  return undefined;
}

/** 32-bit x86 code in an amd64 image: Linux runs it, and multilib distributions keep it in `/usr/lib`. */
export function isCompanion(elf: ElfFacts, expected: Architecture): boolean {
  return expected.name === "amd64" && (architectureOf(elf) === "386" || (elf.machine === 62 && elf.bits === 32));
}

/** Whether a path names the architecture: a folder `prebuilds/linux-x64`, a triplet, a file `agent-linux-amd64`. */
export function namesArchitecture(path: string, architecture: string): boolean {
  return patternOf(architecture, "i").test(path);
}

/**
 * The paths that the same build for another architecture may have: every spelling of one replaced by each of the other's. The
 * C library's name has a suffix on 32-bit ARM (`linux-arm-gnueabihf` beside `linux-x64-gnu`).
 */
export function pathsForOther(path: string, from: string, to: string): string[] {
  const plain = from === "arm" ? path.replaceAll(/(gnu|musl)eabi(?:hf)?/g, "$1") : path;
  const paths = wordsOf(to).map((word) => plain.replaceAll(patternOf(from, "gi"), word));
  return to === "arm" ? [...paths, ...paths.map((one) => one.replaceAll(/(gnu|musl)(?![a-z])/g, "$1eabihf"))] : paths;
}

/** Architectures that paths are told apart by. */
export function namedArchitectures(): string[] {
  return Object.keys(spellings);
}

function wordsOf(architecture: string): string[] {
  return (spellings[architecture] ?? "").split(" ").filter((word) => word !== "");
}

/** A spelling as a whole word: letters, digits, and the `_64` that makes x86 another architecture, do not stand beside it. */
function patternOf(architecture: string, flags: string): RegExp {
  const words = wordsOf(architecture).sort((a, b) => b.length - a.length);
  return new RegExp(`(?<![a-z0-9])(?:${words.join("|")})(?![a-z0-9]|[_-](?:64|32)(?![0-9]))`, flags);
}
