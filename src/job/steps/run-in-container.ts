import { join } from "node:path";
import type { StepSpec } from "../../pipeline/job-spec.ts";
import type { AttemptPlace } from "../attempt-place.ts";
import type { ContainerSpec, Mount } from "../containerizer/containerizer.ts";
import { askDisks } from "../disk-room.ts";
import { scriptCommand, scriptPlace } from "../first-process.ts";
import type { HeldContainers } from "../keep/held-containers.ts";
import { runContainer } from "../run-container.ts";
import { isRoot } from "../share-files.ts";
import type { ContainerRun } from "./with-log.ts";

/** The innermost of a step: its image, its container, its end. `held` takes the container instead of its removal. */
export function runInContainer(step: StepSpec, place: AttemptPlace, held?: HeldContainers): ContainerRun {
  const { containerizer, clock, emit, job } = place;
  const isScript = step.run.kind === "script";
  return async (signal, output) => {
    signal.throwIfAborted();
    const spec = await specify(step, place, signal);
    const runner = { containerizer, clock, emit, job, output, isScript, disks: () => askDisks(place) };
    return runContainer(held === undefined ? runner : { ...runner, held }, spec, signal);
  };
}

async function specify(step: StepSpec, place: AttemptPlace, signal: AbortSignal): Promise<ContainerSpec> {
  const { job } = place;
  const { directory = ".", user = job.work.user } = step;
  const image = await place.pull(step.image ?? job.work.image, signal);
  if (!isRoot(user ?? image.user)) await place.share(image, signal);
  const secrets = await place.secretsOf([...job.work.secrets, ...step.secrets]);
  return {
    name: place.containerName(step.name),
    image,
    ...commandOf(step.run),
    env: {
      ...place.variables,
      ...job.env,
      ...step.env,
      ...secrets.env,
      ARCHWAY_STEP: step.name,
      ...failedVariables(place),
    },
    ...(user === undefined ? {} : { user }),
    directory: directory.startsWith("/") ? directory : join(job.work.workspace, directory),
    network: { id: place.network, aliases: [] },
    hosts: place.hosts,
    mounts: [...place.mounts, ...secrets.mounts, ...(await scriptMounts(step.run, place))],
    resources: { ...job.work.resources, ...step.resources },
    labels: { ...place.labels, step: step.name },
  };
}

/** What a container starts for a step or service. */
export function commandOf(run: StepSpec["run"]): Pick<ContainerSpec, "entrypoint" | "command"> {
  if (run.kind === "script") return scriptCommand;
  return { ...(run.entrypoint === undefined ? {} : { entrypoint: run.entrypoint }), command: run.args };
}

/** The script of a step or service as a mount. */
export async function scriptMounts(run: StepSpec["run"], { folder }: AttemptPlace): Promise<readonly Mount[]> {
  if (run.kind !== "script") return [];
  const source = await folder.addFile("script", run.script, { mode: 0o755 });
  return [{ source, target: scriptPlace, readOnly: true }];
}

function failedVariables({ failed, job }: AttemptPlace): Readonly<Record<string, string>> {
  if (failed === undefined) return {};
  const { name, failure } = failed;
  return { ARCHWAY_FAILED_STEP: name, ARCHWAY_FAILED_JOB: job.id, ARCHWAY_FAILURE: failure.message };
}
