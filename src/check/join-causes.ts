import { namesIn } from "../platform/architecture-words.ts";
import type { ProblemGroup } from "./group.ts";
import type { Model } from "./model.ts";
import type { Place } from "./place.ts";

/** Findings about the same file that is got, checked and unpacked: the lines of one belong to the other. */
const oneCause = new Set([
  "hardcoded-arch-download",
  "implicit-arch-download",
  "single-arch-checksum",
  "arch-path-reference",
]);

/** Lines that repeat the name of a file: never a cause of their own. */
const reference = "arch-path-reference";

/** Rules whose findings bring a file or folder with the name of an architecture; the first is the likeliest cause of a line that repeats it. */
const roots = [
  "hardcoded-arch-download",
  "copy-arch-path",
  "stage-copy-arch-path",
  "committed-binary",
  "rust-target-hardcoded",
  "goarch-hardcoded",
  "implicit-arch-download",
];

/** Joins groups that are lines of one mistake. The order of the groups stays; a joined group is where its cause is. */
export function joinCauses(groups: readonly ProblemGroup[], model: Model): ProblemGroup[] {
  const causes = new Map<ProblemGroup, ProblemGroup>();
  const covering = coveredLines(groups);
  const rootsByPath = Map.groupBy(
    groups.filter(([first]) => roots.includes(first.rule)),
    ([first]) => first.place.path,
  );
  const scopes = scopesOf(model);
  const filesIn = fileNamesOf(model);
  for (const group of groups) {
    const [first] = group;
    if (!oneCause.has(first.rule)) continue;
    const cause =
      (covering.get(lineKey(first.place)) ?? []).find((other) => other !== group && mayCover(other, group)) ??
      (first.rule === reference ? rootOf(group, rootsByPath.get(first.place.path) ?? [], scopes, filesIn) : undefined);
    if (cause !== undefined) causes.set(group, cause);
  }
  const parts = Map.groupBy(causes.keys(), (group) => lastCause(group, causes));
  return groups.flatMap((group) => {
    if (lastCause(group, causes) !== group) return [];
    const [first, ...rest] = group;
    const joined = parts.get(group) ?? [];
    return [[first, ...rest, ...joined.flat()] satisfies ProblemGroup];
  });
}

/** Groups by the lines that their related places are in. */
function coveredLines(groups: readonly ProblemGroup[]): Map<string, ProblemGroup[]> {
  const covered = new Map<string, ProblemGroup[]>();
  for (const group of groups) {
    if (!oneCause.has(group[0].rule)) continue;
    for (const line of new Set(group.flatMap(({ related = [] }) => related.map(({ place }) => lineKey(place))))) {
      const known = covered.get(line);
      if (known === undefined) covered.set(line, [group]);
      else known.push(group);
    }
  }
  return covered;
}

/** A download is not a part of another download, unless it is only a variable that holds the URL of one. */
function mayCover([cause]: ProblemGroup, [part]: ProblemGroup): boolean {
  if (cause.rule === reference) return false;
  if (part.rule === reference || part.rule === "single-arch-checksum") return cause.rule !== part.rule;
  return cause.rule === part.rule && part.severity === "note" && cause.severity !== "note";
}

function lastCause(group: ProblemGroup, causes: ReadonlyMap<ProblemGroup, ProblemGroup>): ProblemGroup {
  let at = group;
  // Three kinds cover each other in one direction alone, so that this ends; the limit is a belt beside the braces.
  for (let step = 0; step < 4; step++) {
    const next = causes.get(at);
    if (next === undefined) return at;
    at = next;
  }
  return at;
}

/** The finding that brings the file a line repeats: in the same stage or script, with the same name of an architecture. */
function rootOf(
  group: ProblemGroup,
  candidates: readonly ProblemGroup[],
  scopes: ReadonlyMap<string, readonly Place[]>,
  filesIn: (place: Place) => readonly string[],
): ProblemGroup | undefined {
  const [{ place, spots = [] }] = group;
  const written = new Set(spots.map((spot) => spotKey(spot.place)));
  const files = filesIn(place);
  const scope = scopeOf(place, scopes);
  const ranked = candidates
    .filter((other) => other !== group)
    .map((other) => {
      const own = [other[0].place, ...(other[0].related ?? []).map((each) => each.place)];
      const isSameScope = scopeOf(other[0].place, scopes) === scope;
      const isNamed =
        (other[0].spots ?? []).some((spot) => written.has(spotKey(spot.place))) ||
        own.some((each) => shareFile(files, filesIn(each), isSameScope));
      const isNear = isSameScope && shareName(files, filesIn(other[0].place));
      const distance = Math.abs(other[0].place.line - place.line);
      return { other, rank: isNamed ? 0 : isNear && distance < 40 ? 1 : 2, distance };
    })
    .filter(({ rank }) => rank < 2)
    .toSorted((a, b) => a.rank - b.rank || a.distance - b.distance || order(a.other) - order(b.other));
  return ranked[0]?.other;
}

function order([first]: ProblemGroup): number {
  return roots.indexOf(first.rule);
}

/**
 * Names of files and folders with an architecture in them, in the lines of a place, without what marks an archive. Each place is read once.
 */
function fileNamesOf(model: Model): (place: Place) => readonly string[] {
  const lines = new Map<string, readonly string[]>();
  const names = new Map<string, readonly string[]>();
  return ({ path, line, endLine }) => {
    const key = `${path}:${line}:${endLine}`;
    const known = names.get(key);
    if (known !== undefined) return known;
    const own = lines.get(path) ?? model.repository.text(path)?.split("\n") ?? [];
    lines.set(path, own);
    const found = own.slice(line - 1, Math.min(endLine, line + 50)).flatMap(namesInLine);
    names.set(key, found);
    return found;
  };
}

function namesInLine(line: string): string[] {
  return (line.slice(0, 2000).match(/[\w.+~${}()%-]+/g) ?? [])
    .filter((word) => namesIn(word).length > 0)
    .map((word) => word.replace(/(?:\.(?:tar|gz|tgz|xz|txz|bz2|zip|deb|rpm|apk|sh|asc|sha\d+|sha\d+sum))+\*?$/, ""));
}

/** Whether two lines name the same file; near each other one name may be the end of the other: `linux-amd64` of `tool-v1-linux-amd64`. */
function shareFile(a: readonly string[], b: readonly string[], isNear: boolean): boolean {
  return a.some((one) =>
    b.some((other) => {
      if (one.length < 8 || other.length < 8) return false;
      return one === other || (isNear && (other.endsWith(one) || one.endsWith(other)));
    }),
  );
}

function shareName(a: readonly string[], b: readonly string[]): boolean {
  const names = new Set(a.flatMap((file) => namesIn(file).map(({ architecture }) => architecture)));
  return b.some((file) => namesIn(file).some(({ architecture }) => names.has(architecture)));
}

/** The stages of the Dockerfiles, by path. */
function scopesOf({ dockerfiles }: Model): ReadonlyMap<string, readonly Place[]> {
  return new Map(
    dockerfiles.map(({ path, variants }) => [path, (variants[0]?.stages ?? []).map(({ from }) => from)] as const),
  );
}

/** The line that the stage of a place begins with; 0 for scripts, where the file is the scope. */
function scopeOf(place: Place, scopes: ReadonlyMap<string, readonly Place[]>): number {
  const stages = scopes.get(place.path) ?? [];
  return Math.max(0, ...stages.filter(({ line }) => line <= place.line).map(({ line }) => line));
}

function spotKey({ path, line, column }: Place): string {
  return `${path}:${line}:${column}`;
}

function lineKey({ path, line }: Place): string {
  return `${path}:${line}`;
}
