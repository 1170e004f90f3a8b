import { samePlatform, type Platform } from "../platform/platform.ts";
import type { EngineEvent } from "./engine.ts";

/**
 * How a step ran: `native` on its own platform, `cross` on the node's in a stage that works for another target, `emulated` on a
 * platform that the node's processor cannot run.
 */
export type StepStrategy = "native" | "cross" | "emulated";

/** What the steps of one platform's build cost. */
export interface StepSummary {
  /**
   * Wall seconds. `total` is from the first step's start to the last one's end, with transfers and export; the others are the time in which at least
   * one program (RUN) of that kind ran. Steps run side by side, so the three may sum to more than `total`.
   */
  readonly seconds: Readonly<Record<"total" | StepStrategy, number>>;
  readonly cachedSteps: number;
  /** The step that ran longest, when one ran. */
  readonly slowest?: { readonly name: string; readonly seconds: number; readonly strategy?: StepStrategy };
}

/** What the classification of steps stands on. */
export interface StepPlace {
  /** The platform that is built. */
  readonly target: Platform;
  /** Whether the node's processor runs a platform by itself: `canRun` of its native platform, or what a probe of it found. */
  readonly runsNatively: (platform: Platform) => boolean;
}

interface Interval {
  readonly start: number;
  readonly end: number;
}

interface StepTimes {
  name: string;
  runsOn: Platform | undefined;
  startedAt: number | undefined;
  cached: boolean;
  readonly intervals: Interval[];
}

/** How a step that runs on `runsOn` counts. */
export function stepStrategy(runsOn: Platform, { target, runsNatively }: StepPlace): StepStrategy {
  if (!runsNatively(runsOn)) return "emulated";
  return samePlatform(runsOn, target) ? "native" : "cross";
}

/** Sums up the step events of one platform's build; other events are passed over. A step without an end counts nothing. */
export function summarizeSteps(events: Iterable<EngineEvent>, place: StepPlace): StepSummary {
  const steps = new Map<string, StepTimes>();
  for (const event of events) {
    if (event.type !== "step") continue;
    const known = steps.get(event.id);
    const step = known ?? { name: "", runsOn: undefined, startedAt: undefined, cached: false, intervals: [] };
    steps.set(event.id, step);
    step.name = event.name;
    step.runsOn = event.runsOn;
    if (event.state === "started") {
      step.startedAt = event.at;
      continue;
    }
    step.cached ||= event.state === "cached";
    if (step.startedAt !== undefined) step.intervals.push({ start: step.startedAt, end: event.at });
    step.startedAt = undefined;
  }

  // A base that is there already is no work that a cache saved.
  const isBase = /^\[[^\]]*\d\/\d+\] FROM\b/;
  const worked = [...steps.values()].filter((step) => step.intervals.length > 0 && !step.cached);
  const strategyOf = ({ runsOn }: StepTimes) => (runsOn === undefined ? undefined : stepStrategy(runsOn, place));
  const secondsOf = (strategy: StepStrategy) =>
    mergedSeconds(worked.filter((step) => strategyOf(step) === strategy).flatMap((step) => step.intervals));
  const all = [...steps.values()].flatMap((step) => step.intervals);
  const start = all.reduce((least, interval) => Math.min(least, interval.start), Infinity);
  const end = all.reduce((most, interval) => Math.max(most, interval.end), -Infinity);
  const longest = worked
    .map((step) => ({ step, seconds: mergedSeconds(step.intervals) }))
    .reduce<{ step: StepTimes; seconds: number } | undefined>(
      (best, one) => (best === undefined || one.seconds > best.seconds ? one : best),
      undefined,
    );
  const strategy = longest && strategyOf(longest.step);
  return {
    seconds: {
      total: all.length === 0 ? 0 : Math.max(0, end - start) / 1000,
      native: secondsOf("native"),
      cross: secondsOf("cross"),
      emulated: secondsOf("emulated"),
    },
    cachedSteps: [...steps.values()].filter((step) => step.cached && !isBase.test(step.name)).length,
    ...(longest === undefined
      ? {}
      : {
          slowest: {
            name: longest.step.name,
            seconds: longest.seconds,
            ...(strategy === undefined ? {} : { strategy }),
          },
        }),
  };
}

/** Seconds that at least one of the intervals (milliseconds) covers. */
function mergedSeconds(intervals: readonly Interval[]): number {
  let covered = 0;
  let reached = -Infinity;
  for (const { start, end } of intervals.toSorted((a, b) => a.start - b.start)) {
    covered += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return covered / 1000;
}
