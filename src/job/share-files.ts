import type { AttemptPlace } from "./attempt-place.ts";
import type { PulledImage } from "./containerizer/containerizer.ts";
import { runContainer } from "./run-container.ts";

/** Milliseconds that it may take. */
const patience = 120_000;

/** Whether a user of a container, as a pipeline or an image names it, is root; without a name it is. */
export function isRoot(user: string | undefined): boolean {
  return user === undefined || /^(0|root)?(:|$)/.test(user);
}

/**
 * Lets every user of a container change the files that a job has so far: the checkout and the caches belong to whoever runs this. Where we cannot do it root of a container does, in an
 * image that needs it. What cannot be shared is told: the steps may do without.
 */
export async function shareFiles(place: AttemptPlace, image: PulledImage, signal: AbortSignal): Promise<void> {
  const { containerizer, clock, emit, folder, job } = place;
  if (await folder.share(signal)) return;
  const shared = [
    job.work.workspace,
    ...job.work.caches.map(({ path }) => path).filter((path) => path.startsWith("/")),
  ];
  const exit = await runContainer(
    { containerizer, clock, emit, job, output: () => undefined, isScript: true },
    {
      name: place.containerName("share"),
      image,
      entrypoint: ["sh", "-c", 'chmod -R a+rwX "$@"', "sh", ...shared],
      command: [],
      env: {},
      user: "0:0",
      mounts: place.mounts,
      resources: {},
      labels: place.labels,
    },
    AbortSignal.any([signal, clock.timeout(patience)]),
  ).catch(() => undefined);
  signal.throwIfAborted();
  if (exit?.exitCode === 0) return;
  const text = "The image's user may not change the files of the checkout: its root has no sh and chmod to allow it.";
  await emit({ type: "note", job: job.id, text });
}
