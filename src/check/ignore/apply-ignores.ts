import type { Finding } from "../../finding/finding.ts";
import { nearestName } from "../../error/nearest.ts";
import { matchesGlob } from "../../verify/chain/glob.ts";
import type { CheckFinding, CheckResult } from "../check.ts";
import type { Place } from "../place.ts";
import { type IgnoreComment, readIgnoreComments } from "./ignore-comment.ts";
import { type OwnRule, ownRules } from "./ignore-rules.ts";

/** An entry of `check.ignore` in the configuration. */
export interface ConfiguredIgnore {
  readonly rule: string;
  /** Glob of paths; absent for all. */
  readonly path?: string | undefined;
  readonly reason: string;
  /** Where it is written, when it is in a file of the repository. */
  readonly place?: Pick<Place, "path" | "line">;
}

/** A finding that is accepted, and by what. */
export interface IgnoredFinding {
  readonly finding: Finding;
  readonly by: "comment" | "configuration";
  readonly reason: string;
}

/** Findings after all exceptions. */
export interface JudgedFindings {
  /** What is left, and what there is to say about the exceptions themselves and about files that could not be read. */
  readonly findings: readonly CheckFinding[];
  readonly ignored: readonly IgnoredFinding[];
}

/** What exceptions are looked for in. */
export interface IgnoreOptions {
  readonly configured: readonly ConfiguredIgnore[];
  /** Paths of files that may hold comments: those that the check read. */
  readonly read: Iterable<string>;
  /** Ids of all rules. */
  readonly rules: readonly string[];
  /** How the configuration, which may lie above, names a path. */
  readonly configuredPath: (path: string) => string;
}

/**
 * Takes out the findings that comments and the configuration accept, and adds those about comments without a reason or of unknown rules, about exceptions that were not
 * needed, and about files that could not be read.
 */
export function applyIgnores({ findings, model }: CheckResult, options: IgnoreOptions): JudgedFindings {
  const { configured, rules, configuredPath } = options;
  const comments = commentsIn(model, findings, options.read);
  const usedComments = new Map<IgnoreComment, Set<string>>();
  const usedEntries = new Set<ConfiguredIgnore>();
  const ignored: IgnoredFinding[] = [];

  const isAccepted = (finding: Finding): boolean => {
    const fitting = comments.filter((comment) => covers(comment, finding));
    const entry = configured.find(
      ({ rule, path }) => rule === finding.rule && (path === undefined || isUnder(path, configuredPath(finding.path))),
    );
    for (const comment of fitting) {
      const used = usedComments.get(comment) ?? new Set();
      usedComments.set(comment, used.add(finding.rule));
    }
    if (entry !== undefined) usedEntries.add(entry);
    const [comment] = fitting;
    if (comment !== undefined) ignored.push({ finding, by: "comment", reason: comment.reason });
    else if (entry !== undefined) ignored.push({ finding, by: "configuration", reason: entry.reason });
    return comment !== undefined || entry !== undefined;
  };

  const unread = model.unreadable.map(({ place, message }) => about("file-unreadable", place, sentence(message)));
  const kept = [...findings, ...unread].filter((finding) => !isAccepted(finding));
  const told = [
    ...comments.flatMap((comment) => problemsOf(comment, rules)),
    ...comments.flatMap((comment) => unusedIn(comment, usedComments.get(comment) ?? new Set(), rules)),
  ].filter((finding) => !isAccepted(finding));
  const unused = configured.filter((entry) => !usedEntries.has(entry)).map(unusedEntry);
  return { findings: [...kept, ...told, ...unused], ignored };
}

function commentsIn(
  model: CheckResult["model"],
  findings: readonly Finding[],
  read: Iterable<string>,
): readonly IgnoreComment[] {
  const paths = new Set([...read, ...findings.map(({ path }) => path)]);
  const extents = new Map(
    model.dockerfiles.map(({ path, dockerfile }) => [
      path,
      [...dockerfile.globalArgs, ...dockerfile.stages.flatMap(({ from, instructions }) => [from, ...instructions])].map(
        ({ range }) => [range.start.line, range.end.line] as const,
      ),
    ]),
  );
  return [...paths]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .flatMap((path) => readIgnoreComments(path, model.repository.text(path) ?? "", extents.get(path)));
}

function covers(comment: IgnoreComment, { rule, path, line, endLine = line }: Finding): boolean {
  if (comment.place.path !== path || !comment.rules.includes(rule)) return false;
  return line !== undefined && line <= comment.to && (endLine ?? line) >= comment.from;
}

/** Whether a glob of files or folders names a path. */
function isUnder(glob: string, path: string): boolean {
  const folder = glob.replace(/\/+$/, "");
  return matchesGlob(glob, `/${path}`) || matchesGlob(`${folder}/**`, `/${path}`);
}

function problemsOf(comment: IgnoreComment, known: readonly string[]): CheckFinding[] {
  if (comment.rules.length === 0) {
    const message = "The comment names no rule, and accepts nothing.";
    return [about("ignore-unknown-rule", comment.place, message, "Write archway ignore=RULE and the reason.")];
  }
  const unknown = comment.rules
    .filter((rule) => !known.includes(rule))
    .map((rule) => {
      const guess = nearestName(rule, known);
      const advice = guess === undefined ? "The rules are listed in docs/rules/README.md." : `Did you mean ${guess}?`;
      return about("ignore-unknown-rule", comment.place, `There is no rule "${rule}".`, advice);
    });
  if (comment.reason !== "") return unknown;
  const message = `The comment accepts ${comment.rules.join(", ")} and does not say why.`;
  return [...unknown, about("ignore-without-reason", comment.place, message, "Write the reason behind the rule.")];
}

function unusedIn(comment: IgnoreComment, used: ReadonlySet<string>, known: readonly string[]): CheckFinding[] {
  const unused = comment.rules.filter((rule) => known.includes(rule) && !used.has(rule));
  if (unused.length === 0) return [];
  const message = `Nothing of ${unused.join(", ")} was found here: the comment accepts nothing.`;
  return [about("unused-ignore", comment.place, message, "Remove it, or move it to the line of the finding.")];
}

function unusedEntry({ rule, path, place }: ConfiguredIgnore): CheckFinding {
  const where = path === undefined ? "" : ` in ${path}`;
  const message = `check.ignore accepts ${rule}${where}, and nothing of it was found.`;
  return about("unused-ignore", place ?? { path: ".archway.yaml" }, message, "Remove the entry.");
}

function about(
  id: OwnRule["id"],
  { path, line, endLine, column }: Pick<Place, "path"> & Partial<Place>,
  message: string,
  advice?: string,
): CheckFinding {
  return {
    rule: id,
    severity: ownRules.find((rule) => rule.id === id)?.severity ?? "note",
    message,
    platforms: [],
    path,
    ...(line === undefined ? {} : { line, endLine: endLine ?? line }),
    ...(column === undefined ? {} : { column }),
    related: [],
    ...(advice === undefined ? {} : { fix: { title: advice } }),
    problems: [],
  };
}

/** With a full stop and a capital at the ends. */
function sentence(text: string): string {
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
