import type { RunEventBody } from "../event/run-event.ts";
import type { SecretUse } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { AttemptPlace } from "./attempt-place.ts";
import type { Mount, PulledImage } from "./containerizer/containerizer.ts";
import { handOver } from "./hand-over.ts";
import { HeldContainers } from "./keep/held-containers.ts";
import type { WhileWaiting } from "./network-queue.ts";
import { make, patience, removeMade } from "./remove-made.ts";
import { shareFiles } from "./share-files.ts";
import type { JobSurroundings, StepsJob } from "./steps-job.ts";
import type { OpenCache } from "./volumizer/caches.ts";
import type { JobFolder } from "./volumizer/job-folder.ts";

/** Where steps find the Docker configuration. */
const dockerFolder = "/run/archway/docker";

/** A cache in a job. */
export interface JobCache {
  readonly cache: OpenCache;
  readonly key: string;
  readonly path: string;
  readonly save: "success" | "always";
}

/** What removes the parts of a place, in the order in which they were made. */
export type Removals = (() => Promise<unknown>)[];

/** How a place is opened. */
interface Opening {
  readonly removals: Removals;
  readonly late: AbortSignal;
  readonly signal: AbortSignal;
  readonly whileWaiting: WhileWaiting;
}

/** A place with what belongs to it alone. */
export interface OpenPlace {
  readonly place: AttemptPlace;
  readonly caches: readonly JobCache[];
}

/**
 * Makes the place of one attempt: workspace, network, inputs, caches. What it made is put into `removals` as soon as it is there, also when it throws.
 *
 * @throws what the engine, the file system and artifacts say
 */
export async function openPlace(
  job: StepsJob,
  around: JobSurroundings,
  { removals, late, signal, whileWaiting }: Opening,
): Promise<OpenPlace> {
  const { containerizer, networks, clock, emit } = around;
  const labels = { run: around.run, job: job.id, owner: around.owner };
  const readable = `archway-${around.run}-${job.id}`.replace(/[^\w.-]+/g, "-").slice(0, 80);
  const name = `${readable}-${process.hrtime.bigint().toString(36)}`;
  // The engine works while the files are made ready.
  const givenUp = new AbortController();
  const making = networks.take(
    () => make(around, { kind: "network", name }, (asked) => containerizer.createNetwork(name, labels, asked)),
    { signal: AbortSignal.any([signal, givenUp.signal]), whileWaiting },
  );
  // Heard below, when it is waited for.
  making.catch(() => undefined);
  removals.push(async () => {
    // What else is needed may fail while it still waits.
    givenUp.abort();
    const id = await making.catch(() => undefined);
    if (id === undefined) return;
    await removeMade({ ...around, job }, { kind: "network", id });
    networks.give();
  });
  const started = clock.now();
  const folder = await around.openFolder(signal);
  removals.push(() => folder.remove());
  await emit({ type: "workspace", job: job.id, ...folder.made, seconds: (clock.now() - started) / 1000 });
  const network = await making;
  for (const input of job.work.inputs) await folder.placeInput(input, signal);
  const mounts: Mount[] = [{ source: folder.workspace, target: job.work.workspace }];
  const caches: JobCache[] = [];
  for (const spec of job.work.caches) {
    const { path, key, save } = spec;
    const { cache, source } = await folder.openCache(spec, job.platform, signal);
    caches.push({ cache, key, path, save });
    if (source !== undefined) mounts.push({ source, target: path });
    await emit(openedCache(job, cache, { path, key }));
  }
  const { registries } = job.work;
  if (registries.length > 0) {
    const files = { "config.json": around.dockerConfig(registries) };
    mounts.push({ source: await folder.addFolder("docker", files), target: dockerFolder });
  }
  const held = around.keep === undefined ? undefined : new HeldContainers({ ...around, job });
  if (held !== undefined) removals.push(() => held.release());
  let count = 0;
  let sharing: Promise<void> | undefined;
  const place: AttemptPlace = {
    job,
    platform: job.platform,
    isEmulated: around.isEmulated,
    containerizer,
    clock,
    network,
    hosts: {},
    folder,
    mounts,
    variables: {
      ...around.variables,
      ARCHWAY_JOB: job.id,
      ARCHWAY_PLATFORM: formatPlatform(job.platform),
      ARCHWAY_EMULATED: String(around.isEmulated),
      ARCHWAY_WORKSPACE: job.work.workspace,
      ...(registries.length > 0 ? { DOCKER_CONFIG: dockerFolder } : {}),
    },
    labels,
    ...(held === undefined ? {} : { held }),
    masks: around.masks,
    late,
    emit,
    share: (image, within) => {
      sharing ??= shareFiles(place, image, within).catch((error: unknown) => {
        sharing = undefined;
        throw error;
      });
      return sharing;
    },
    pull: pullOnce(job, around),
    secretsOf: (uses) => provideSecrets(uses, around, folder),
    containerName: (purpose) => `${name}-${purpose.replace(/[^\w.-]+/g, "-")}-${++count}`,
  };
  // Before the folder is removed, after all that writes to it has ended.
  removals.push(() => handOver(place, clock.timeout(patience)));
  return { place, caches };
}

/** Removes the parts of a place, the last one first. What stays is told. */
export async function removeAll(removals: Removals, { id }: StepsJob, { emit }: JobSurroundings): Promise<void> {
  for (const remove of removals.toReversed()) {
    try {
      await remove();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      try {
        await emit({ type: "note", job: id, text: `Something was not removed: ${why}` });
      } catch {
        // The log is lost, which the job's own events tell; the rest is removed all the same.
      }
    }
  }
}

function openedCache(job: StepsJob, { result, from }: OpenCache, about: { path: string; key: string }): RunEventBody {
  const platform = formatPlatform(job.platform);
  const reason = from !== undefined && from !== about.key ? { reason: `from ${from}` } : {};
  return { type: "cache", job: job.id, ...about, platform, result, ...reason };
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
