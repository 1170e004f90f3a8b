import { join, resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { EventFile } from "../event/event-file.ts";
import { EventLog } from "../event/event-log.ts";
import { drivers } from "../job/volumizer/clone/driver.ts";
import { removeUnusedCheckouts, takeCheckout } from "../job/volumizer/kept-checkout.ts";
import { limitResults } from "../job/volumizer/run-results.ts";
import {
  openRunFolder,
  removeAbandonedWorkspaces,
  removeExpiredArtifacts,
  removeOldRuns,
  Volumizer,
} from "../job/volumizer/volumizer.ts";
import type { Checkout } from "../job/volumizer/working-tree.ts";
import type { CliContext } from "./context.ts";
import { cacheFolder, removeAbandonedScratch, stateFolder } from "./folders.ts";
import { summaryFile } from "./run-earlier.ts";
import { JobTimes } from "../run/job-times.ts";
import { thisMachine } from "../run/place-job.ts";
import type { RunMachine } from "./run-machine.ts";
import type { RunOptions } from "./run-options.ts";
import type { RunPlan } from "./run-plan.ts";
import type { RunSource } from "./run-source.ts";

/** Runs before this one whose events, artifacts and images stay. */
const keptRuns = 30;

/** Bytes that artifacts and images of all those runs may take together. */
const keptBytes = 20 * 1024 ** 3;

/** What caches of jobs may take: bytes, how many, seconds without use. */
const cacheLimits = { bytes: 20 * 1024 ** 3, count: 2000, age: 30 * 86_400 };

/** Where the jobs of one run work: its machines, its folders, its log. */
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
  /** The preferred first; none when no job needs containers. */
  readonly machines: readonly RunMachine[];
  readonly times: JobTimes;
  readonly volumizer: Volumizer;
  readonly checkout: Checkout;
  readonly log: EventLog;
  /** Writes what is left of the log and removes what goes with the run. */
  close(): Promise<void>;
}

/** Opens what a run works with and removes what earlier ones left. Throws what Git and the file system say. */
export async function openPlace(
  context: CliContext,
  plan: RunPlan,
  options: RunOptions,
  parts: {
    readonly machines: readonly RunMachine[];
    readonly owner: string;
    readonly runFolder: string;
    readonly files: { readonly source: RunSource } | { readonly tree: Promise<Checkout> };
    /** Whether what a process left has to stay. */
    readonly isInUse: (owner: string) => Promise<boolean | undefined>;
  },
): Promise<RunPlace> {
  const { env, now, signal } = context;
  const { folder, run } = plan;
  const { machines, owner, runFolder, files } = parts;
  const state = stateFolder(env);
  const eventFile = join(runFolder, "events.jsonl");
  await removeAbandonedScratch();
  for (const left of await removeAbandonedWorkspaces(state, parts.isInUse))
    context.stderr.write(
      `warning: a killed run left ${left}, and containers wrote into it as another user: sudo rm -rf ${left}\n`,
    );
  await removeOldRuns(state, keptRuns, parts.isInUse);
  await removeExpiredArtifacts(state, { endFile: summaryFile, now: now() });
  const { isInUse } = parts;
  await limitResults(join(state, "runs"), { bytes: keptBytes, isInUse });
  const driver = machines.find(({ name }) => name === thisMachine)?.driver ?? drivers.copy;
  const copies = await openCopies(context, options);
  const { repository } = plan.identity;
  const volumizer = new Volumizer({
    stateFolder: state,
    cacheFolder: cacheFolder(env),
    repository,
    owner,
    run,
    driver,
  });
  try {
    const { git } = plan.config;
    const checkout =
      "source" in files
        ? await files.source.checkout(folder, git ?? "commit", signal)
        : await snapshot(volumizer, await files.tree, { git: git ?? "none", env, signal, owner, state, isInUse });
    const privateFolder = await volumizer.openPrivate();
    const leaveRun = await openRunFolder(runFolder, owner);
    const log = new EventLog([await EventFile.open(eventFile, "wx"), ...copies], now);
    const close = async () => {
      await Promise.all([log.close(), volumizer.close()]);
      await Promise.allSettled([leaveRun(), times.save()]);
      // A cache that cannot be cleaned now is cleaned by a later run.
      await volumizer.caches.collectGarbage({ ...cacheLimits, now: now(), isInUse }).catch(() => undefined);
      await removeUnusedCheckouts(checkoutsFolder(state), { now: now(), isInUse }).catch(() => undefined);
    };
    const times = await JobTimes.open(join(state, "job-times.json"));
    return { owner, state, machines, times, runFolder, privateFolder, eventFile, volumizer, checkout, log, close };
  } catch (error) {
    await volumizer.close();
    throw error;
  }
}

/** A copy of the working tree: the one that stays between runs, unless another run has it. */
async function snapshot(
  volumizer: Volumizer,
  tree: Checkout,
  how: Omit<Parameters<Volumizer["snapshot"]>[1], "kept"> &
    Parameters<typeof takeCheckout>[2] & { readonly state: string },
): Promise<Checkout> {
  // Names that are no text are in no index.
  const kept =
    tree.rawPaths === undefined ? await takeCheckout(checkoutsFolder(how.state), tree.folder, how) : undefined;
  return volumizer.snapshot(tree, { ...how, kept });
}

/** Copies of working trees that stay between runs. */
function checkoutsFolder(state: string): string {
  return join(state, "checkouts");
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
