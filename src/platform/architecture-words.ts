import { architectures } from "./architecture.ts";

/**
 * A name of an architecture where it stands in a text. Offsets count UTF-16 code units from 0, the end is exclusive.
 */
export interface NameMatch {
  /** As written: `x86_64`, `linux64`, `64bit`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** OCI's name; variants of 32-bit ARM are not told apart. */
  readonly architecture: string;
  /** The operating system that the word around it names, when it is not Linux: `darwin`, `windows`, `freebsd`, `none` (bare metal). */
  readonly os?: string;
}

/** Spellings that the table of architectures does not have: of languages, vendors and Docker Hub's per-architecture images. */
const moreNames: Readonly<Record<string, string>> = {
  x64: "amd64",
  "x86-64": "amd64",
  "x86.64": "amd64",
  x8664: "amd64",
  amd_64: "amd64",
  "amd-64": "amd64",
  intel64: "amd64",
  em64t: "amd64",
  aarch_64: "arm64",
  "aarch-64": "arm64",
  arm_64: "arm64",
  "arm-64": "arm64",
  "arm-64bit": "arm64",
  arm_64bit: "arm64",
  arm64bit: "arm64",
  x86_64bit: "amd64",
  "x86-64bit": "amd64",
  x64bit: "amd64",
  arm64v8: "arm64",
  armv8: "arm64",
  armv8l: "arm64",
  arm: "arm",
  armv5: "arm",
  armv6: "arm",
  armv7: "arm",
  armv5e: "arm",
  armv6hf: "arm",
  armv7hf: "arm",
  armv7a: "arm",
  armeabi: "arm",
  arm32: "arm",
  arm32v5: "arm",
  arm32v6: "arm",
  arm32v7: "arm",
  i386: "386",
  i486: "386",
  i586: "386",
  x86_32: "386",
  ia32: "386",
  powerpc64le: "ppc64le",
  riscv64gc: "riscv64",
};

/** Words that name amd64 together with the operating system or the width alone: `linux64`, conda's `linux-64`, `Linux-64bit`. */
const wideWords = [
  "(?:linux|lin|debian|ubuntu|centos|rhel)64(?:[-_]?bit)?",
  "linux[-_]64(?![-_.]?(?:bit|\\d))",
  "64[-_]?bit",
  "linux32",
  "32[-_]?bit",
].join("|");

const byName = new Map<string, string>(Object.entries(moreNames));
for (const { name, debian, alpine, machine, triplet, rust } of architectures) {
  const prefixes = [triplet, rust.gnu, rust.musl].map((triple) => triple?.split("-")[0]);
  for (const spelling of [name, debian, alpine, machine, ...prefixes]) {
    if (spelling !== undefined && !byName.has(spelling)) byName.set(spelling, name);
  }
}
// A bare number is a version far more often than an architecture; where it is one, a separator stands before it.
byName.delete("386");

const spellings = [...byName.keys()].sort((left, right) => right.length - left.length).map(escape);

/** What may stand right before a name without a separator: `linuxarm64`, `muslx64`. */
const gluedBefore =
  "(?<=(?<![A-Za-z])(?:linux|linuxmusl|musl|gnu|glibc|debian|ubuntu|alpine|darwin|macos|osx|mac|windows|win))";

const namePattern = new RegExp(
  `(?:(?<![A-Za-z0-9])|${gluedBefore})(?:${spellings.join("|")})(?=v[1-4](?![A-Za-z0-9])|(?![A-Za-z0-9]))` +
    "|(?<=[-_/])386(?![A-Za-z0-9]|\\.(?!tar|t[gx]z|zip|gz|xz|bz2|deb|rpm|apk))" +
    `|(?<![A-Za-z0-9])(?:${wideWords})(?![A-Za-z0-9])`,
  "gi",
);

/** A capital letter begins a new word: `LinuxX64`, `OsARM64`. */
const camelPattern = /(?<=[a-z])(?:X64|X86_64|AMD64|Amd64|ARM64|Arm64|AArch64|Aarch64)(?![A-Za-z0-9])/g;

function escape(text: string): string {
  // Alpine's name of 386 begins the name of amd64.
  return text === "x86" ? "x86(?![-_.]?64)" : text.replaceAll(/[^a-z0-9_]/g, "\\$&");
}

/** Names of operating systems beside an architecture, and what only they have. The first that matches counts. */
const systems: readonly (readonly [os: string, words: RegExp])[] = [
  ["windows", /(?<![a-z])(?:windows|win(?:32|64)?|mingw\w*|msvc|w64|cygwin)(?![a-z])|\.(?:exe|msi)$/i],
  ["darwin", /(?<![a-z])(?:darwin|mac-?os|osx|mac|apple)(?![a-z])|\.(?:dmg|pkg)$/i],
  ["freebsd", /(?<![a-z])(?:freebsd|openbsd|netbsd|solaris|illumos|android|sunos|aix)(?![a-z])/i],
  ["none", /-(?:none|unknown)-(?:eabi(?:hf)?|elf)(?![a-z])/i],
];

const linux = /linux|debian|ubuntu|centos|alpine|musl|glibc|\.(?:deb|rpm|apk)\b/i;

/** Folders that are called like an operating system: what lies in them is for it. */
const systemFolder = /^(?:linux|windows|win(?:32|64)?|darwin|macos|osx|mac|freebsd|openbsd|netbsd|android)$/i;

/** Texts beyond this length are no names of files; only their beginning is looked at. */
const longestText = 200_000;

/** Blanks, quotes and ends of commands. */
const wordEnds = " \t\n\r\"'`;|,";

/** Texts with more names than that are lists that nobody wrote by hand. */
const mostNames = 2000;

/** What every name has a part of: most texts have none, and are done with at once. */
const possible = /86|64|32|arm|aarch|s390|ppc|powerpc|mips|loong|riscv|em64t/i;

/** How far the word around a name is looked at, to each side. */
const longestWord = 300;

/** What shows that "arm" is the processor, not the resource manager of Azure or a limb. */
const armContext =
  /(?:linux|musl|gnu|debian|alpine)[-_/.]?arm(?![a-z])|(?<![a-z])arm[-_/.]?(?:linux|v?[5-8](?!\d)|hf|el|eabi|32)|^arm$|[=:]arm$|[-_]arm(?=:\w)|[-_/]arm(?=$|\.(?:tar|t[gx]z|zip|gz|xz|bz2|deb|rpm|apk|bin)|\/)/i;

/**
 * The names of architectures that stand in a text as words of their own, in order: in `app_Linux_x86_64.tar.gz`,
 * `gcc-aarch64-linux-gnu`, `amd64/alpine`, `linuxarm64`, `jq-linux64`. Product names (`x86asm`), versions and host names
 * (`developer.arm.com`) are none.
 */
export function namesIn(text: string): NameMatch[] {
  if (!possible.test(text)) return [];
  const searched = text.length > longestText ? text.slice(0, longestText) : text;
  const matches = new Map<number, NameMatch>();
  for (const pattern of [namePattern, camelPattern]) {
    for (const { 0: found, index: start } of searched.matchAll(pattern)) {
      if (matches.size >= mostNames) break;
      const end = start + found.length;
      const word = wordAround(searched, start, end);
      const architecture = architectureOf(found, word);
      if (architecture === undefined || isEmulated(searched, start) || isHostName(searched, start, end)) continue;
      const os = systemOf(word);
      matches.set(start, { text: found, start, end, architecture, ...(os === undefined ? {} : { os }) });
    }
  }
  return [...matches.values()].toSorted((a, b) => a.start - b.start);
}

function architectureOf(found: string, word: string): string | undefined {
  const name = found.toLowerCase();
  if (name === "arm" && !armContext.test(word)) return undefined;
  const known = byName.get(name);
  if (known !== undefined) return known;
  if (name === "386" || name.includes("32")) return "386";
  // The width alone says nothing beside another name: `arm-64bit`, `x86_64-64bit`, `ppc_64bit`.
  if (name.startsWith("64") && /(?<![a-z])(?:arm|aarch|ppc|power|riscv|mips|s390|x86|amd)/i.test(word))
    return undefined;
  return "amd64";
}

/** The word (up to blanks, quotes and ends of commands) that a name stands in. */
function wordAround(text: string, start: number, end: number): string {
  let from = start;
  while (from > 0 && start - from < longestWord && !isWordEnd(text.charAt(from - 1))) from--;
  let to = end;
  while (to < text.length && to - end < longestWord && !isWordEnd(text.charAt(to))) to++;
  return text.slice(from, to);
}

function isWordEnd(character: string): boolean {
  return wordEnds.includes(character);
}

/** `qemu-aarch64-static` runs elsewhere: its name says what it emulates. */
function isEmulated(text: string, start: number): boolean {
  return /(?:^|[^a-z])(?:qemu|qemu-system|binfmt)-$/i.test(text.slice(Math.max(0, start - 13), start));
}

/** `developer.arm.com`, `arm64.example.com`: a part of a host's name. */
function isHostName(text: string, start: number, end: number): boolean {
  const after = text.slice(end, end + 24);
  if (/^\.(?:com|org|net|io|dev|cn|de|co)(?![a-z0-9])/i.test(after)) return true;
  const before = text.slice(Math.max(0, start - longestWord), start);
  const host = before.lastIndexOf("//");
  return host >= 0 && !/[\s/]/.test(before.slice(host + 2));
}

/** The operating system in a word: of its file name, else of a folder that is called like it. */
function systemOf(word: string): string | undefined {
  const path = word.split(/[?#]/, 1)[0] ?? "";
  const [file = "", ...folders] = path.split("/").toReversed();
  if (linux.test(file)) return undefined;
  const found = systems.find(([, words]) => words.test(file));
  if (found !== undefined) return found[0];
  const folder = folders.find((each) => systemFolder.test(each));
  return folder === undefined ? undefined : systems.find(([, words]) => words.test(folder))?.[0];
}
