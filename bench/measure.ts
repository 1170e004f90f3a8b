import { spawnSync } from "node:child_process";

/** One figure of a benchmark. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `times` for ratios. */
  readonly unit: "times" | "s" | "ms" | "MB" | "MB/s" | "%";
  /** What it should stay below; absent for figures that are only reported. */
  readonly below?: number;
  /** What was compared, for example `28 ms against 24 ms`. */
  readonly detail?: string;
}

/** Wall milliseconds of a whole process, from its start to its end. Throws when it fails. */
export function timeProcess(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): number {
  const start = performance.now();
  const { status, error, stderr } = spawnSync(command, args, {
    stdio: ["ignore", "ignore", "pipe"],
    ...(env ? { env } : {}),
  });
  const took = performance.now() - start;
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr.toString().slice(-2000)}`);
  return took;
}

/**
 * Medians of several measurements that take turns, so that whatever else the machine does hits all of them alike. The first round warms up and is
 * not counted.
 */
export async function mediansOf<Name extends string>(
  measurements: Readonly<Record<Name, () => number | Promise<number>>>,
  rounds: number,
): Promise<Record<Name, number>> {
  const names = Object.keys(measurements) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const took = await measurements[name]();
      if (round > 0) samples.get(name)?.push(took);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(samples.get(name) ?? [])])) as Record<Name, number>;
}

/** The middle of some numbers. Throws without any. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError("the median of nothing");
  return (lower + upper) / 2;
}
