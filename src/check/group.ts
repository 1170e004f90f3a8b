import { compareFindings } from "../finding/finding.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { CheckFinding } from "./check.ts";
import type { Model } from "./model.ts";
import type { Problem } from "./rule.ts";

/** Joins what is one mistake: the same rule at the same place on several platforms, and problems with the same key. */
export function groupProblems(problems: readonly Problem[], _model: Model): CheckFinding[] {
  const groups = Map.groupBy(problems, (problem) => {
    return problem.key ?? [problem.rule, problem.place.path, problem.place.line, problem.place.column].join("\0");
  });
  return [...groups.values()].map(findingOf).toSorted(compareFindings);
}

function findingOf(group: readonly Problem[]): CheckFinding {
  const [first] = group;
  if (first === undefined) throw new RangeError("a finding without a problem");
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
