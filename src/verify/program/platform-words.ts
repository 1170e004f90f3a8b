/*
 * How the world writes systems and architectures in names of files and folders. Java, Node, Python, Rust, Go and distributions
 * all differ, and within one archive often too: `Linux/x86_64` beside `linux64`, `aarch_64` beside `arm64`.
 */

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

/** Systems other than Linux whose files may be ELF files too, or that a folder tells of. */
const otherSystems: Readonly<Record<string, string>> = {
  android: "android",
  freebsd: "freebsd",
  openbsd: "openbsd",
  netbsd: "netbsd",
  dragonfly: "dragonfly dragonflybsd",
  solaris: "sunos solaris illumos",
  aix: "aix",
};

const systems = `linux darwin macos macosx osx mac apple ios windows win win32 win64 mingw ${Object.values(otherSystems).join(" ")}`;
const others =
  "ppc ppc32 sparc sparcv9 ia64 universal universal2 gnu gnueabi gnueabihf gnuabi64 musl musleabi musleabihf glibc msvc eabi eabihf unknown pc";

const patterns = new Map(Object.entries(spellings).map(([name, words]) => [name, patternOf(words)]));
const systemPatterns = Object.entries(otherSystems).map(
  ([name, words]) => [name, new RegExp(`(?<![a-z0-9])(?:${alternatives(words)})(?![a-z])`, "i")] as const,
);

/** A word for a system, an architecture or a C library: `linux`, `x86_64`, `linux64`, `linuxmusl`, `darwinarm64`, `armv7`. */
const platformWord = (() => {
  const architecture = `(?:${alternatives(Object.values(spellings).join(" "))})(?:[-_]?v[5-8]l?)?`;
  const rest = `(?:${alternatives(others)})`;
  const system = `(?:${alternatives(systems)})(?:[-_]?(?:32|64)|${architecture}|${rest})?`;
  return new RegExp(`(?<![a-z0-9])(?:${system}|${architecture}|${rest})(?![a-z0-9])`, "gi");
})();

const libraryEnding = /\.(?:so(?:\.[\w.]+)?|dll|dylib|jnilib|node|pyd|exe)$/i;

/** Words of Node's add-ons that differ between the builds of one: the runtime's interface, not the platform. */
const addonWords = /(?<![a-z0-9])(?:napi|abi\d+|uv\d+)(?![a-z0-9])/gi;

/** Whether a path names the architecture: a folder `prebuilds/linux-x64`, a triplet, a file `agent-linux-amd64`. */
export function namesArchitecture(path: string, architecture: string): boolean {
  return patterns.get(architecture)?.test(path) ?? false;
}

/** Whether a path names any architecture. */
export function namesAnyArchitecture(path: string): boolean {
  return [...patterns.values()].some((pattern) => pattern.test(path));
}

/** The system other than Linux that a path names: FreeBSD's and Android's libraries are ELF files too. */
export function systemNamed(path: string): string | undefined {
  return systemPatterns.find(([, pattern]) => pattern.test(path))?.[0];
}

/** What a path looks like without its platform: equal for the builds of one thing for several platforms. */
export interface SetKey {
  /** The folder, with `*` for names of platforms. */
  readonly folder: string;
  /** The thing itself: `snappyjava` for `libsnappyjava.so` and `snappyjava.dll`. */
  readonly name: string;
  /** Whether the path names a platform at all. */
  readonly named: boolean;
}

/** Takes the platform out of a path; in one of an archive (`a.jar!/b/c.so`) also out of the archive's name. */
export function setKey(path: string): SetKey {
  const plain = path.replace(/\/META-INF\/versions\/\d+(?=\/)/, "").replaceAll(/-[^-/]+\.whl!/g, "-linux.whl!");
  const parts = plain.split("/");
  const last = parts.pop() ?? "";
  const folder: string[] = [];
  let named = false;
  for (const part of parts) {
    const without = withoutPlatform(part);
    named ||= without !== part;
    if (without !== "*" || folder.at(-1) !== "*") folder.push(without);
  }
  const stem = last
    .toLowerCase()
    .replace(libraryEnding, "")
    .replace(/^lib(?=.)/, "");
  const name = withoutPlatform(stem.replaceAll(addonWords, ""));
  named ||= name.includes("*");
  return { folder: folder.join("/"), name: name.replaceAll(/[*]/g, "").replaceAll(/^[-_.]+|[-_.]+$/g, ""), named };
}

/** A name with `*` for each run of words of a platform and the separators around them. */
function withoutPlatform(name: string): string {
  const marked = name.replaceAll(platformWord, "*");
  return marked === name ? name : marked.replaceAll(/[-_.+]*\*[-_.+*]*/g, "*");
}

function alternatives(words: string): string {
  return words
    .split(" ")
    .sort((a, b) => b.length - a.length)
    .join("|");
}

/** A spelling as a whole word: letters, digits, and the `_64` that makes x86 another architecture, do not stand beside it. */
function patternOf(words: string): RegExp {
  return new RegExp(`(?<![a-z0-9])(?:${alternatives(words)})(?![a-z0-9]|[_-](?:64|32)(?![0-9]))`, "i");
}
