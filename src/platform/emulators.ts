import { architectureOfElf, readElfIdentity } from "./architecture.ts";
import { compatiblePlatforms, normalizePlatform, type Platform } from "./platform.ts";

/** An emulator that the kernel runs foreign programs with. */
export interface Emulator {
  /** The platform it is known by; 32-bit ARM by its most demanded variant. */
  readonly platform: Platform;
  /** All that it runs, {@link platform} first. */
  readonly platforms: readonly Platform[];
  /** Path of the program as it is registered; it may be absent from this file system when the flags hold `F`. */
  readonly interpreter: string;
  /** Flags of the registration (`P`, `O`, `C`, `F`); empty also when the registration cannot be seen from here. */
  readonly flags: string;
  /** QEMU's version, where the interpreter tells one. */
  readonly version?: string;
  /** What each missing flag breaks, in plain words. */
  readonly missing: readonly string[];
}

/** An entry of /proc/sys/fs/binfmt_misc that is about programs of one architecture. */
export interface Registration {
  readonly name: string;
  readonly enabled: boolean;
  readonly interpreter: string;
  readonly flags: string;
  /** OCI name of the architecture whose programs it is for. */
  readonly architecture: string;
}

/** Flags in the order in which their absence hurts, and what it does. Source: the kernel's admin-guide/binfmt-misc. */
const consequences: readonly (readonly [flag: string, breaks: string])[] = [
  [
    "F",
    "without flag F the interpreter is looked for inside each container, where it is not: steps fail with " +
      '"exec …: no such file or directory"',
  ],
  ["C", "without flag C sudo, other setuid programs and file capabilities have no effect in emulated steps"],
  ["P", "without flag P programs do not get the name that they were called by (argv[0])"],
  ["O", "without flag O programs that may be executed but not read cannot be emulated"],
];

/** What each flag that a registration lacks breaks; `C` brings `O` with it. */
export function missingFlags(flags: string): string[] {
  return consequences
    .filter(([flag]) => !flags.includes(flag) && !(flag === "O" && flags.includes("C")))
    .map(([, breaks]) => breaks);
}

/**
 * Reads an entry of binfmt_misc (the text of its file, as the kernel's `fs/binfmt_misc.c` prints it). `undefined` for one that is not about the
 * ELF programs of an architecture that images are made for: file extensions, scripts, Windows programs, MIPS's n32.
 */
export function parseRegistration(name: string, text: string): Registration | undefined {
  const value = (key: string) => new RegExp(`^${key}:?[ \\t]+(.*)$`, "m").exec(text)?.[1]?.trim();
  const interpreter = value("interpreter");
  if (interpreter === undefined || value("offset") !== "0") return undefined;
  const magic = Buffer.from(value("magic") ?? "", "hex");
  const mask = Buffer.from(value("mask") ?? "", "hex");
  const elf = readElfIdentity(magic);
  // A mask may blank out half of e_machine (ppc64le) or a bit of the byte order (x86); without the significant byte it is for any program.
  const significant = elf?.endian === "big" ? 19 : 18;
  const architecture = elf && mask[significant] !== 0 ? architectureOfElf(elf) : undefined;
  if (architecture === undefined) return undefined;
  // 32-bit programs for 64-bit MIPS differ in one bit of e_flags (EF_MIPS_ABI2), and no image is made of them.
  const lowFlags = elf?.endian === "big" ? 39 : 36;
  if (architecture.startsWith("mips") && elf?.bits === 32 && ((magic[lowFlags] ?? 0) & 0x20) !== 0) return undefined;
  return {
    name,
    enabled: /^enabled$/m.test(text),
    interpreter,
    flags: (value("flags") ?? "").replace(/[^A-Z]/g, ""),
    architecture,
  };
}

/** What programs of an emulated architecture may be of: an emulator knows its own architecture alone, and no levels of amd64. */
export function emulatedPlatforms(architecture: string): readonly [Platform, ...Platform[]] {
  const platform = normalizePlatform({ os: "linux", architecture });
  const [, ...lower] = compatiblePlatforms(platform);
  return [platform, ...lower.filter((one) => one.architecture === platform.architecture)];
}
