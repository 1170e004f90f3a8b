import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { writeAtomically } from "../store/atomic-file.ts";
import type { JobSeconds } from "./place-job.ts";

/** Jobs whose times are kept: those that ran last. */
const maxJobs = 5_000;
/** How much the newest time counts against all before it. */
const weight = 0.5;

const record = z.object({ native: z.number().positive().optional(), emulated: z.number().positive().optional() });
const file = z.object({ version: z.literal(1), jobs: z.record(z.string(), record) });

/** How long jobs took in earlier runs of this user: advice for placing them, which may be deleted at any time. */
export class JobTimes {
  readonly #path: string;
  /** The last ones that ran at the end. */
  readonly #jobs: Map<string, JobSeconds>;
  readonly #fresh = new Map<string, JobSeconds>();

  private constructor(path: string, jobs: Map<string, JobSeconds>) {
    this.#path = path;
    this.#jobs = jobs;
  }

  /** Reads a file; one that is not there, or that nobody can read any more, knows nothing. */
  static async open(path: string): Promise<JobTimes> {
    return new JobTimes(path, await read(path));
  }

  /**
   * What is known of a job.
   *
   * @param pipeline the file of its pipeline
   */
  of(pipeline: string, job: string): JobSeconds {
    return this.#fresh.get(keyOf(pipeline, job)) ?? this.#jobs.get(keyOf(pipeline, job)) ?? {};
  }

  /** Adds a job that succeeded. */
  add(pipeline: string, job: string, mode: "native" | "emulated", seconds: number): void {
    const known = this.of(pipeline, job);
    const before = known[mode];
    const now = before === undefined ? seconds : before * (1 - weight) + seconds * weight;
    this.#fresh.set(keyOf(pipeline, job), { ...known, [mode]: Math.max(0.001, now) });
  }

  /** Writes what was added to what other runs have written meanwhile. Throws what the file system says. */
  async save(): Promise<void> {
    if (this.#fresh.size === 0) return;
    const jobs = await read(this.#path);
    for (const [key, seconds] of this.#fresh) {
      jobs.delete(key);
      jobs.set(key, seconds);
    }
    const kept = Object.fromEntries([...jobs].slice(-maxJobs));
    await mkdir(dirname(this.#path), { recursive: true });
    await writeAtomically(dirname(this.#path), this.#path, Buffer.from(JSON.stringify({ version: 1, jobs: kept })));
  }
}

function keyOf(pipeline: string, job: string): string {
  return `${pipeline} ${job}`;
}

async function read(path: string): Promise<Map<string, JobSeconds>> {
  try {
    const { jobs } = file.parse(JSON.parse(await readFile(path, "utf8")));
    return new Map(
      Object.entries(jobs).map(([key, { native, emulated }]) => [
        key,
        { ...(native === undefined ? {} : { native }), ...(emulated === undefined ? {} : { emulated }) },
      ]),
    );
  } catch {
    return new Map();
  }
}
