import {
  isFinal,
  type PlatformState,
  platformTime,
  type ProgressState,
  type StepState,
  stepTime,
} from "./progress-state.ts";
import { formatBytes, formatCount, formatDuration } from "./quantity.ts";
import { joinSegments, type Segment } from "./segments.ts";
import { printable, type Style } from "./style.ts";

/** The space of a live view and the time it shows. */
export interface ViewFrame {
  /** Width of the terminal; lines stay one column below, so that none wraps. */
  readonly columns: number;
  /** Height of the terminal; the view stays one line below, for the cursor. */
  readonly rows: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly style: Style;
}

/**
 * Lines of the live view: a line a platform, and under those that are being built their running steps with the last line of their log,
 * the slowest platform first to get space. Where not even every platform fits, finished ones give way.
 */
export function renderView(state: ProgressState, frame: ViewFrame): string[] {
  const budget = Math.max(1, frame.rows - 1);
  const platforms = [...state.platforms.values()];
  const bySlowness = platforms.filter(isRunning).sort((a, b) => compareSlowness(a, b, frame.now));
  const shown = chooseShown(platforms, bySlowness, budget);
  const footer = footerOf(state, platforms.length - shown.size);
  const space = budget - shown.size - footer.length;
  const details = shareSpace(
    bySlowness.filter((platform) => shown.has(platform)).map((platform) => [platform, detailsOf(platform, frame)]),
    space,
  );
  const nameColumns = Math.max(0, ...platforms.map(({ name }) => name.length));
  const slowest = platforms.length > 1 ? bySlowness[0] : undefined;
  return [
    ...platforms
      .filter((platform) => shown.has(platform))
      .flatMap((platform) => [
        headerOf(platform, nameColumns, platform === slowest, frame),
        ...(details.get(platform) ?? []),
      ]),
    ...footer.map((text) => [{ text, paint: frame.style.dim }]),
  ]
    .slice(0, budget)
    .map((segments) => joinSegments(segments, frame.columns - 1));
}

/** One line a platform: what stays on the terminal when the view ends. */
export function renderSummary(state: ProgressState, frame: Omit<ViewFrame, "rows">): string[] {
  const platforms = [...state.platforms.values()];
  const nameColumns = Math.max(0, ...platforms.map(({ name }) => name.length));
  return platforms.map((platform) =>
    joinSegments(headerOf(platform, nameColumns, false, { ...frame, rows: 0 }), frame.columns - 1),
  );
}

/** The name of a step without the platform in it, which the view tells already: `[build 3/5] RUN make`. */
export function stepTitle(name: string): string {
  return printable(name)
    .replace(/^\[\w+\/[\w/]+(?:->[\w/]+)? ?/, "[")
    .replace(/^\[\] /, "");
}

function isRunning(platform: PlatformState): boolean {
  return platform.state !== "waiting" && !isFinal(platform);
}

/** Slower platforms first: fewer finished steps, then longer in the step that they are at. */
function compareSlowness(a: PlatformState, b: PlatformState, now: number): number {
  const longest = (platform: PlatformState) =>
    Math.max(0, ...runningSteps(platform, now).map((step) => stepTime(step, now)));
  return finishedSteps(a).length - finishedSteps(b).length || longest(b) - longest(a);
}

function runningSteps(platform: PlatformState, now: number): StepState[] {
  return [...platform.steps.values()]
    .filter((step) => step.state === "running")
    .sort((a, b) => stepTime(b, now) - stepTime(a, now));
}

function finishedSteps(platform: PlatformState): StepState[] {
  return [...platform.steps.values()].filter((step) => step.state === "done" || step.state === "cached");
}

/** The platforms that get a line: all, or as many as fit, running ones first. */
function chooseShown(
  platforms: readonly PlatformState[],
  bySlowness: readonly PlatformState[],
  budget: number,
): ReadonlySet<PlatformState> {
  if (platforms.length <= budget) return new Set(platforms);
  const waiting = platforms.filter((platform) => platform.state === "waiting");
  const failed = platforms.filter((platform) => platform.state === "failed");
  return new Set([...bySlowness, ...failed, ...waiting, ...platforms].slice(0, Math.max(1, budget - 1)));
}

function footerOf(state: ProgressState, hidden: number): string[] {
  const footer = hidden > 0 ? [`… ${formatCount(hidden, "more platform")}`] : [];
  const published = state.published.at(-1);
  return published === undefined ? footer : [...footer, `publishing: ${printable(published)}`];
}

/** Gives lines in turns, so that every platform shows its first before one shows its second. */
function shareSpace<Owner>(
  wishes: readonly (readonly [owner: Owner, lines: readonly Segment[][]])[],
  space: number,
): ReadonlyMap<Owner, readonly Segment[][]> {
  const given = new Map(wishes.map(([owner]) => [owner, 0]));
  let left = space;
  for (let turn = 0; left > 0 && wishes.some(([, lines]) => lines.length > turn); turn += 1) {
    for (const [owner, lines] of wishes) {
      if (left > 0 && lines.length > turn) {
        given.set(owner, turn + 1);
        left -= 1;
      }
    }
  }
  return new Map(wishes.map(([owner, lines]) => [owner, lines.slice(0, given.get(owner) ?? 0)]));
}

const stateTexts: Readonly<Record<PlatformState["state"], string>> = {
  waiting: "waiting",
  building: "",
  resumed: "taken from an earlier run",
  built: "built",
  proving: "being proven",
  proven: "proven",
  refuted: "refused by the architecture gate",
  undecided: "undecided: evidence is missing",
  unproven: "not proven (--no-verify)",
  failed: "failed",
};

function headerOf(platform: PlatformState, nameColumns: number, slowest: boolean, frame: ViewFrame): Segment[] {
  const { style, now } = frame;
  const { state, strategy, node, warnings } = platform;
  const segments: Segment[] = [{ text: platform.name.padEnd(nameColumns), paint: style.bold }];
  if (platform.startedAt !== undefined)
    segments.push({ text: formatDuration(platformTime(platform, now)).padStart(7) });
  if (strategy)
    segments.push({ text: strategy.padEnd(8), ...(strategy === "emulated" ? { paint: style.yellow } : {}) });
  const finished = finishedSteps(platform);
  if (finished.length > 0) {
    const cached = finished.filter((step) => step.state === "cached").length;
    segments.push({ text: `${formatCount(finished.length, "step")} done${cached > 0 ? `, ${cached} cached` : ""}` });
  }
  const bad = state === "failed" || state === "refuted";
  const stateText = stateTexts[state];
  if (stateText !== "") {
    segments.push({ text: stateText, paint: bad ? style.red : state === "proven" ? style.green : style.cyan });
  }
  if (warnings > 0) segments.push({ text: formatCount(warnings, "warning"), paint: style.yellow });
  if (slowest) segments.push({ text: "slowest", paint: style.cyan });
  if (node && isRunning(platform)) segments.push({ text: `on ${printable(node)}`, paint: style.dim });
  return segments;
}

function detailsOf(platform: PlatformState, { now, style }: ViewFrame): Segment[][] {
  return runningSteps(platform, now).flatMap((step) => {
    const line: Segment[] = [{ text: formatDuration(stepTime(step, now)).padStart(9) }];
    if (step.emulated) line.push({ text: "emulated", paint: style.yellow });
    const bytes = bytesOf(step);
    if (bytes) line.push({ text: bytes });
    line.push({ text: stepTitle(step.name) });
    const log = printable(step.lastLine.trimEnd());
    return log === "" ? [line] : [line, [{ text: `${" ".repeat(9)}| ${log}`, paint: style.dim }]];
  });
}

/** Bytes that a step has moved, of those whose total is known. */
function bytesOf(step: StepState): string | undefined {
  const known = [...step.transfers.values()].filter(({ total }) => total !== undefined && total > 0);
  if (known.length === 0) return undefined;
  const current = known.reduce((sum, transfer) => sum + transfer.current, 0);
  const total = known.reduce((sum, transfer) => sum + (transfer.total ?? 0), 0);
  return `${formatBytes(current)} / ${formatBytes(total)}`;
}
