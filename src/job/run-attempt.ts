import type { Failure } from "../event/run-event.ts";
import type { SecretUse, StepSpec } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { AttemptPlace } from "./attempt-place.ts";
import type { Mount, PulledImage } from "./containerizer/containerizer.ts";
import { failureOf } from "./job-failure.ts";
import { secretForms } from "./mask-secrets.ts";
import type { JobSurroundings, StepsJob } from "./steps-job.ts";
import { runHandlers, runStep } from "./run-step.ts";
import { startServices } from "./services.ts";
import type { OpenCache } from "./volumizer/caches.ts";
import type { JobFolder } from "./volumizer/job-folder.ts";

/** Milliseconds that `always` steps and failure handlers of a cancelled job have together. */
const afterCancel = 60_000;
/** Milliseconds that the last removals may take. */
const patience = 30_000;

/** One attempt of a job: a fresh workspace and network, all of its steps, and nothing left of it. */
export async function runAttempt(
  job: StepsJob,
  around: JobSurroundings,
  signal: AbortSignal,
): Promise<{ readonly failure?: Failure }> {
  const { containerizer, emit } = around;
  const labels = { run: around.run, job: job.id, owner: around.owner };
  const removals: (() => Promise<unknown>)[] = [];
  try {
    const started = performance.now();
    const folder = await around.openFolder(signal);
    removals.push(() => folder.remove());
    const seconds = (performance.now() - started) / 1000;
    await emit({ type: "workspace", job: job.id, ...folder.made, seconds });
    const name = `archway-${around.run}-${job.id}`.replace(/[^\w.-]+/g, "-").slice(0, 80);
    const unique = `${name}-${process.hrtime.bigint().toString(36)}`;
    const network = await containerizer.createNetwork(unique, labels, signal);
    removals.push(() => containerizer.remove({ kind: "network", id: network }, AbortSignal.timeout(patience)));
    for (const input of job.work.inputs) await folder.placeInput(input, signal);
    const caches = await openCaches(job, around, folder);
    let count = 0;
    const place: AttemptPlace = {
      job,
      platform: job.platform,
      isEmulated: around.isEmulated,
      containerizer,
      network,
      hosts: {},
      folder,
      mounts: [
        { source: folder.workspace, target: job.work.workspace },
        ...caches.flatMap(({ mount }) => (mount === undefined ? [] : [mount])),
        ...(await dockerConfig(job, around, folder)),
      ],
      variables: {
        ...around.variables,
        ARCHWAY_JOB: job.id,
        ARCHWAY_PLATFORM: formatPlatform(job.platform),
        ARCHWAY_EMULATED: String(around.isEmulated),
        ARCHWAY_WORKSPACE: job.work.workspace,
        ...(job.work.registries.length > 0 ? { DOCKER_CONFIG: "/run/archway/docker" } : {}),
      },
      labels,
      secretForms: secretForms(around.masked),
      emit,
      pull: pullOnce(job, around),
      secretsOf: (uses) => provideSecrets(uses, around, folder),
      containerName: (purpose) => `${unique}-${purpose.replace(/[^\w.-]+/g, "-")}-${++count}`,
    };
    const failure = await runAll(place, signal);
    const later = await saveResults(place, {
      folder,
      caches,
      failure: failure ?? (signal.aborted ? failureOf(signal.reason) : undefined),
    }).then(() => undefined, failureOf);
    // What failed first is what the user has to know.
    const told = failure ?? later;
    return told === undefined ? {} : { failure: told };
  } catch (error) {
    return { failure: failureOf(error) };
  } finally {
    for (const remove of removals.reverse()) {
      await remove().catch((error: unknown) =>
        emit({
          type: "note",
          job: job.id,
          text: `Something was not removed: ${error instanceof Error ? error.message : String(error)}`,
        }),
      );
    }
  }
}

/** Services, steps, and what follows a failure. */
async function runAll(alone: AttemptPlace, signal: AbortSignal): Promise<Failure | undefined> {
  const { job } = alone;
  const services = await startServices(job.work.services, alone, signal);
  const place = { ...alone, hosts: services.hosts };
  const broken = new AbortController();
  const lost: { failure?: Failure } = {};
  services.lost.catch((error: unknown) => {
    lost.failure = failureOf(error);
    broken.abort(error);
  });
  const within = AbortSignal.any([signal, broken.signal]);
  let failure: Failure | undefined;
  let failedStep: StepSpec | undefined;
  try {
    for (const step of job.work.steps) {
      const isOver = within.aborted;
      const isWanted = step.when === "always" || (step.when === "failure") === (failure !== undefined || isOver);
      if (!isWanted || (isOver && step.when === "success")) {
        await place.emit({
          type: "step",
          job: job.id,
          step: step.name,
          state: "skipped",
          attempt: 1,
          reason: reasonOf(step, failure, isOver),
        });
        continue;
      }
      const end = await runStep(step, place, isOver ? AbortSignal.timeout(afterCancel) : within);
      if (end.status === "failed" && !step.mayFail && failure === undefined) {
        failure = end.failure;
        failedStep = step;
      }
      if (end.status === "cancelled") failure ??= lost.failure ?? failureOf(within.reason);
    }
    failure ??= lost.failure;
    if (failure !== undefined && failure.kind !== "cancelled") {
      await runHandlers(
        job.onFailure,
        { ...place, ...(failedStep === undefined ? {} : { failedStep }) },
        AbortSignal.timeout(afterCancel),
      );
    }
    return failure;
  } finally {
    await services.stop();
  }
}

function reasonOf(step: StepSpec, failure: Failure | undefined, isOver: boolean): string {
  if (step.when === "failure") return "nothing failed";
  return failure !== undefined || isOver ? "a step before it failed" : "its condition is not met";
}

/** Pulls each image once, whoever asks for it. */
function pullOnce(job: StepsJob, { containerizer, emit }: JobSurroundings): AttemptPlace["pull"] {
  const pulled = new Map<string, PulledImage>();
  return async (image, signal) => {
    const before = pulled.get(image);
    if (before !== undefined) return before;
    const now = await containerizer.pull({ image, platform: job.platform }, signal);
    pulled.set(image, now);
    const { digest, bytes } = now;
    await emit({ type: "pulled", job: job.id, image, digest, platform: formatPlatform(job.platform), bytes });
    return now;
  };
}

async function provideSecrets(uses: readonly SecretUse[], around: JobSurroundings, folder: JobFolder) {
  const env: Record<string, string> = {};
  const mounts: Mount[] = [];
  for (const { name, env: variable, file } of uses) {
    const value = around.secret(name);
    if (variable !== undefined) env[variable] = value;
    if (file === undefined) continue;
    // Read by whatever user the container has; where it lies is closed to everybody else.
    const source = await folder.addFile("secret", value, { mode: 0o444 });
    mounts.push({ source, target: file, readOnly: true });
  }
  return { env, mounts };
}

async function dockerConfig({ work }: StepsJob, around: JobSurroundings, folder: JobFolder): Promise<readonly Mount[]> {
  if (work.registries.length === 0) return [];
  const source = await folder.addFolder("docker", { "config.json": around.dockerConfig(work.registries) });
  return [{ source, target: "/run/archway/docker" }];
}

interface MountedCache {
  readonly cache: OpenCache;
  /** Absent when it lies in the workspace. */
  readonly mount: Mount | undefined;
  readonly key: string;
  readonly path: string;
  readonly save: "success" | "always";
}

async function openCaches(
  job: StepsJob,
  { emit }: JobSurroundings,
  folder: JobFolder,
): Promise<readonly MountedCache[]> {
  const opened: MountedCache[] = [];
  for (const spec of job.work.caches) {
    const { path, key, save } = spec;
    const { cache, source } = await folder.openCache(spec, job.platform);
    opened.push({ cache, mount: source === undefined ? undefined : { source, target: path }, key, path, save });
    const { result, from } = cache;
    await emit({
      type: "cache",
      job: job.id,
      path,
      key,
      platform: formatPlatform(job.platform),
      result,
      ...(from !== undefined && from !== key ? { reason: `from ${from}` } : {}),
    });
  }
  return opened;
}

async function saveResults(
  { job, emit }: AttemptPlace,
  done: { readonly folder: JobFolder; readonly caches: readonly MountedCache[]; readonly failure: Failure | undefined },
): Promise<void> {
  const { failure } = done;
  const platform = formatPlatform(job.platform);
  const limit = AbortSignal.timeout(10 * afterCancel);
  for (const artifact of job.work.artifacts) {
    const isWanted = artifact.when === "always" || (artifact.when === "failure") === (failure !== undefined);
    if (!isWanted) continue;
    const { files, bytes } = await done.folder.saveArtifact(job.id, artifact, limit);
    await emit({ type: "artifact", job: job.id, name: artifact.name, files, bytes });
  }
  for (const { cache, key, path, save } of done.caches) {
    if (failure !== undefined && save !== "always") continue;
    const { saved, bytes, reason } = await cache.save().catch((error: unknown) => ({
      saved: false,
      bytes: 0,
      reason: `it could not be saved: ${error instanceof Error ? error.message : String(error)}`,
    }));
    if (cache.result === "hit") continue;
    await emit({
      type: "cache",
      job: job.id,
      path,
      key,
      platform,
      result: saved ? "saved" : "not-saved",
      bytes,
      ...(reason === undefined ? {} : { reason }),
    });
  }
}
