import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ArchwayError } from "../../error/error.ts";
import { fileNameOfJob } from "../../pipeline/file-name.ts";
import { formatPlatform, type Platform } from "../../platform/platform.ts";
import type { Mount } from "../containerizer/containerizer.ts";

const mountSource = z.union([
  z.string(),
  z.object({ volume: z.string(), subpath: z.string().optional() }).transform(({ volume, subpath }) => ({
    volume,
    ...(subpath === undefined ? {} : { subpath }),
  })),
]);

/** What is written of a job that failed and was kept, so that a shell can be opened where it failed. No secret is in it: those are in the container. */
const keptJob = z.object({
  version: z.literal(1),
  run: z.string(),
  job: z.string(),
  step: z.string(),
  /** `linux/arm64`. */
  platform: z.string(),
  /** Why it failed. */
  failure: z.string(),
  /** Endpoint of its engine. */
  engine: z.string(),
  /** Mark of the process that ran it: all that carries it, and its workspaces, stay as long as this file is there. */
  owner: z.string(),
  /** The container that failed; it has ended. */
  container: z.string(),
  network: z.string(),
  directory: z.string(),
  mounts: z.array(z.object({ source: mountSource, target: z.string(), readOnly: z.boolean().default(false) })),
});

export type KeptJob = z.output<typeof keptJob>;

/** The part of it that the job itself knows. */
export type KeptStep = Omit<KeptJob, "version" | "engine" | "mounts"> & { readonly mounts: readonly Mount[] };

const folderName = "kept";

/** Writes a kept job into the folder of its run; whoever reads it may be another process. */
export async function writeKept(runFolder: string, kept: KeptStep, engine: string): Promise<void> {
  // What was put into the container is there, and is not mounted.
  const mounts = kept.mounts.flatMap(({ source, target, readOnly = false }) =>
    typeof source === "object" && "files" in source ? [] : [{ source, target, readOnly }],
  );
  const folder = join(runFolder, folderName);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${fileNameOfJob(kept.job)}.json`);
  await writeFile(file, `${JSON.stringify({ ...kept, version: 1, engine, mounts })}\n`, { mode: 0o600 });
}

/** All kept jobs of all runs in a state folder, the newest run first. What cannot be read is left out. */
export async function listKept(stateFolder: string): Promise<readonly KeptJob[]> {
  const runs = (await names(join(stateFolder, "runs"))).toSorted((a, b) => (a < b ? 1 : -1));
  const all: KeptJob[] = [];
  for (const run of runs) {
    const folder = join(stateFolder, "runs", run, folderName);
    for (const name of await names(folder)) {
      const read = keptJob.safeParse(parse(await readFile(join(folder, name), "utf8").catch(() => "")));
      if (read.success) all.push(read.data);
    }
  }
  return all;
}

/**
 * The kept job of a name or id, in the newest run that kept one.
 *
 * @param platforms of a job that was kept on several platforms, only these; empty for all
 * @throws ArchwayError kind `input`: `NOTHING_KEPT`, `SEVERAL_KEPT` for a name that several jobs of that run have
 */
export async function findKept(
  stateFolder: string,
  job: string,
  platforms: readonly Platform[] = [],
): Promise<KeptJob> {
  const all = await listKept(stateFolder);
  const wanted = platforms.map(formatPlatform);
  const fits = ({ job: id, platform }: KeptJob) =>
    (id === job || id.split(/[@[]/)[0] === job) && (wanted.length === 0 || wanted.includes(platform));
  const newest = all.find(fits)?.run;
  const fitting = all.filter((one) => one.run === newest && fits(one));
  const found = fitting.find((one) => one.job === job) ?? fitting[0];
  if (found === undefined) {
    throw new ArchwayError({
      code: "NOTHING_KEPT",
      kind: "input",
      message: `No container of the job "${job}" was kept${wanted.length === 0 ? "" : ` on ${wanted.join(", ")}`}.`,
      hint:
        all.length === 0 ? "archway run --keep keeps the container of a step that fails." : `Kept are: ${jobsOf(all)}.`,
    });
  }
  if (fitting.length > 1 && found.job !== job) {
    throw new ArchwayError({
      code: "SEVERAL_KEPT",
      kind: "input",
      message: `Several jobs of the name "${job}" were kept: ${jobsOf(fitting)}.`,
      hint: `Name one: archway run --shell '${found.job}'`,
    });
  }
  return found;
}

function jobsOf(kept: readonly KeptJob[]): string {
  return [...new Set(kept.map(({ job }) => job))].join(", ");
}

/**
 * Lets go of all kept jobs: the next cleaning of their engines and of the workspaces removes what was theirs.
 *
 * @returns what was kept until now
 */
export async function forgetKept(stateFolder: string): Promise<readonly KeptJob[]> {
  const all = await listKept(stateFolder);
  for (const run of await names(join(stateFolder, "runs")))
    await rm(join(stateFolder, "runs", run, folderName), { recursive: true, force: true });
  return all;
}

/** A test for owners whose things have to stay: their process runs, or a job of theirs is kept. */
export function withKept(
  stateFolder: string,
  isRunning: (owner: string) => Promise<boolean | undefined>,
): (owner: string) => Promise<boolean | undefined> {
  return async (owner) => {
    const is = await isRunning(owner);
    // Looked at after it: a process that has gone has written what it keeps.
    return is === true || (await listKept(stateFolder)).some((kept) => kept.owner === owner) || is;
  };
}

function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
