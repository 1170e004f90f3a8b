import type { Finding, Severity } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import type { Exceptions } from "./allow.ts";
import type { Explanation } from "./cause.ts";
import { fileFinding, mismatch, wrongCodeFinding } from "./finding-parts.ts";
import type { ImageFacts } from "../view/image-facts.ts";
import type { BuildSet, NativeBuild, Unexamined } from "./native-builds.ts";
import { nativeBuilds } from "./native-builds.ts";
import { namesArchitecture } from "../program/platform-words.ts";
import type { Tally } from "./tally.ts";
import { firstOf } from "./tally.ts";
import { parentPath } from "../view/view.ts";

/** The note of a set with a build for this platform. */
export const completeSet = "one of a set with a build for each architecture";

/** Files of the image that the findings about sets have dealt with. */
export interface JudgedSets {
  /** Foreign, and beside them is the build for this platform. */
  readonly complete: ReadonlySet<string>;
  /** Foreign, and a finding says so. */
  readonly missing: ReadonlySet<string>;
}

/** A set without a build for this platform, and how much that weighs. */
interface Lacking {
  readonly set: BuildSet;
  readonly severity: Severity;
  /** The folder or archive that should have it. */
  readonly container: string;
  readonly reason: "package" | "archive" | "folder";
}

/**
 * Judges builds that come in sets: native libraries of a jar or wheel, `prebuilds/` of Node add-ons, packages of npm for one
 * platform each, programs for several architectures side by side. Fine when one is for this platform; an error when the set has
 * others and not this one. A single build that names another platform is doubtful, and an error where the installer takes only
 * the machine's own (npm): then the folder was copied from elsewhere. An exception covers a set by its folder or archive, or by all of
 * its builds.
 */
export function judgeSets(
  image: ImageFacts,
  findings: Tally,
  reported: ReadonlySet<string>,
  exceptions: Exceptions,
): JudgedSets {
  const { sets, unexamined } = nativeBuilds(image);
  const complete = new Set<string>();
  const missing = new Set<string>();
  const own = ownFolders(sets);
  const lacking: Lacking[] = [];
  for (const set of sets) {
    if (set.builds.every(({ isOwn }) => isOwn)) continue;
    if (set.builds.some(({ isOwn }) => isOwn) || own.has(inArchive(set))) {
      noteForeign(set, completeSet, findings, complete);
      continue;
    }
    if (set.builds.every(({ path }) => reported.has(path))) continue;
    const verdict = weigh(set, own);
    if (verdict === undefined) continue;
    if (verdict === "other system") noteForeign(set, "made for other systems", findings, complete);
    else if (verdict === "unnamed") for (const build of set.builds) wrongMember(image, build, findings);
    else {
      lacking.push(verdict);
      for (const { path } of set.builds) missing.add(path);
    }
  }
  const pathsOf = ({ container, set }: Lacking) =>
    exceptions.covers(container) ? [container] : set.builds.map(({ path }) => path);
  const ofSets = exceptions.fold(lacking, pathsOf, (part) => lackingFindings(image, part, exceptions));
  for (const finding of ofSets) findings.add(finding);
  noteUnexamined(image, unexamined, findings);
  return { complete, missing };
}

/** Folders and packages that hold some build for this platform, and archives with the names that they hold one of. */
function ownFolders(sets: readonly BuildSet[]): Set<string> {
  const folders = new Set<string>();
  for (const set of sets) {
    for (const { isOwn, path, archive } of set.builds) {
      if (!isOwn) continue;
      folders.add(set.folder);
      if (archive !== undefined) folders.add(inArchive(set));
      const home = packageOf(path);
      if (home !== undefined) folders.add(home.path);
    }
  }
  return folders;
}

/** A thing anywhere in its archive: within one, folders of platforms may have nothing in common. */
function inArchive({ folder, name }: BuildSet): string {
  return `${folder.slice(0, folder.lastIndexOf("!") + 1)}\0${name}`;
}

/** How much it weighs that a set has no build for this platform; `undefined` when it is no set at all. */
function weigh(set: BuildSet, own: ReadonlySet<string>): Lacking | "other system" | "unnamed" | undefined {
  const [first] = set.builds;
  if (first === undefined) return undefined;
  const kinds = new Set(set.builds.flatMap(({ runsOn }) => runsOn));
  const forLinux = [...kinds].filter((one) => one.startsWith("linux/")).length;
  const home = first.archive === undefined ? packageOf(first.path) : undefined;
  if (home?.forOnePlatform && set.builds.some((build) => namesItself(home.path, build))) {
    return { set, severity: "error", container: parentPath(home.path), reason: "package" };
  }
  if (first.archive === undefined && !set.named) return forLinux > 0 ? undefined : "other system";
  // Where the package has its own build elsewhere (node-gyp's build/Release), the others are spare.
  if (home !== undefined && own.has(home.path)) return "other system";
  const reason = first.archive === undefined ? "folder" : "archive";
  const container = first.archive ?? containerOf(set.folder);
  if (forLinux === 0) {
    const isNative = first.archive !== undefined || (home !== undefined && first.isLibrary);
    const systems = new Set([...kinds].map((one) => one.split("/", 1)[0]));
    // What exists for one system alone is a feature of that system; for two it may have been made for all.
    if (!isNative || !(systems.has("windows") && systems.has("darwin"))) return "other system";
    return { set, severity: "warning", container, reason };
  }
  if (kinds.size > 1) return { set, severity: own.has(set.folder) ? "warning" : "error", container, reason };
  if (!set.builds.some((build) => namesItself(build.path, build))) {
    return first.archive === undefined ? undefined : "unnamed";
  }
  return { set, severity: "warning", container, reason };
}

/** Whether a path names the architecture that the build is really for. */
function namesItself(path: string, { runsOn }: NativeBuild): boolean {
  return (
    runsOn.some((one) => {
      const architecture = one.slice(one.indexOf("/") + 1);
      // esbuild-linux-64 and turbo-linux-64
      return (
        namesArchitecture(path, architecture) ||
        (architecture === "amd64" && /-(?:linux|darwin|windows)-64\b/.test(path))
      );
    }) || /universal/.test(path)
  );
}

/** The npm package that a file belongs to, and whether its name is that of one platform (`@esbuild/linux-x64`). */
function packageOf(path: string): { readonly path: string; readonly forOnePlatform: boolean } | undefined {
  const found = /^(.*\/node_modules\/(?:@[^/]+\/)?([^/]+))\//.exec(path);
  if (found === null) return undefined;
  const [, home = "", name = ""] = found;
  return { path: home, forOnePlatform: /(?:^|[-_])(?:linux|darwin|win32|windows|freebsd)/.test(name) };
}

/** The folder before the names of platforms. */
function containerOf(folder: string): string {
  const star = folder.split("/").findIndex((part) => part.includes("*"));
  return star === -1 ? folder : folder.split("/").slice(0, star).join("/") || "/";
}

function noteForeign(set: BuildSet, reason: string, findings: Tally, noted: Set<string>): void {
  for (const build of set.builds) {
    if (build.isOwn) continue;
    noted.add(build.path);
    // Files of the image with ELF code are weighed with all others, which knows more reasons.
    if (build.archive !== undefined || build.elf === undefined)
      findings.note(reason, build, build.runsOn.join(" and "));
  }
}

/** A single build in an archive whose path does not name a platform. */
function wrongMember(image: ImageFacts, { path, file, elf, isLibrary }: NativeBuild, findings: Tally): void {
  if (elf === undefined) return;
  const rule = isLibrary ? "library-wrong-architecture" : "executable-wrong-architecture";
  const message = `${path} ${mismatch(image, elf)}.`;
  findings.add(wrongCodeFinding(image, elf, { rule, severity: "warning", path, message, file }));
}

/** One finding for each folder or archive, whatever number of things it lacks. */
function lackingFindings(image: ImageFacts, lacking: readonly Lacking[], exceptions: Exceptions): Finding[] {
  const platform = formatPlatform(image.expected.platform);
  const groups = Map.groupBy(lacking, ({ severity, container, reason }) => `${severity} ${reason} ${container}`);
  return [...groups.values()].flatMap((group) => {
    const [{ severity, container, reason, set } = {}] = group;
    // A build that is allowed alone is no example of what is wrong.
    const build = set?.builds.find(({ path }) => !exceptions.covers(path)) ?? set?.builds[0];
    if (severity === undefined || container === undefined || reason === undefined || build === undefined) return [];
    const runsOn = [...new Set(group.flatMap((one) => one.set.builds.flatMap((each) => each.runsOn)))].sort(bySystem);
    const names = [...new Set(group.map((one) => one.set.name))].filter((name) => name !== "").sort();
    const things = names.length === 0 ? "" : ` of ${firstOf(names.slice(0, 3), names.length)}`;
    const count = runsOn.length === 1 ? "a native build" : "native builds";
    const none = severity === "error" && reason !== "package" ? "no build" : "none";
    return {
      ...fileFinding(image, {
        rule: "native-build-missing",
        severity,
        path: reason === "archive" ? container : build.path,
        message: `${container} has ${count}${things} for ${runsOn.join(", ")}, and ${none} for ${platform}.`,
        file: build.file,
      }),
      ...explain(reason, runsOn, platform),
    };
  });
}

/** Linux first, then by name. */
function bySystem(a: string, b: string): number {
  return Number(b.startsWith("linux/")) - Number(a.startsWith("linux/")) || (a < b ? -1 : 1);
}

function explain(reason: Lacking["reason"], runsOn: readonly string[], platform: string): Explanation {
  const [os = "", architecture = ""] = platform.split("/");
  const text = {
    package: `npm installs only the build of the machine that it runs on: node_modules was installed on ${runsOn.join(" or ")} and copied into the image.`,
    archive: `This version of the package brings no native code for ${platform}: newer ones often do.`,
    folder: `The package was installed for another platform and copied, or has no prebuilt code for ${platform}.`,
  };
  const fix = {
    package: `Run \`npm ci\` in a stage of the target platform and keep node_modules out of the context by .dockerignore, or install with \`--os=${os} --cpu=${architecture}\`.`,
    archive: `Take a version (or a classifier) of the package that has native code for ${platform}, or build the native part from source.`,
    folder:
      "Install the package in a stage of this platform, build it from source, or take a version that supports it.",
  };
  return { cause: { code: "native-build-missing", text: text[reason] }, fix: { title: fix[reason] } };
}

function noteUnexamined(image: ImageFacts, unexamined: readonly Unexamined[], findings: Tally): void {
  const [first] = unexamined;
  if (first === undefined) return;
  const shown = unexamined.slice(0, 3).map(({ path, reason }) => `${path}: ${reason}`);
  findings.add(
    fileFinding(image, {
      rule: "archive-not-examined",
      severity: "note",
      path: first.path,
      message: `Machine code in archives was not examined in ${unexamined.length === 1 ? "1 place" : `${unexamined.length} places`} (${firstOf(shown, unexamined.length)}).`,
      file: first.file,
    }),
  );
}
