import type { Failure } from "../event/run-event.ts";
import { formatPlatform } from "../platform/platform.ts";
import { handOver } from "./hand-over.ts";
import type { OpenPlace } from "./open-place.ts";

/** Milliseconds that the artifacts of a job may take. */
const patience = 600_000;

/**
 * Keeps the artifacts and caches of a job that has come to its end: each of them whatever becomes of the others.
 *
 * @param failure how the job failed
 * @throws what the first artifact throws that a job needs which has not failed. What cannot be kept besides is told.
 */
export async function saveResults({ place, caches }: OpenPlace, failure: Failure | undefined): Promise<void> {
  const { job, folder, emit, clock } = place;
  const platform = formatPlatform(job.platform);
  // After a cancel there is as much time as the steps have that clean up.
  const limit = AbortSignal.any([clock.timeout(patience), place.late]);
  const isFailed = failure !== undefined && failure.kind !== "cancelled";
  // What stays another user's may still be read: artifacts and caches tell when not.
  if (job.work.artifacts.length > 0 || caches.length > 0) await handOver(place, limit).catch(() => undefined);
  let lost: { readonly error: unknown } | undefined;
  for (const artifact of job.work.artifacts) {
    const isWanted = artifact.when === "always" || (artifact.when === "failure" ? isFailed : failure === undefined);
    if (!isWanted) continue;
    const { name } = artifact;
    const saved = await folder.saveArtifact(job.id, artifact, limit).catch((error: unknown) => ({ error }));
    if (!("error" in saved)) await emit({ type: "artifact", job: job.id, name, ...saved });
    else if (failure === undefined && lost === undefined) lost = saved;
    else
      await emit({ type: "note", job: job.id, text: `The artifact "${name}" was not kept: ${wordsOf(saved.error)}` });
  }
  for (const { cache, key, path, save } of caches) {
    if ((failure !== undefined || lost !== undefined) && save !== "always") continue;
    const { saved, bytes, reason } = await cache.save().catch((error: unknown) => ({
      saved: false,
      bytes: 0,
      reason: `it could not be saved: ${wordsOf(error)}`,
    }));
    if (cache.result === "hit") continue;
    const result = saved ? "saved" : "not-saved";
    const about = { type: "cache", job: job.id, path, key, platform, result, bytes } as const;
    await emit(reason === undefined ? about : { ...about, reason });
  }
  if (lost !== undefined) throw lost.error;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
