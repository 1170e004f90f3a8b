import { chmod, mkdir, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { Failure } from "../event/run-event.ts";
import type { SecretUse, StepSpec } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { AttemptPlace } from "./attempt-place.ts";
import type { Mount, PulledImage } from "./containerizer/containerizer.ts";
import { failureOf } from "./job-failure.ts";
import type { JobSurroundings, StepsJob } from "./steps-job.ts";
import { runHandlers, runStep } from "./run-step.ts";
import { startServices } from "./services.ts";
import type { OpenCache } from "./volumizer/caches.ts";
import { requireFolders } from "./volumizer/require-folders.ts";

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
  const { containerizer, volumizer, emit } = around;
  const labels = { run: around.run, job: job.id, owner: around.owner };
  const removals: (() => Promise<unknown>)[] = [];
  try {
    const started = performance.now();
    const folder = await volumizer.openJob(around.checkout, signal);
    removals.push(() => folder.remove());
    const seconds = (performance.now() - started) / 1000;
    await emit({ type: "workspace", job: job.id, driver: "copy", files: around.checkout.paths.length, seconds });
    const name = `archway-${around.run}-${job.id}`.replace(/[^\w.-]+/g, "-").slice(0, 80);
    const unique = `${name}-${process.hrtime.bigint().toString(36)}`;
    const network = await containerizer.createNetwork(unique, labels, signal);
    removals.push(() => containerizer.remove({ kind: "network", id: network }, AbortSignal.timeout(patience)));
    for (const input of job.work.inputs) await volumizer.artifacts.place(folder.workspace, input, signal);
    const caches = await openCaches(job, around, folder);
    let count = 0;
    const place: AttemptPlace = {
      job,
      platform: job.platform,
      isEmulated: around.isEmulated,
      containerizer,
      network,
      hosts: {},
      scratch: folder.scratch,
      mounts: [
        { source: folder.workspace, target: job.work.workspace },
        ...caches.map(({ mount }) => mount),
        ...(await dockerConfig(job, around, folder.scratch)),
      ],
      variables: {
        ...around.variables,
        ARCHWAY_JOB: job.id,
        ARCHWAY_PLATFORM: formatPlatform(job.platform),
        ARCHWAY_EMULATED: String(around.isEmulated),
        ARCHWAY_WORKSPACE: job.work.workspace,
        ...(job.work.registries.length > 0 ? { DOCKER_CONFIG: "/run/archway/docker" } : {}),
      },
      checkMounts: async () => {
        for (const { path } of caches) if (!isAbsolute(path)) await requireFolders(folder.workspace, path);
      },
      labels,
      masks: around.masks,
      emit,
      pull: pullOnce(job, around),
      secretsOf: (uses) => provideSecrets(uses, around, folder.scratch, () => ++count),
      containerName: (purpose) => `${unique}-${purpose.replace(/[^\w.-]+/g, "-")}-${++count}`,
      nextName: (purpose) => `${purpose}-${++count}`,
    };
    const failure = await runAll(place, signal);
    const later = await saveResults(place, around, {
      folder: folder.workspace,
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

async function provideSecrets(
  uses: readonly SecretUse[],
  around: JobSurroundings,
  scratch: string,
  next: () => number,
) {
  const env: Record<string, string> = {};
  const mounts: Mount[] = [];
  for (const { name, env: variable, file } of uses) {
    const value = around.secret(name);
    if (variable !== undefined) env[variable] = value;
    if (file === undefined) continue;
    const source = join(scratch, `secret-${next()}`);
    // Read by whatever user the container has; the folder around it is closed to everybody else.
    await writeFile(source, value, { mode: 0o444 });
    mounts.push({ source, target: file, readOnly: true });
  }
  return { env, mounts };
}

async function dockerConfig({ work }: StepsJob, around: JobSurroundings, scratch: string): Promise<readonly Mount[]> {
  if (work.registries.length === 0) return [];
  const source = join(scratch, "docker");
  await mkdir(source);
  await writeFile(join(source, "config.json"), around.dockerConfig(work.registries));
  await chmod(source, 0o755);
  return [{ source, target: "/run/archway/docker" }];
}

interface MountedCache {
  readonly cache: OpenCache;
  readonly mount: Mount;
  readonly key: string;
  readonly path: string;
  readonly save: "success" | "always";
}

async function openCaches(
  job: StepsJob,
  { volumizer, emit }: JobSurroundings,
  { workspace, scratch }: { readonly workspace: string; readonly scratch: string },
): Promise<readonly MountedCache[]> {
  const opened: MountedCache[] = [];
  for (const [index, spec] of job.work.caches.entries()) {
    const { path, key, save } = spec;
    if (!isAbsolute(path)) await requireFolders(workspace, path);
    const source = isAbsolute(path) ? join(scratch, `cache-${index}`) : join(workspace, path);
    const cache = await volumizer.caches.open(spec, job.platform, source);
    const target = isAbsolute(path) ? path : join(job.work.workspace, path);
    opened.push({ cache, mount: { source, target }, key, path, save });
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
  { volumizer }: JobSurroundings,
  done: { readonly folder: string; readonly caches: readonly MountedCache[]; readonly failure: Failure | undefined },
): Promise<void> {
  const { failure } = done;
  const platform = formatPlatform(job.platform);
  const limit = AbortSignal.timeout(10 * afterCancel);
  for (const artifact of job.work.artifacts) {
    const isWanted = artifact.when === "always" || (artifact.when === "failure") === (failure !== undefined);
    if (!isWanted) continue;
    const { files, bytes } = await volumizer.artifacts.save(job.id, done.folder, artifact, limit);
    await emit({ type: "artifact", job: job.id, name: artifact.name, files, bytes });
  }
  for (const { cache, key, path, save } of done.caches) {
    if (failure !== undefined && save !== "always") continue;
    // A step may have put a link into the place of the folder.
    if (!isAbsolute(path)) await requireFolders(done.folder, path);
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
