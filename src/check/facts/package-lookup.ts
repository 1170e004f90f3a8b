import { z } from "zod";
import { ArchwayError } from "../../error/error.ts";
import { parsePlatform, type Platform } from "../../platform/platform.ts";
import type { PackageFact } from "./facts.ts";
import type { Web } from "./web.ts";
import { wheelPlatforms } from "./wheel-platforms.ts";

/** Where package indexes are. */
export interface PackageIndexes {
  readonly pypi: string;
  readonly npm: string;
  readonly maven: string;
  readonly debian: string;
  readonly ubuntu: string;
}

/** The public ones. */
export const publicIndexes: PackageIndexes = {
  pypi: "https://pypi.org/pypi",
  npm: "https://registry.npmjs.org",
  maven: "https://repo1.maven.org/maven2",
  debian: "https://api.ftp-master.debian.org/madison",
  ubuntu: "https://people.canonical.com/~ubuntu-archive/madison.cgi",
};

/** Bytes of a longest answer: a release of a large Python package has some hundred files. */
const maxAnswer = 4 * 1024 * 1024;

/**
 * What a package index says of a package: `pypi:NAME@VERSION`, `npm:NAME@VERSION`, `maven:GROUP:NAME@VERSION`, `deb:SUITE:NAME`. Undefined for other kinds, and
 * when the index cannot be asked.
 */
export async function lookUpPackage(
  web: Web,
  key: string,
  signal: AbortSignal,
  indexes: PackageIndexes = publicIndexes,
): Promise<PackageFact | undefined> {
  const [, kind = "", rest = ""] = /^([a-z]+):(.+)$/.exec(key) ?? [];
  const at = rest.lastIndexOf("@");
  const [name, version] = at > 0 ? [rest.slice(0, at), rest.slice(at + 1)] : [rest, ""];
  // What a repository writes is only ever a part of a path.
  if (!/^[@\w.:+/-]{1,200}$/.test(rest) || /(?:^|\/)\.\.?(?:\/|$)/.test(rest)) return undefined;
  const get = (url: string) => read(web, url, signal);
  switch (kind) {
    case "pypi":
      return version === "" ? undefined : pythonRelease(await get(`${indexes.pypi}/${name}/${version}/json`));
    case "npm":
      if (version === "") return undefined;
      return nodePackage(await get(`${indexes.npm}/${name.replace("/", "%2f")}/${version}`));
    case "maven": {
      const [group = "", artifact = ""] = name.split(":");
      if (version === "" || artifact === "") return undefined;
      return mavenFiles(
        await get(`${indexes.maven}/${group.replaceAll(".", "/")}/${artifact}/${version}/`),
        `${artifact}-${version}`,
      );
    }
    case "deb":
      return debianPackage(rest, get, indexes);
    default:
      return undefined;
  }
}

/** The text of an answer, null for one that says that there is no such thing. */
async function read(web: Web, url: string, signal: AbortSignal): Promise<string | null | undefined> {
  const answer = await web.ask({ method: "GET", url, limit: maxAnswer }, signal);
  if (answer === undefined) return undefined;
  if (answer.status === 404) return null;
  return answer.status === 200 ? new TextDecoder().decode(answer.bytes) : undefined;
}

const releaseSchema = z.object({ urls: z.array(z.object({ filename: z.string() })) });

/** https://docs.pypi.org/api/json/ */
function pythonRelease(text: string | null | undefined): PackageFact | undefined {
  if (text === undefined || text === null) return text;
  const release = releaseSchema.safeParse(json(text));
  return release.success ? { platforms: wheelPlatforms(release.data.urls.map(({ filename }) => filename)) } : undefined;
}

const nodeSchema = z.object({
  os: z.array(z.string()).optional(),
  cpu: z.array(z.string()).optional(),
  hasInstallScript: z.boolean().optional(),
  gypfile: z.boolean().optional(),
  scripts: z.record(z.string(), z.unknown()).optional(),
});

const nodeArchitectures: Readonly<Record<string, string>> = {
  x64: "linux/amd64",
  arm64: "linux/arm64",
  arm: "linux/arm/v7",
  ia32: "linux/386",
  ppc64: "linux/ppc64le",
  s390x: "linux/s390x",
  riscv64: "linux/riscv64",
};

/** `os` and `cpu` of a package.json: names, or names to leave out with `!` (https://docs.npmjs.com/cli/configuring-npm/package-json#cpu). */
function nodePackage(text: string | null | undefined): PackageFact | undefined {
  if (text === undefined || text === null) return text;
  const manifest = nodeSchema.safeParse(json(text));
  if (!manifest.success) return undefined;
  const { os = [], cpu = [], hasInstallScript, gypfile, scripts = {} } = manifest.data;
  if (!allows(os, "linux")) return { platforms: [] };
  // What an install script fetches or compiles, the manifest does not say.
  const installs = ["preinstall", "install", "postinstall"].some((name) => Object.hasOwn(scripts, name));
  if (cpu.length === 0) return hasInstallScript || gypfile || installs ? undefined : { platforms: "all" };
  const names = Object.keys(nodeArchitectures).filter((name) => allows(cpu, name));
  return { platforms: names.flatMap((name) => platform(nodeArchitectures[name])) };
}

function allows(list: readonly string[], name: string): boolean {
  if (list.length === 0 || list.includes("any")) return true;
  const named = list.filter((entry) => !entry.startsWith("!"));
  return !list.includes(`!${name}`) && (named.length === 0 || named.includes(name));
}

/** Classifiers of Linux natives as `os-maven-plugin` writes them. */
const classifiers: readonly (readonly [pattern: RegExp, platform: string])[] = [
  [/linux-x86_64|linux-amd64|natives-linux$/, "linux/amd64"],
  [/linux-aarch_?64|linux-arm64/, "linux/arm64"],
  [/linux-arm(?:_?32|hf|v7)?$/, "linux/arm/v7"],
  [/linux-ppcle_?64|linux-ppc64le/, "linux/ppc64le"],
  [/linux-s390_?x?(?:_64)?$/, "linux/s390x"],
];

/** The listing of a version's folder: an artifact without classifiers of platforms is for all. */
function mavenFiles(text: string | null | undefined, prefix: string): PackageFact | undefined {
  if (text === undefined || text === null) return text;
  const names = [...text.matchAll(/href="([^"/]+)\.(?:jar|exe)"/g)].map(([, name = ""]) => name);
  if (names.length === 0) return undefined;
  const platforms = classifiers.filter(([pattern]) =>
    names.some((name) => name.startsWith(`${prefix}-`) && pattern.test(name.slice(prefix.length + 1))),
  );
  return { platforms: platforms.length === 0 ? "all" : platforms.flatMap(([, text]) => platform(text)) };
}

/** Suites of Debian, and of Ubuntu, that `madison` knows while they are in the archive. */
const debianSuites = ["bullseye", "bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable", "oldstable"];
const ubuntuSuites = ["focal", "jammy", "noble", "plucky", "questing", "resolute"];

/** The lines of `madison`: `NAME | VERSION | SUITE | ARCHITECTURE, …`. */
async function debianPackage(
  rest: string,
  get: (url: string) => Promise<string | null | undefined>,
  { debian, ubuntu }: PackageIndexes,
): Promise<PackageFact | undefined> {
  const [suite = "", name = ""] = rest.split(":");
  const index = debianSuites.includes(suite) ? debian : ubuntuSuites.includes(suite) ? ubuntu : undefined;
  if (index === undefined || name === "") return undefined;
  const text = await get(`${index}?package=${encodeURIComponent(name)}&s=${suite}&text=on`);
  if (text === undefined || text === null) return undefined;
  const names = text
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([found]) => found === name)
    .flatMap(([, , , architectures = ""]) => architectures.split(/,\s*/));
  // An empty answer is also what an index gives for a suite that has left the archive.
  if (names.length === 0) return undefined;
  if (names.includes("all")) return { platforms: "all" };
  return { platforms: names.filter((name) => name !== "source").flatMap((name) => platform(`linux/${name}`)) };
}

function platform(text: string | undefined): Platform[] {
  if (text === undefined) return [];
  try {
    return [parsePlatform(text)];
  } catch (error) {
    // An architecture that no container platform has: alpha, hurd-i386.
    if (error instanceof ArchwayError) return [];
    throw error;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
