import { join } from "node:path";
import type { Failure } from "../event/run-event.ts";
import { systemClock } from "../job/clock.ts";
import type { Containerizer } from "../job/containerizer/containerizer.ts";
import { VolumeFolder } from "../job/engine-volume/volume-folder.ts";
import { handleFailure } from "../job/handle-failure.ts";
import { type KeptStep, writeKept } from "../job/keep/kept-job.ts";
import { NetworkQueue } from "../job/network-queue.ts";
import { type Attempt, runAttempt } from "../job/run-attempt.ts";
import { isRoot } from "../job/share-files.ts";
import type { JobResult, JobSurroundings, StepsJob } from "../job/steps-job.ts";
import type { JobSpec } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Slot } from "../run/machine-pool.ts";
import { placeJob, type Placement } from "../run/place-job.ts";
import type { JobParts } from "./run-jobs.ts";
import { dockerConfig, loginOf } from "./run-logins.ts";
import type { RunMachine } from "./run-machine.ts";
import { variablesOf } from "./run-plan.ts";

/** Milliseconds in which an engine that broke off may come back before its machine counts as gone. */
const comeBack = 8_000;

/** Makes one attempt of a job with steps on the machine of its slot. When the engine there has gone the slot moves, so that the next attempt is made elsewhere. */
export async function performSteps(
  job: JobSpec & { readonly work: StepsJob["work"] },
  parts: JobParts,
  { attempt, slot }: { readonly attempt: Attempt; readonly slot: Slot },
): Promise<JobResult> {
  const { plan, place, pool, emit } = parts;
  const { machine: name, platform, mode, reason } = slot.placement;
  await emit({ type: "placed", job: job.id, machine: name, platform: formatPlatform(platform), mode, reason });
  const machine = place.machines.find((one) => one.name === name);
  if (machine === undefined) throw new TypeError(`no machine ${name}`);
  const started = performance.now();
  const result = await runAttempt({ ...job, platform }, surroundingsOf(job, machine, mode, parts), attempt);
  const { status, failure } = result;
  if (status === "succeeded") place.times.add(plan.identity.file, job.id, mode, (performance.now() - started) / 1000);
  if (failure?.code !== "ENGINE_LOST" || attempt.signal.aborted) return result;
  if (await machine.engine.comesBack(comeBack, attempt.signal)) return result;
  pool.lose(name, failure.message);
  if (attempt.isFinal(failure)) return result;
  await emit({ type: "note", job: job.id, text: `${name} has gone; the next attempt is made on another machine.` });
  // Where no other machine runs it the next attempt finds out whether the engine is back.
  await slot
    .move(attempt.signal, (why) => emit({ type: "note", job: job.id, text: `It waits ${why}.` }))
    .catch(() => undefined);
  return result;
}

/** Runs the failure handlers of a job that could not do it itself: where it belongs, else wherever something runs. */
export async function performHandlers(
  job: JobSpec,
  { failure, failedStep }: { readonly failure: Failure; readonly failedStep: string | undefined },
  parts: JobParts,
): Promise<void> {
  const { machines } = parts.place;
  const placement = placementOfHandlers(job, parts);
  const machine = machines.find(({ name }) => name === placement?.machine);
  if (placement === undefined || machine === undefined) {
    const text = "The failure handlers did not run: there is no container engine.";
    return parts.emit({ type: "note", job: job.id, text });
  }
  const { platform, mode } = placement;
  return handleFailure(job, failure, { failedStep, platform, around: surroundingsOf(job, machine, mode, parts) });
}

/** Handlers wait for no slot: they are short, and their job gives its own back after them. */
function placementOfHandlers(job: JobSpec, { plan, options, place, pool }: JobParts): Placement | undefined {
  const there = place.machines.filter(({ name }) => !pool.isLost(name));
  const idle = there.map((machine) => ({ ...machine, running: [] }));
  const policy = { platforms: plan.config.platforms, emulation: options.emulation };
  const { id, emulation, platform } = job;
  // What the job asks for is for its steps.
  for (const wish of [
    { id, emulation, ...(platform === undefined ? {} : { platform }) },
    { id, emulation },
  ]) {
    try {
      const placed = placeJob(wish, idle, policy);
      if ("placement" in placed) return placed.placement;
    } catch {
      // That nothing runs its platform may be the failure itself.
    }
  }
  return undefined;
}

/** Git takes a repository only from its owner, and the user of a container is often another one. */
const ownRepository = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*" };

/** Whether a job says that its steps run as somebody else than root. Who its images run as is not known yet. */
function hasOtherUsers(work: JobSpec["work"]): boolean {
  return work.kind === "steps" && [work, ...work.steps].some(({ user }) => !isRoot(user));
}

/** The networks of this process, by engine. */
const networks = new WeakMap<Containerizer, NetworkQueue>();

function networksOf(engine: Containerizer): NetworkQueue {
  const queue = networks.get(engine) ?? new NetworkQueue(engine.name, systemClock);
  networks.set(engine, queue);
  return queue;
}

function surroundingsOf(
  { id, work }: JobSpec,
  { engine, endpoint, seesFiles }: RunMachine,
  mode: "native" | "emulated",
  { plan, options, secrets, masks, place, emit }: JobParts,
): JobSurroundings {
  const { volumizer, checkout, owner, privateFolder, runFolder } = place;
  const { config, facts, run } = plan;
  const login = loginOf(config, secrets);
  const { artifacts, caches } = volumizer;
  const openFolder = (signal: AbortSignal) => {
    if (seesFiles) return volumizer.openJob(checkout, signal);
    const isShared = hasOtherUsers(work);
    const staging = join(privateFolder, "moves");
    return VolumeFolder.open(
      { engine, checkout, isShared, artifacts, caches, staging, labels: { run, job: id, owner } },
      signal,
    );
  };
  const keep = async (kept: KeptStep) => {
    await writeKept(runFolder, kept, endpoint);
    volumizer.keep();
  };
  return {
    run,
    ...(options.keep ? { keep } : {}),
    containerizer: engine,
    networks: networksOf(engine),
    clock: systemClock,
    openFolder,
    isEmulated: mode === "emulated",
    variables: { ...variablesOf(facts), ...(checkout.hasRepository === true ? ownRepository : {}) },
    secret: (name: string) => secrets.get(name) ?? "",
    masks,
    dockerConfig: (wanted: readonly string[]) => dockerConfig(wanted, login),
    owner,
    emit,
  };
}
