import type { Failure } from "../event/run-event.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { AttemptPlace } from "./attempt-place.ts";
import { handOver } from "./hand-over.ts";
import { failureOf, JobFailure } from "./job-failure.ts";
import type { JobCache, OpenPlace } from "./open-place.ts";

/** Milliseconds that the artifacts and caches of a job may take together. */
const patience = 600_000;

/** Keeps what a job has come to, for as long as there is time. */
interface Keeping {
  readonly place: AttemptPlace;
  /** How the job failed. */
  readonly failure: Failure | undefined;
  /** Aborted when the job is cancelled. */
  readonly cancelled: AbortSignal;
  /** Aborted when there is no more time: after a cancel there is as much as steps have that clean up. */
  readonly limit: AbortSignal;
}

/**
 * Keeps the artifacts and caches of a job that has come to its end. After a cancel that is told, and takes a minute at most.
 *
 * @param failure how the job failed
 * @param cancelled aborted when the job is cancelled
 * @throws what the first artifact throws that a job needs which has not failed, `ARTIFACTS_TIMEOUT` (kind `timeout`) among it. What cannot be kept besides is told, as is a cache.
 */
export async function saveResults(
  { place, caches }: OpenPlace,
  failure: Failure | undefined,
  cancelled: AbortSignal,
): Promise<void> {
  const { job, emit, clock, late } = place;
  const keeping = { place, failure, cancelled, limit: AbortSignal.any([clock.timeout(patience), late]) };
  const isFailed = failure !== undefined && failure.kind !== "cancelled";
  const artifacts = job.work.artifacts.filter(
    ({ when }) => when === "always" || (when === "failure" ? isFailed : failure === undefined),
  );
  const cachesOf = (isGood: boolean) => caches.filter(({ save }) => isGood || save === "always");
  if (artifacts.length === 0 && cachesOf(failure === undefined).length === 0) return;
  const tell = async () => {
    const text = "It was cancelled: its artifacts, and caches that are always saved, have a minute to be kept.";
    await emit({ type: "note", job: job.id, text });
  };
  const onCancel = () => {
    // That the log is lost the job's own events tell.
    tell().catch(() => undefined);
  };
  if (cancelled.aborted) await tell();
  else cancelled.addEventListener("abort", onCancel, { once: true });
  try {
    // What stays another user's may still be read: artifacts and caches tell when not.
    await handOver(place, keeping.limit).catch(() => undefined);
    const lost = await saveArtifacts(artifacts, keeping);
    for (const cache of cachesOf(failure === undefined && lost === undefined)) await saveCache(cache, keeping);
    if (lost !== undefined) throw lost.error;
  } finally {
    cancelled.removeEventListener("abort", onCancel);
  }
}

/** Each artifact, whatever came of the others; gives why the first was not kept that the job then fails of. */
async function saveArtifacts(
  artifacts: AttemptPlace["job"]["work"]["artifacts"],
  { place, failure, limit }: Keeping,
): Promise<{ readonly error: unknown } | undefined> {
  const { job, folder, emit } = place;
  let lost: { readonly error: unknown } | undefined;
  for (const artifact of artifacts) {
    const { name } = artifact;
    const saved = await folder.saveArtifact(job.id, artifact, limit).catch((error: unknown) => ({
      error: limit.aborted ? new JobFailure(noTime(name)) : error,
    }));
    if (!("error" in saved)) await emit({ type: "artifact", job: job.id, name, ...saved });
    else if (failure === undefined && lost === undefined) lost = saved;
    else {
      const text = `The artifact "${name}" was not kept: ${failureOf(saved.error).message}`;
      await emit({ type: "note", job: job.id, text });
    }
  }
  return lost;
}

async function saveCache({ cache, key, path, save }: JobCache, keeping: Keeping): Promise<void> {
  const { place, cancelled, limit } = keeping;
  const { job, emit } = place;
  // After a cancel nobody waits for what only saves time.
  const within = save === "always" ? limit : AbortSignal.any([limit, cancelled]);
  const { saved, bytes, reason } = await cache.save(within).catch((error: unknown) => ({
    saved: false,
    bytes: 0,
    reason: within.aborted
      ? cancelled.aborted
        ? "the job was cancelled"
        : "there was no more time"
      : `it could not be saved: ${error instanceof Error ? error.message : String(error)}`,
  }));
  if (cache.result === "hit") return;
  const platform = formatPlatform(place.platform);
  const result = saved ? "saved" : "not-saved";
  const about = { type: "cache", job: job.id, path, key, platform, result, bytes } as const;
  await emit(reason === undefined ? about : { ...about, reason });
}

function noTime(name: string): Failure {
  return {
    kind: "timeout",
    code: "ARTIFACTS_TIMEOUT",
    message: `The time that artifacts have was over before "${name}" was kept.`,
    hint: "Ten minutes are for all artifacts and caches of a job, one after a cancel: pack many small files into one.",
  };
}
