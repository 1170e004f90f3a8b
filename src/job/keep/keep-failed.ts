import { formatPlatform } from "../../platform/platform.ts";
import type { AttemptPlace, Failed } from "../attempt-place.ts";
import { removeMade } from "../remove-made.ts";
import type { JobSurroundings } from "../steps-job.ts";

/**
 * Keeps the container of the step that failed, if that is wanted and there is one. Everything of its place has to stay then. What goes wrong with that is told, and changes no result.
 *
 * @returns whether it was kept
 */
export async function keepFailed(
  { step, failure }: Failed,
  place: AttemptPlace,
  { keep, run, owner }: JobSurroundings,
): Promise<boolean> {
  const { job, network, emit } = place;
  const held = step === undefined ? undefined : place.held?.give(step.name);
  if (held === undefined || step === undefined || keep === undefined) return false;
  const { id, spec } = held;
  const { directory = "/", mounts } = spec;
  const about = { run, job: job.id, step: step.name, owner, failure: failure.message };
  const platform = formatPlatform(place.platform);
  try {
    await keep({ ...about, platform, container: id, network, directory, mounts });
    const text = `Its container is kept: archway run --shell '${job.id}' opens a shell in it.`;
    await emit({ type: "note", job: job.id, text });
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    await emit({ type: "note", job: job.id, text: `The container that failed could not be kept: ${why}` });
    await removeMade(place, { kind: "container", id });
    return false;
  }
}
