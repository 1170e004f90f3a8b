import { formatPlatform, type Platform } from "../platform/platform.ts";
import type { LogContext } from "./context.ts";
import type { Entry, Evidence, Sign } from "./entry.ts";

/** An error of the catalogue in a log. */
export interface Explanation {
  readonly code: string;
  readonly severity: Entry["severity"];
  readonly title: string;
  readonly cause: string;
  /** What to do, a paragraph a piece of advice, for the engines at hand. */
  readonly fix: string;
  readonly url: string;
  /** Counts from 1. */
  readonly line: number;
  /** The line as it was printed, without colours. */
  readonly text: string;
  /** The lines around it. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly platforms: readonly Platform[];
  /** The step of the build in which it happened. */
  readonly step?: string;
}

/** A line that looks like an error of the catalogue. */
export interface Suspect {
  readonly entry: Entry;
  readonly sign: Sign;
  readonly evidence: Evidence;
  readonly line: number;
  readonly text: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Decides, when the whole log is known, which suspects are what they look like, and which of those is the root cause. */
export function judge(suspects: readonly Suspect[], context: LogContext): Explanation[] {
  const proven = suspects.filter((suspect) => isProven(suspect, context));
  const byCode = Map.groupBy(proven, ({ entry }) => entry.code);
  const explained = new Set(proven.flatMap(({ entry }) => entry.explains ?? []));
  const groups = [...byCode.values()].filter(([first]) => first && !explained.has(first.entry.code));
  const causes = groups.filter((group) => group.some(isCause));
  const chosen = causes.length > 0 ? causes : groups;
  return chosen
    .map((group) => ({ group, best: best(group) }))
    .toSorted((a, b) => order(a.best) - order(b.best) || a.best.line - b.best.line)
    .map(({ group, best }) => explanation(group, best, context));
}

/** Whether a suspect is an error here: its step did not end well, the job did not, and the conditions hold. */
function isProven({ entry, sign, evidence, line }: Suspect, context: LogContext): boolean {
  const { step } = evidence;
  if (entry.severity === "error") {
    if (step && step.state !== "failed" && step.state !== "running") return false;
    if (context.succeededAfter(line)) return false;
  }
  return sign.when === undefined || sign.when(evidence);
}

function isCause({ sign, entry }: Suspect): boolean {
  return sign.rank !== "consequence" && entry.severity === "error";
}

/** The suspect that shows an error best: a cause in a step that failed, else the first. */
function best(group: readonly Suspect[]): Suspect {
  return group.toSorted((a, b) => order(a) - order(b) || a.line - b.line)[0] as Suspect;
}

/** What comes first: causes in steps that failed, other causes, consequences, warnings. */
function order(suspect: Suspect): number {
  if (suspect.entry.severity === "warning") return 3;
  if (!isCause(suspect)) return 2;
  return suspect.evidence.step?.state === "failed" ? 0 : 1;
}

function explanation(
  group: readonly Suspect[],
  { entry, evidence, line, text, before, after }: Suspect,
  context: LogContext,
): Explanation {
  const platforms = new Map<string, Platform>();
  for (const { evidence } of group) {
    if (evidence.platform) platforms.set(formatPlatform(evidence.platform), evidence.platform);
  }
  const fixes = entry.fixes.filter(
    ({ engines }) => engines === undefined || engines.some((engine) => context.engines.has(engine)),
  );
  return {
    code: entry.code,
    severity: entry.severity,
    title: entry.title,
    cause: entry.cause,
    fix: (fixes.length === 0 ? entry.fixes : fixes).map(({ text }) => text).join("\n"),
    url: entry.url,
    line,
    text,
    before,
    after,
    platforms: [...platforms.values()],
    ...(evidence.step ? { step: evidence.step.name } : {}),
  };
}
