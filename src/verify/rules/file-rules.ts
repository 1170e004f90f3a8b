import type { Finding, Severity } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import { wrongBase } from "./cause.ts";
import { elfTypes } from "../program/elf-header.ts";
import type { ElfFacts } from "../program/elf.ts";
import { pathDirectories } from "../chain/environment.ts";
import { inFolderOfItsArchitecture, isCompanion, legitimacyOf } from "./exemptions.ts";
import { mismatch, wrongCodeFinding } from "./finding-parts.ts";
import { architectureOf, describeCode, isOf } from "../program/identity.ts";
import type { ImageFacts } from "../view/image-facts.ts";
import { libraryFolders } from "./library-folders.ts";
import type { JudgedSets } from "./set-rules.ts";
import { completeSet, judgeSets } from "./set-rules.ts";
import { firstOf, Tally } from "./tally.ts";
import type { ViewFile } from "../view/view.ts";
import { baseName } from "../view/view.ts";

/** From as many programs and libraries of another architecture on, a majority is a userland. */
const leastUserland = 5;

/** Folders that a distribution fills, and nobody else. */
export const systemFolder = /^\/(?:usr\/)?(?:s?bin|lib(?:32|64|x32)?)\//;

/** A file of machine code for another architecture. */
interface Foreign {
  readonly path: string;
  readonly file: ViewFile;
  readonly elf: ElfFacts;
  /** Hard links: other paths of the same file. */
  readonly others: readonly string[];
}

/**
 * Findings about all machine code in the image that is not of its platform. What is reachable weighs most: programs in `PATH`
 * and libraries where the loader looks are errors, the rest is doubtful, and what is meant to be foreign is counted in a
 * note. Files that other rules have reported are left out.
 */
export function fileFindings(image: ImageFacts, reported: ReadonlySet<string>): Finding[] {
  const reach = reachableFiles(image);
  const foreign = withoutLinks(foreignFiles(image), reach, reported, image);
  const userland = userlandFinding(image, reach);
  const findings = new Tally(image);
  const sets = judgeSets(image, findings, reported);
  for (const one of foreign) {
    const where = reach.get(one.path);
    const inUserland = userland !== undefined && describeCode(one.elf) === userland.code;
    // The one finding about the userland stands for its files.
    if (inUserland && (where !== undefined || one.file.layer === userland.finding.layer?.index)) continue;
    judge(image, one, where, sets, findings);
  }
  return [...(userland === undefined ? [] : [userland.finding]), ...findings.list()];
}

function foreignFiles(image: ImageFacts): Foreign[] {
  const foreign: Foreign[] = [];
  for (const { path, file } of image.view.files()) {
    const { elf } = file.entry;
    if (elf !== undefined && !isOf(elf, image.expected.architecture)) foreign.push({ path, file, elf, others: [] });
  }
  return foreign.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Hard links of one file are one file: it is judged where it weighs most, and not at all when one of its names was reported. */
function withoutLinks(
  foreign: readonly Foreign[],
  reach: ReadonlyMap<string, Reach>,
  reported: ReadonlySet<string>,
  { expected: { architecture } }: ImageFacts,
): Foreign[] {
  return [...Map.groupBy(foreign, ({ file }) => file).values()].flatMap((links) => {
    if (links.some(({ path }) => reported.has(path))) return [];
    const chosen =
      links.find(({ path }) => reach.has(path)) ??
      links.find(({ path, elf }) => legitimacyOf(path, elf, architecture) === undefined) ??
      links[0];
    if (chosen === undefined) return [];
    return { ...chosen, others: links.filter((link) => link !== chosen).map(({ path }) => path) };
  });
}

/** How a file is reached without naming it in full. */
interface Reach {
  readonly kind: "executable" | "library";
  /** `in PATH as /usr/bin/x` */
  readonly words: string;
  /** It has the name of a loader, which has its place whatever the libraries' place is (`/lib/ld-linux-aarch64.so.1`). */
  readonly loader: boolean;
  /** How many names lead to it: BusyBox has hundreds. */
  readonly names: number;
  readonly file: ViewFile;
}

/** Programs in `PATH` and libraries in the folders that the loader searches, symlinks followed, by where they really are. */
function reachableFiles(image: ImageFacts): Map<string, Reach> {
  const { view, config } = image;
  const reach = new Map<string, Reach>();
  const seen = new Set<string>();
  const look = (kind: Reach["kind"], directory: string, wanted: (name: string, file: ViewFile) => boolean) => {
    // `/bin` may be `/usr/bin`, whose names count once.
    const real = view.resolve(directory);
    if (real.kind !== "directory" || seen.has(`${kind} ${real.path}`)) return;
    seen.add(`${kind} ${real.path}`);
    for (const name of view.list(directory)) {
      const resolved = view.resolve(`${directory}/${name}`);
      if (resolved.kind !== "file" || !wanted(name, resolved.file)) continue;
      const { path, file } = resolved;
      const before = reach.get(path);
      // Its own name says more than a link's.
      if (before !== undefined && name !== baseName(path)) {
        reach.set(path, { ...before, names: before.names + 1 });
        continue;
      }
      const words = kind === "executable" ? `in PATH as ${directory}/${name}` : `a library in ${directory}`;
      const loader = /^ld(?:-linux|-musl|64)?[-.]/.test(name) || before?.loader === true;
      reach.set(path, { kind: before?.kind ?? kind, words, loader, names: (before?.names ?? 0) + 1, file });
    }
  };
  for (const directory of new Set(pathDirectories(config.environment))) {
    look("executable", directory, (_, file) => (file.entry.mode & 0o111) !== 0 && file.entry.elf !== undefined);
  }
  for (const directory of libraryFolders(image)) {
    look("library", directory, (name, file) => /\.so(?:\.|$)/.test(name) && file.entry.elf !== undefined);
  }
  return reach;
}

/** One error for a whole base of another architecture: the majority of the system's own programs and libraries. */
function userlandFinding(
  image: ImageFacts,
  reach: ReadonlyMap<string, Reach>,
): { code: string; finding: Finding } | undefined {
  const files = [...reach].filter(([path]) => systemFolder.test(path)).sort(([a], [b]) => (a < b ? -1 : 1));
  const byCode = new Map<string, [string, Reach][]>();
  for (const [path, one] of files) {
    const elf = one.file.entry.elf;
    if (elf === undefined || isOf(elf, image.expected.architecture) || !isHostCode(elf)) continue;
    const code = describeCode(elf);
    const list = byCode.get(code);
    if (list === undefined) byCode.set(code, [[path, one]]);
    else list.push([path, one]);
  }
  const namesOf = (list: readonly [string, Reach][]) => list.reduce((sum, [, { names }]) => sum + names, 0);
  const all = namesOf(files);
  for (const [code, list] of byCode) {
    const elf = list[0]?.[1].file.entry.elf;
    const names = namesOf(list);
    if (elf === undefined || names < leastUserland || names * 2 <= all) continue;
    if (isCompanion(elf, image.expected.architecture)) continue;
    const layer = image.places[mostFrequent(list.map(([, { file }]) => file.layer))];
    const examples = list.slice(0, 3).map(([path]) => path);
    const more = list.length > examples.length ? " …" : "";
    const finding: Finding = {
      rule: "userland-wrong-architecture",
      severity: "error",
      message:
        `${names} of ${all} programs and libraries in the system's folders are ${code} code (${examples.join(", ")}${more}), but the image is declared ` +
        `${formatPlatform(image.expected.platform)}: its root file system is of another architecture.`,
      platforms: [image.expected.platform],
      path: examples[0] ?? "/",
      related: [],
      ...(layer === undefined ? {} : { layer }),
      ...wrongBase(architectureOf(elf) ?? code, image.expected.architecture.name),
    };
    return { code, finding };
  }
  return undefined;
}

function isHostCode(elf: ElfFacts): boolean {
  return elf.type === elfTypes.executable || elf.type === elfTypes.shared;
}

function mostFrequent(values: readonly number[]): number {
  const counts = Map.groupBy(values, (value) => value);
  return [...counts].sort(([, a], [, b]) => b.length - a.length)[0]?.[0] ?? 0;
}

/** Weighs one foreign file. */
function judge(image: ImageFacts, one: Foreign, reach: Reach | undefined, sets: JudgedSets, findings: Tally): void {
  const { architecture } = image.expected;
  const legitimacy = legitimacyOf(one.path, one.elf, architecture);
  const code = describeCode(one.elf);
  if (reach === undefined) {
    if (legitimacy !== undefined) return findings.note(legitimacy, one, code);
    if (sets.complete.has(one.path)) return findings.note(completeSet, one, code);
    if (!sets.missing.has(one.path)) findings.add(wrongFile(image, one, "warning", undefined));
    return;
  }
  if (isCompanion(one.elf, architecture)) {
    if (reach.kind === "library") return findings.note("32-bit companion code", one, code);
    return findings.add(wrongFile(image, one, "warning", reach));
  }
  // Debian puts the loader's link of a second architecture beside those of the first.
  if (reach.loader && legitimacy === inFolderOfItsArchitecture) return findings.note(legitimacy, one, code);
  // Emulators are in PATH on purpose, and code for devices never runs there.
  if (
    legitimacy !== undefined &&
    (!isHostCode(one.elf) || architectureOf(one.elf) === undefined || baseName(one.path).startsWith("qemu-"))
  ) {
    return findings.note(legitimacy, one, code);
  }
  if (reach.kind === "executable") {
    if (sets.complete.has(one.path)) return findings.note(completeSet, one, code);
    if (sets.missing.has(one.path)) return;
  }
  findings.add(wrongFile(image, one, "error", reach));
}

function wrongFile(image: ImageFacts, one: Foreign, severity: Severity, reach: Reach | undefined): Finding {
  const isLibrary = reach === undefined ? /\.so(?:\.|$)/.test(baseName(one.path)) : reach.kind === "library";
  const where = reach === undefined ? "" : ` (${reach.words})`;
  return wrongCodeFinding(image, one.elf, {
    rule: isLibrary ? "library-wrong-architecture" : "executable-wrong-architecture",
    severity,
    path: one.path,
    message: `${one.path}${where}${alsoNamed(one.others)} ${mismatch(image, one.elf)}.`,
    file: one.file,
  });
}

/** The other hard links of a file, in brackets. */
function alsoNamed(others: readonly string[]): string {
  return others.length === 0 ? "" : ` (the same file as ${firstOf(others.slice(0, 3), others.length)})`;
}
