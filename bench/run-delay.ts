import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Figure, median } from "./measure.ts";
import { type RunPlace, readEvents } from "./run-place.ts";

/** Prints its clock (seconds since the epoch, with microseconds) some 50 times a second. */
const clock = (lines: number) => `for i in $(seq ${lines}); do echo "clock $EPOCHREALTIME"; sleep 0.02; done`;

/** Delay from a line that a step writes to the same line in the file of events and at a reader in the process, alone and while another job floods its log. */
export async function measureDelay(place: RunPlace): Promise<Figure[]> {
  const quiet = `  clock: { image: "debian:bookworm-slim", steps: [{ name: tick, run: "bash -c '${clock(500).replaceAll('"', '\\"')}'" }] }\n`;
  const flood =
    "  flood: { image: busybox, steps: [\"yes 'a line of a log that is written at full speed' | head -c 300000000\"] }\n";
  const alone = await readDelays(place, await place.project("delay", quiet));
  const flooded = await readDelays(place, await place.project("flooded", quiet + flood), "--jobs", "2");
  return [
    ...figuresOf("a line of a step to the event file", alone.toFile),
    ...figuresOf("a line of a step to a reader in the process", alone.toReader),
    ...figuresOf("the same to the event file while another job floods", flooded.toFile),
    ...figuresOf("the same to a reader in the process while another job floods", flooded.toReader),
    { name: "memory while a step sleeps and prints", value: alone.memory / 1e6, unit: "MB" },
  ];
}

function figuresOf(name: string, delays: readonly number[]): Figure[] {
  const sorted = delays.toSorted((a, b) => a - b);
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  const detail = `median ${median(sorted).toFixed(1)} ms, most ${(sorted.at(-1) ?? 0).toFixed(1)} ms, of ${sorted.length}`;
  return [{ name: `delay from ${name}, p99`, value: p99, unit: "ms", below: 100, detail }];
}

/** Milliseconds of every line, and resident bytes in the middle of it. */
async function readDelays(place: RunPlace, cwd: string, ...args: readonly string[]) {
  const file = `${cwd}.events`;
  rmSync(file, { force: true });
  const options = ["run", "--progress", "quiet", "--events", file, ...args];
  const child = spawn(place.archway, options, { cwd, env: place.env, stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(child, "close").then(([code]: unknown[]) => code);
  const delays = { toFile: new Array<number>(), toReader: new Array<number>(), memory: 0 };
  const piece = Buffer.alloc(4 * 1024 ** 2);
  let rest = "";
  let descriptor: number | undefined;
  while (child.exitCode === null && child.signalCode === null) {
    await sleep(1);
    descriptor ??= openIfThere(file);
    if (descriptor === undefined) continue;
    const length = readSync(descriptor, piece);
    const seen = performance.timeOrigin + performance.now();
    const text = rest + piece.toString("latin1", 0, length);
    const end = text.lastIndexOf("\n") + 1;
    rest = text.slice(end);
    // What floods is not taken apart: reading must not be what is measured.
    const events = readEvents(
      text
        .slice(0, end)
        .split("\n")
        .filter((line) => line.includes('"job":"clock"'))
        .join("\n") + "\n",
    );
    for (const event of events) {
      if (event.type !== "log") continue;
      for (const [, written = ""] of (event.text ?? "").matchAll(/clock (\d+\.\d+)/g)) {
        delays.toFile.push(seen - Number(written) * 1000);
        delays.toReader.push(event.at - Number(written) * 1000);
      }
    }
    if (delays.toFile.length > 50 && delays.memory === 0) delays.memory = residentOf(child.pid);
  }
  if (descriptor !== undefined) closeSync(descriptor);
  rmSync(file, { force: true });
  const code = await ended;
  if (code !== 0) throw new Error(`archway run ended with ${String(code)}`);
  return delays;
}

function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, "r");
  } catch {
    return undefined;
  }
}

function residentOf(pid: number | undefined): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}
