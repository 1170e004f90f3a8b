import { closeSync, openSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { rm, writeFile } from "node:fs/promises";
import type { RunEvent } from "../src/event/run-event.ts";
import { type Figure, mediansOf } from "./measure.ts";
import { type RunPlace, runProject, stepAt } from "./run-place.ts";

const megabyte = 1_000_000;
/** Megabytes a second that output should have at least. */
const aim = 50;

/** What a step prints. */
interface Case {
  readonly name: string;
  readonly content: Uint8Array;
  readonly rounds: number;
}

/** Output of a step on its way into the event log on disk, against `docker run … > FILE` of the same bytes, which with short lines waits for the log that Docker keeps itself. */
export async function measureOutput(place: RunPlace): Promise<Figure[]> {
  const line = (index: number) => `${String(index).padStart(10, "0")} ${"output of a step, ".repeat(4).slice(0, 68)}\n`;
  const lines = (count: number) => Buffer.from(Array.from({ length: count }, (_, index) => line(index)).join(""));
  const cases: readonly Case[] = [
    { name: "100 MB of lines", content: lines(1_250_000), rounds: 3 },
    { name: "200,000 lines of 80 bytes", content: lines(200_000), rounds: 3 },
    { name: "one line of 30 MB", content: Buffer.alloc(30 * megabyte, "x"), rounds: 3 },
    { name: "one line of 100 MB", content: Buffer.alloc(100 * megabyte, "x"), rounds: 1 },
  ];
  const figures: Figure[] = [];
  for (const one of cases) figures.push(...(await measureCase(place, one)));
  return figures;
}

async function measureCase(place: RunPlace, { name, content, rounds }: Case): Promise<Figure[]> {
  const cwd = await place.project("output", "  print: { image: busybox, steps: [{ name: say, run: cat output }] }\n");
  await writeFile(join(cwd, "output"), content);
  let peak = 0;
  let fastest = Number.POSITIVE_INFINITY;
  const medians = await mediansOf(
    {
      own: async () => {
        const run = await runProject(place, cwd);
        requireOutput(run.events, content);
        peak = Math.max(peak, run.peak);
        fastest = Math.min(fastest, flowTime(run.events));
        return stepAt(run.events, "say", "succeeded") - stepAt(run.events, "say", "running");
      },
      docker: () => dockerToFile(place, cwd),
    },
    rounds,
  );
  await rm(cwd, { recursive: true });
  const speed = (took: number) => `${(content.length / 1000 / took).toFixed(0)} MB/s`;
  return [
    {
      name: `${name} into the event log against docker run > file`,
      value: medians.own / medians.docker,
      unit: "times",
      below: 1.5,
      detail: `${(medians.own / 1000).toFixed(2)} s against ${(medians.docker / 1000).toFixed(2)} s, container and all; ${speed(medians.own)}`,
    },
    {
      name: `seconds for ${aim} MB of ${name}, from its first event to its last, at best`,
      value: (fastest / 1000 / (content.length / megabyte)) * aim,
      unit: "s",
      below: 1,
      detail: speed(fastest),
    },
    { name: `peak memory of ${name}`, value: peak / 1e6, unit: "MB", below: 200 },
  ];
}

/** Milliseconds from the first piece of output to the last. */
function flowTime(events: readonly RunEvent[]): number {
  const times = events.flatMap(({ type, at }) => (type === "log" ? [at] : []));
  return (times.at(-1) ?? 0) - (times[0] ?? 0);
}

function dockerToFile({ docker, env, images }: RunPlace, cwd: string): number {
  const file = openSync(join(cwd, "..", "docker-output"), "w");
  try {
    const args = ["run", "--rm", "-v", `${cwd}:/w`, images.busybox, "cat", "/w/output"];
    const start = performance.now();
    const { status, stderr } = spawnSync(docker, args, { env, stdio: ["ignore", file, "pipe"] });
    if (status !== 0) throw new Error(stderr.toString());
    return performance.now() - start;
  } finally {
    closeSync(file);
  }
}

/** Throws when a byte is missing or in another place. */
function requireOutput(events: readonly RunEvent[], expected: Uint8Array): void {
  let at = 0;
  for (const event of events) {
    if (event.type !== "log") continue;
    const bytes = Buffer.from(event.text ?? "");
    if (event.offset !== at || !bytes.equals(expected.subarray(at, at + bytes.length)))
      throw new Error(`the output differs from byte ${at} on`);
    at += bytes.length;
  }
  if (at !== expected.length) throw new Error(`${at} bytes of ${expected.length} came`);
}
