import type { Architecture } from "../../platform/architecture.ts";
import { elfTypes } from "../program/elf-header.ts";
import type { ElfFacts } from "../program/elf.ts";
import { architectureOf, deviceOf } from "../program/identity.ts";
import { namesArchitecture } from "../program/platform-words.ts";

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
  ["test data", /-(?:tests?|test-fixtures)\.jar!/],
  ["user-mode emulator", /\/qemu-[a-z0-9_]+(?:-static)?$/],
  ["cross compiler", /^\/usr\/lib\/gcc-cross\/|\/(?:sysroots?|cross)\//],
];

/**
 * A folder of a cross compiler or of foreign libraries is named by a triplet; sets of builds name the system first
 * (`linux-x64`), or only the file.
 */
const tripletFolder =
  /\/(?:[^/]*[-_.])?(?:x86_64|i[3-6]86|aarch64|arm\w*|riscv\w*|powerpc\w*|s390x|mips\w*|loongarch64)-(?:\w+-)?(?:linux|none|elf|eabi)[^/]*\//;

/** Reason of {@link legitimacyOf} for libraries and tools of a second architecture that is installed beside the first. */
export const inFolderOfItsArchitecture = "a folder of its architecture";

/** What a place is for where foreign code is at home: firmware, test data; `undefined` for other places. */
export function homeOf(path: string): string | undefined {
  return homes.find(([, pattern]) => pattern.test(path))?.[0];
}

/** Why code of another architecture is no defect where it is; `undefined` when nothing speaks for it. */
export function legitimacyOf(path: string, elf: ElfFacts, expected: Architecture): string | undefined {
  if (elf.type === elfTypes.relocatable) return "object file";
  if (elf.type === elfTypes.core) return "core dump";
  const device = deviceOf(elf);
  if (device !== undefined) return `${device} code`;
  const home = homeOf(path);
  if (home !== undefined) return home;
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
