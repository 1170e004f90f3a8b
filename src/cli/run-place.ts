import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { EventFile } from "../event/event-file.ts";
import { EventLog } from "../event/event-log.ts";
import type { DockerEngine } from "../job/containerizer/docker-engine.ts";
import { chooseDriver, drivers } from "../job/volumizer/clone/driver.ts";
import {
  removeAbandonedWorkspaces,
  removeExpiredArtifacts,
  removeOldRuns,
  Volumizer,
} from "../job/volumizer/volumizer.ts";
import { readWorkingTree, type Checkout } from "../job/volumizer/working-tree.ts";
import { isRunning, processMark } from "../store/process-mark.ts";
import type { CliContext } from "./context.ts";
import { cacheFolder, stateFolder } from "./folders.ts";
import { summaryFile } from "./run-earlier.ts";
import { openEngine } from "./run-machine.ts";
import type { RunOptions } from "./run-options.ts";
import type { RunPlan } from "./run-plan.ts";
import type { RunSource } from "./run-source.ts";

/** Runs before this one whose events, artifacts and images stay. */
const keptRuns = 30;

/** What caches of jobs may take: bytes, how many, seconds without use. */
const cacheLimits = { bytes: 20 * 1024 ** 3, count: 2000, age: 30 * 86_400 };

/** Where the jobs of one run work: its engine, its folders, its log. */
export interface RunPlace {
  /** Mark of this process. */
  readonly owner: string;
  /** Folder of all runs of the user. */
  readonly state: string;
  /** Folder of this run, which stays. */
  readonly runFolder: string;
  /** Folder for secrets, which goes with the process. */
  readonly privateFolder: string;
  readonly eventFile: string;
  /** Absent when no job needs containers. */
  readonly engine?: DockerEngine;
  readonly volumizer: Volumizer;
  readonly checkout: Checkout;
  readonly log: EventLog;
  /** Writes what is left of the log and removes what goes with the run. */
  close(): Promise<void>;
}

/** Opens what a run works with and removes what earlier ones left. Throws what the engine, Git and the file system say. */
export async function openPlace(
  context: CliContext,
  plan: RunPlan,
  options: RunOptions,
  { secrets, source }: { readonly secrets: ReadonlyMap<string, string>; readonly source: RunSource | undefined },
): Promise<RunPlace> {
  const { env, now, signal } = context;
  const { folder, run } = plan;
  const state = stateFolder(env);
  const runFolder = join(state, "runs", run);
  const eventFile = join(runFolder, "events.jsonl");
  const owner = await processMark();
  const engine = await openEngine(context, plan, options, { secrets, owner, folder: runFolder });
  await removeAbandonedWorkspaces(state, isRunning);
  await removeOldRuns(state, keptRuns);
  await removeExpiredArtifacts(state, { endFile: summaryFile, now: now() });
  const forced = env["ARCHWAY_WORKSPACE_DRIVER"];
  const driver =
    engine === undefined
      ? drivers.copy
      : await chooseDriver({ folder: join(state, "work", owner), endpoint: engine.endpoint, forced }, signal);
  const copies = await openCopies(context, options);
  const volumizer = new Volumizer({ stateFolder: state, cacheFolder: cacheFolder(env), owner, run, driver });
  const closeBoth = () => Promise.all([volumizer.close(), engine?.close(AbortSignal.timeout(30_000))]);
  try {
    const git = plan.config.git ?? (source === undefined ? "none" : "commit");
    const checkout =
      source === undefined
        ? await volumizer.snapshot(await readWorkingTree(folder, { env, signal }), { git, env, signal })
        : await source.checkout(folder, git, signal);
    const privateFolder = await volumizer.openPrivate();
    await mkdir(runFolder, { recursive: true });
    const log = new EventLog([await EventFile.open(eventFile, "wx"), ...copies], now);
    const close = async () => {
      await Promise.all([log.close(), closeBoth()]);
      // A cache that cannot be cleaned now is cleaned by a later run.
      await volumizer.caches.collectGarbage({ ...cacheLimits, now: now() }).catch(() => undefined);
    };
    const parts = { owner, state, runFolder, privateFolder, eventFile, volumizer, checkout, log, close };
    return engine === undefined ? parts : { ...parts, engine };
  } catch (error) {
    await closeBoth();
    throw error;
  }
}

/** The file that the user wants the events in. Throws `FILE_UNWRITABLE` (kind `input`). */
async function openCopies({ cwd }: CliContext, { events }: RunOptions): Promise<readonly EventFile[]> {
  if (events === undefined || events === "-") return [];
  try {
    return [await EventFile.open(resolve(cwd, events), "w")];
  } catch (error) {
    throw new ArchwayError({
      code: "FILE_UNWRITABLE",
      kind: "input",
      message: `${events} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      hint: "--events takes a file in a folder that exists, or - for standard output.",
      cause: error,
    });
  }
}
