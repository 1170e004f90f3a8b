/** What is known of a run when it has ended: its events as they lie on the disk, and as a person would tell them. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runEventSchema } from "../../src/event/event-schema.ts";
import type { RunEvent } from "../../src/event/run-event.ts";
import type { Workplace } from "./archway.ts";

/** Events of the newest run of a workplace; none when there was no run. */
export async function eventsOf({ env }: Workplace): Promise<readonly RunEvent[]> {
  const runs = join(env["XDG_STATE_HOME"] ?? "", "archway", "runs");
  const names = await readdir(runs).catch(() => []);
  const last = names.toSorted((a, b) => (a < b ? -1 : 1)).at(-1);
  const text = last === undefined ? "" : await readFile(join(runs, last, "events.jsonl"), "utf8");
  return readEvents(text);
}

/** Events of their lines, as `--events -` prints them. */
export function readEvents(lines: string): readonly RunEvent[] {
  const events = lines
    .split("\n")
    .filter(Boolean)
    .map((line): RunEvent => JSON.parse(line));
  // The published schema tells of every event, and of everything in it.
  for (const event of events) assert.deepEqual(runEventSchema.parse(event), event);
  return events;
}

/** All bytes of a job, or of one source of it: of a step by its name, of `service:NAME`, or of a command. */
export function bytesOf(events: readonly RunEvent[], job: string, source?: string, stream?: string): Buffer {
  return Buffer.concat(
    events.flatMap((event) =>
      event.type === "log" &&
      event.job === job &&
      (source === undefined || event.source === source) &&
      (stream === undefined || event.stream === stream)
        ? [Buffer.from(event.text ?? event.base64 ?? "", event.text === undefined ? "base64" : "utf8")]
        : [],
    ),
  );
}

/** The same as text. */
export const outputOf = (events: readonly RunEvent[], job: string, source?: string): string =>
  bytesOf(events, job, source).toString("utf8");

/**
 * One event as a line, as the `expected.yaml` of scenarios has them; undefined for output, which is looked at by itself, and for what no scenario asks about.
 *
 *     test@linux/arm64 placed emulated
 *     test step unit failed with 7 (user STEP_FAILED): it is tried again
 *     test cache mod gomod-1 restored: from gomod-0
 */
export function lineOf(event: RunEvent): string | undefined {
  const because = (reason: string | undefined) => (reason === undefined ? "" : `: ${reason}`);
  const failed = (failure: { kind: string; code: string } | undefined) =>
    failure === undefined ? "" : ` (${failure.kind} ${failure.code})`;
  switch (event.type) {
    case "placed":
      return `${event.job} placed ${event.mode}`;
    case "job":
      return `${event.job} ${event.state}${failed(event.failure)}${because(event.reason)}`;
    case "step": {
      const code = event.exitCode === undefined || event.exitCode === 0 ? "" : ` with ${event.exitCode}`;
      const handles = event.handles === undefined ? "" : ` after ${event.handles || "the job"}`;
      return `${event.job} step ${event.step} ${event.state}${code}${failed(event.failure)}${handles}${because(event.reason)}`;
    }
    case "service":
      return `${event.job} service ${event.service} ${event.state}`;
    case "cache":
      return `${event.job} cache ${event.path} ${event.key} ${event.result}${because(event.reason)}`;
    case "artifact":
      return `${event.job} artifact ${event.name}: ${event.files} files`;
    case "image":
      return `${event.job} image ${event.published ? "published" : "kept"} for ${event.platforms.join(", ")}`;
    case "approval":
      return `${event.job} approval ${event.answer}`;
    case "note":
      return `${event.job ?? "run"} note: ${event.text}`;
    case "gap":
      return `${event.job} gap in ${event.source}: ${event.reason}`;
    case "run-ended":
      return `run ${event.state}`;
    case "log":
    case "pulled":
    case "run-started":
    case "workspace":
      return undefined;
  }
}

/** What holds for the events of every run that came to its end: contiguous indexes, one end, one final state a job, no hole in a log that no gap tells of. */
export function assertWhole(events: readonly RunEvent[]): void {
  assert.deepEqual(
    events.map(({ index }) => index),
    events.map((_, index) => index),
    "indexes are contiguous",
  );
  assert.deepEqual(
    events.flatMap(({ type }, index) => (type === "run-started" || type === "run-ended" ? [[type, index]] : [])),
    [
      ["run-started", 0],
      ["run-ended", events.length - 1],
    ],
  );
  const jobs = events.flatMap((event) => (event.type === "run-started" ? event.jobs.map(({ job }) => job) : []));
  const ended = events.flatMap((event) =>
    event.type === "job" && !["waiting", "queued", "running"].includes(event.state) ? [event.job] : [],
  );
  assert.deepEqual(ended.toSorted(), jobs.toSorted(), "every job has one final state");
  const at = new Map<string, number>();
  for (const event of events) {
    if (event.type === "step" && event.state === "running") at.set(`${event.job} ${event.step}`, 0);
    if (event.type === "service" && event.state === "starting") at.set(`${event.job} service:${event.service}`, 0);
    if (event.type === "gap") at.delete(`${event.job} ${event.source}`);
    if (event.type !== "log") continue;
    const source = `${event.job} ${event.source}`;
    assert.equal(event.offset, at.get(source) ?? event.offset, `the log of ${source} has no hole`);
    at.set(source, event.offset + bytesOf([event], event.job, event.source).length);
  }
}

/** Whether a text is what `pattern` says, in which `…` stands for anything. */
export function isLike(text: string, pattern: string): boolean {
  const [first = "", ...more] = pattern.split("…");
  const last = more.pop();
  if (last === undefined) return text === first;
  let at = text.startsWith(first) ? first.length : -1;
  for (const part of more) {
    const found = at < 0 ? -1 : text.indexOf(part, at);
    at = found < 0 ? -1 : found + part.length;
  }
  return at >= 0 && text.length - last.length >= at && text.endsWith(last);
}
