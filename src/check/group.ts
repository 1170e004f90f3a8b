import { compareFindings, severities } from "../finding/finding.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { CheckFinding } from "./check.ts";
import { joinCauses } from "./join-causes.ts";
import type { Model } from "./model.ts";
import type { Problem } from "./rule.ts";

/** Problems that are one finding; the first one speaks for all. Never empty. */
export type ProblemGroup = readonly [Problem, ...Problem[]];

/**
 * Joins what is one mistake: the same rule at the same place on several platforms, in several variants of a Dockerfile or from several callers;
 * problems with the same key; and the lines that only repeat what another one brings ({@link joinCauses}).
 */
export function groupProblems(problems: readonly Problem[], model: Model): CheckFinding[] {
  const groups = new Map<string, Problem[]>();
  for (const problem of problems) {
    const { rule, place } = problem;
    const key = problem.key ?? [rule, place.path, place.line, place.column].join("\0");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [problem]);
    else group.push(problem);
  }
  return joinCauses([...groups.values()].flatMap(heaviestFirst), model)
    .map(findingOf)
    .toSorted(compareFindings);
}

/** The heaviest problem speaks for its group: what is a note for one caller and breaks for another, breaks. */
function heaviestFirst(group: readonly Problem[]): ProblemGroup[] {
  const [first, ...rest] = group.toSorted((a, b) => weightOf(a) - weightOf(b));
  return first === undefined ? [] : [[first, ...rest]];
}

function weightOf({ severity = "warning" }: Problem): number {
  return severities.indexOf(severity);
}

function findingOf(group: ProblemGroup): CheckFinding {
  const [first] = group;
  const { place } = first;
  const places = new Map(
    group
      .flatMap(({ related = [], place: own, message }) => [...related, { place: own, message }])
      .map((each) => [`${each.place.path}:${each.place.line}`, each]),
  );
  places.delete(`${place.path}:${place.line}`);
  const platforms = group
    .flatMap((problem) => problem.platforms)
    .filter((platform, index, all) => all.findIndex((other) => samePlatform(other, platform)) === index)
    .toSorted((a, b) => (formatPlatform(a) < formatPlatform(b) ? -1 : 1));
  return {
    rule: first.rule,
    severity: first.severity ?? "warning",
    message: first.message,
    platforms,
    path: place.path,
    line: place.line,
    endLine: place.endLine,
    column: place.column,
    related: [...places.values()].map(({ place: { path, line }, message }) => ({ path, line, message })),
    ...(first.advice === undefined ? {} : { fix: { title: first.advice } }),
    problems: group,
  };
}
