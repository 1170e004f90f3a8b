import { formatPlatform } from "../platform/platform.ts";
import type { ProgressEvent } from "./progress-event.ts";

/** One step of a platform's build. */
export interface StepState {
  readonly name: string;
  readonly state: "waiting" | "running" | "done" | "cached" | "failed" | "canceled";
  readonly emulated: boolean;
  /** When it last started; set while it runs. */
  readonly startedAt?: number;
  /** Milliseconds of the times that it ran and ended. */
  readonly spent: number;
  /** Parts that move bytes, by name. */
  readonly transfers: ReadonlyMap<string, { readonly current: number; readonly total?: number }>;
  /** The last complete or begun line of its log. */
  readonly lastLine: string;
}

/** One platform. */
export interface PlatformState {
  readonly name: string;
  readonly state: Extract<ProgressEvent, { type: "platform" }>["state"] | "waiting";
  readonly strategy?: "native" | "cross" | "emulated";
  readonly node?: string;
  readonly message?: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** By id, in the order in which they appeared. */
  readonly steps: ReadonlyMap<string, StepState>;
  readonly warnings: number;
}

/** Everything that the progress views show; made from events by {@link advance}. */
export interface ProgressState {
  /** By name, in the order in which the platforms were asked for. */
  readonly platforms: ReadonlyMap<string, PlatformState>;
  readonly published: readonly string[];
}

/** The state before the first event. */
export function initialState(platforms: readonly string[]): ProgressState {
  return { platforms: new Map(platforms.map((name) => [name, newPlatform(name)])), published: [] };
}

/** The state after an event. */
export function advance(state: ProgressState, event: ProgressEvent): ProgressState {
  if (event.type === "publish") return { ...state, published: [...state.published, event.text] };
  const name = formatPlatform(event.platform);
  const before = state.platforms.get(name) ?? newPlatform(name);
  const platforms = new Map(state.platforms);
  platforms.set(name, advancePlatform(before, event));
  return { ...state, platforms };
}

/** True when nothing more is expected of a platform. */
export function isFinal(platform: PlatformState): boolean {
  return ["proven", "refuted", "undecided", "unproven", "failed"].includes(platform.state);
}

/** Milliseconds that a step has run, at a time. */
export function stepTime(step: StepState, now: number): number {
  return step.spent + (step.startedAt === undefined ? 0 : Math.max(0, now - step.startedAt));
}

/** Milliseconds from the start of a platform to its end, or to now. */
export function platformTime(platform: PlatformState, now: number): number {
  return platform.startedAt === undefined ? 0 : Math.max(0, (platform.endedAt ?? now) - platform.startedAt);
}

function newPlatform(name: string): PlatformState {
  return { name, state: "waiting", steps: new Map(), warnings: 0 };
}

function advancePlatform(platform: PlatformState, event: Exclude<ProgressEvent, { type: "publish" }>): PlatformState {
  switch (event.type) {
    case "platform": {
      const next: PlatformState = {
        ...platform,
        state: event.state,
        startedAt: platform.startedAt ?? event.at,
        ...(event.strategy === undefined ? {} : { strategy: event.strategy }),
        ...(event.node === undefined ? {} : { node: event.node }),
        ...(event.message === undefined ? {} : { message: event.message }),
      };
      return isFinal(next) ? { ...next, endedAt: event.at } : next;
    }
    case "step":
      return withStep(platform, event.id, event.at, (step) => advanceStep(step, event));
    case "transfer":
      return withStep(platform, event.step, event.at, (step) => {
        const { current, total } = event;
        const transfers = new Map(step.transfers);
        transfers.set(event.name, { current, ...(total === undefined ? {} : { total }) });
        return { ...step, transfers };
      });
    case "log": {
      const { step: id, text } = event;
      if (id === undefined) return platform;
      return withStep(platform, id, event.at, (step) => ({ ...step, lastLine: lastLine(step.lastLine + text) }));
    }
    case "warning":
      return { ...platform, warnings: platform.warnings + 1 };
  }
}

function withStep(
  platform: PlatformState,
  id: string,
  at: number,
  change: (step: StepState) => StepState,
): PlatformState {
  const before = platform.steps.get(id) ?? newStep;
  const steps = new Map(platform.steps);
  steps.set(id, change(before));
  return { ...platform, startedAt: platform.startedAt ?? at, steps };
}

const newStep: StepState = {
  name: "",
  state: "waiting",
  emulated: false,
  spent: 0,
  transfers: new Map(),
  lastLine: "",
};

function advanceStep(step: StepState, event: Extract<ProgressEvent, { type: "step" }>): StepState {
  const { startedAt, ...rest } = step;
  const next = { ...rest, name: event.name, emulated: event.emulated };
  if (event.state === "started") return { ...next, state: "running", startedAt: startedAt ?? event.at };
  const ran = startedAt === undefined ? 0 : Math.max(0, event.at - startedAt);
  return { ...next, state: event.state, spent: step.spent + ran };
}

/** The last line with something on it; a carriage return begins the line anew. At most 500 characters are kept. */
function lastLine(text: string): string {
  const lines = text.split(/[\r\n]/);
  const ended = /[\r\n]$/.test(text);
  const filled = lines.filter((line) => line.trim() !== "");
  const line = (filled.at(-1) ?? "").slice(0, 500);
  // The line feed stays: what comes next begins a new line.
  return ended ? `${line}\n` : line;
}
