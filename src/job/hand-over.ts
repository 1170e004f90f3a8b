import type { AttemptPlace } from "./attempt-place.ts";
import { runContainer } from "./run-container.ts";

/** Milliseconds that one image has for it. */
const patience = 120_000;

/** Gives what is below its arguments the owner of a file of ours. Where that is not allowed (user namespaces), everybody may at least change it. */
const script = 'owner=$(stat -c %u:%g /run/archway/owner) && { chown -Rh "$owner" "$@" || chmod -R a+rwX "$@"; }';

/**
 * Gives what containers wrote as other users into a job's files to the user of this process, who could neither read nor remove it else: root of a container does it, in
 * an image of the job. Does nothing when all is ours.
 *
 * @throws Error when no image of the job can do it
 */
export async function handOver(place: AttemptPlace, signal: AbortSignal): Promise<void> {
  const { containerizer, folder, job, clock, emit } = place;
  const foreign = (await folder.foreign?.()) ?? [];
  if (foreign.length === 0) return;
  const source = await folder.addFile("owner", "", { mode: 0o644 });
  const targets = foreign.map((_, index) => `/run/archway/foreign/${index}`);
  const images = new Set(
    [...job.work.steps.map(({ image }) => image), job.work.image].filter((one) => one !== undefined),
  );
  for (const image of images) {
    const within = AbortSignal.any([signal, clock.timeout(patience)]);
    const exit = await runContainer(
      { containerizer, clock, emit, job, output: () => undefined, isScript: true },
      {
        name: place.containerName("hand-over"),
        image: await place.pull(image, within),
        entrypoint: ["sh", "-c", script, "sh", ...targets],
        command: [],
        env: {},
        user: "0:0",
        mounts: [
          { source, target: "/run/archway/owner", readOnly: true },
          ...foreign.map((one, index) => ({ source: one, target: targets[index] ?? "" })),
        ],
        resources: {},
        labels: place.labels,
      },
      within,
    ).catch(() => undefined);
    if (exit?.exitCode === 0) return;
  }
  throw new Error("files that containers wrote as another user stay: no image of the job has sh, stat and chown");
}
