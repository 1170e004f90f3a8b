import { formatPlatform } from "../platform/platform.ts";
import type { ProgressEvent } from "./progress-event.ts";
import {
  advance,
  initialState,
  type PlatformState,
  platformTime,
  type ProgressState,
  stepTime,
} from "./progress-state.ts";
import { stepTitle } from "./progress-view.ts";
import { formatCount, formatDuration } from "./quantity.ts";
import { printable } from "./style.ts";

/** Milliseconds after which a step that runs and says nothing is mentioned, so that a log shows life. */
export const heartbeat = 30_000;

/** Milliseconds that a step has to go on after its end was told, to be told again. */
const worthTelling = 500;

/** Progress as plain lines, for logs of CI services and files: what ends is told once, with its log before it. */
export class ProgressLines {
  #state: ProgressState;
  /** Parts of log lines that have not ended, by step and stream. */
  readonly #partial = new Map<string, string>();
  /** Milliseconds that steps had taken when their end was told, by step. */
  readonly #endedAfter = new Map<string, number>();
  /** When something was last said of a step that runs, by step. */
  readonly #saidAt = new Map<string, number>();

  constructor(platforms: readonly string[]) {
    this.#state = initialState(platforms);
  }

  /** The lines that an event is worth; none for most. */
  event(event: ProgressEvent): string[] {
    this.#state = advance(this.#state, event);
    if (event.type === "publish") return [`publishing: ${printable(event.text)}`];
    const name = formatPlatform(event.platform);
    const platform = this.#state.platforms.get(name);
    if (!platform) return [];
    const say = (text: string) => `[${name}] ${text}`;
    switch (event.type) {
      case "platform":
        return [say(platformText(platform, event))];
      case "step":
        return this.#step(event, platform, name, say);
      case "log":
        return this.#log(event, platform, name).map(say);
      case "warning": {
        const line = event.line === undefined ? "" : ` (line ${event.line})`;
        return [say(`warning: ${printable(event.text)}${line}${event.url ? ` ${printable(event.url)}` : ""}`)];
      }
      case "transfer":
        return [];
    }
  }

  /** Lines about steps that have run without a word for a while. */
  tick(now: number): string[] {
    const lines: string[] = [];
    for (const platform of this.#state.platforms.values()) {
      for (const [id, step] of platform.steps) {
        const key = `${platform.name} ${id}`;
        if (step.state !== "running" || now - (this.#saidAt.get(key) ?? now) < heartbeat) continue;
        this.#saidAt.set(key, now);
        const mark = step.emulated ? "  emulated" : "";
        lines.push(`[${platform.name}] ${stepTitle(step.name)} …${mark}  ${formatDuration(stepTime(step, now))}`);
      }
    }
    return lines;
  }

  #step(
    event: Extract<ProgressEvent, { type: "step" }>,
    platform: PlatformState,
    name: string,
    say: (text: string) => string,
  ): string[] {
    const key = `${name} ${event.id}`;
    if (event.state === "started") {
      this.#saidAt.set(key, event.at);
      return [];
    }
    const rest = [1, 2].flatMap((stream) => {
      const partial = this.#partial.get(`${key} ${stream}`) ?? "";
      this.#partial.delete(`${key} ${stream}`);
      return partial === "" ? [] : [say(`  | ${printable(partial)}`)];
    });
    this.#saidAt.delete(key);
    // Loading definitions and contexts is of interest when it fails.
    if (event.name.startsWith("[internal]") && event.state !== "failed") return rest;
    const step = platform.steps.get(event.id);
    const took = step ? stepTime(step, event.at) : 0;
    // Engines end and begin a step again for each part of it (pulls, exports): told again when it has gone on for a while.
    const before = this.#endedAfter.get(key);
    if (before !== undefined && event.state !== "failed" && took - before < worthTelling) return rest;
    this.#endedAfter.set(key, took);
    const mark = event.emulated && event.state !== "cached" ? "  emulated" : "";
    const time = formatDuration(took);
    const outcome = { done: time, cached: "cached", failed: `failed after ${time}`, canceled: "canceled" }[event.state];
    return [...rest, say(`${stepTitle(event.name)}${mark}  ${outcome}`)];
  }

  #log(event: Extract<ProgressEvent, { type: "log" }>, platform: PlatformState, name: string): string[] {
    const key = `${name} ${event.step ?? ""}`;
    const before = this.#partial.get(`${key} ${event.stream}`) ?? "";
    const lines = (before + event.text).split("\n");
    this.#partial.set(`${key} ${event.stream}`, (lines.pop() ?? "").slice(0, 10_000));
    if (lines.length === 0) return [];
    const step = event.step === undefined ? undefined : platform.steps.get(event.step);
    // The first line of a log is preceded by the name of its step.
    const title = step && !this.#told.has(key) ? [`${stepTitle(step.name)} …`] : [];
    this.#told.add(key);
    this.#saidAt.set(key, event.at);
    return [...title, ...lines.map((line) => `  | ${printable(lastTake(line))}`)];
  }

  /** Steps whose name stands above their log. */
  readonly #told = new Set<string>();
}

/** What a terminal would show of a line that a progress bar wrote again and again. */
function lastTake(line: string): string {
  return line.replace(/\r+$/, "").split("\r").at(-1) ?? "";
}

function platformText(platform: PlatformState, event: Extract<ProgressEvent, { type: "platform" }>): string {
  const steps = [...platform.steps.values()];
  const cached = steps.filter((step) => step.state === "cached").length;
  const done = steps.filter((step) => step.state === "done").length + cached;
  switch (event.state) {
    case "building": {
      const how = event.strategy ? `, ${event.strategy}` : "";
      return `building${event.node ? ` on ${printable(event.node)}` : ""}${how}`;
    }
    case "resumed":
      return "taken from an earlier run";
    case "built":
      return `built in ${formatDuration(platformTime(platform, event.at))} (${formatCount(done, "step")}, ${cached} cached)`;
    case "proving":
      return "being proven";
    case "proven":
      return "proven";
    case "refuted":
      return "refused by the architecture gate";
    case "undecided":
      return "undecided: evidence is missing";
    case "unproven":
      return "not proven (--no-verify)";
    case "failed":
      return `failed${event.message ? `: ${printable(event.message)}` : ""}`;
  }
}
