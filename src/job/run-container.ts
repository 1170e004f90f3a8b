import { endsWithin } from "./clock.ts";
import type { ContainerExit, ContainerSpec, OutputSink, RunningContainer } from "./containerizer/containerizer.ts";
import { endOthers, endUnheard, unheard } from "./first-process.ts";
import type { HeldContainers } from "./keep/held-containers.ts";
import { make, type Maker, patience, removeMade } from "./remove-made.ts";

/** Milliseconds between SIGTERM and SIGKILL. */
const grace = 10_000;
/** The same for a first process that does not handle SIGTERM: time for those behind it. */
const shortGrace = 1_000;
/** The same for the request to end: an engine that does not answer it may still kill. */
const asking = 10_000;

/** What ends a container. */
type Stopper = Pick<Maker, "containerizer" | "clock"> & { readonly isScript: boolean };

/** What runs a container. */
type Runner = Maker & {
  readonly output: OutputSink;
  readonly isScript: boolean;
  /** Asked when it has ended badly, while what it wrote is still there. */
  readonly disks?: () => Promise<ContainerExit["disks"]>;
  /** Takes the container instead of its removal. */
  readonly held?: HeldContainers;
};

/**
 * Runs one container to its end and removes it, or gives it to who wants it. An aborted signal sends SIGTERM to its processes, waits, then sends SIGKILL: the exit that follows is returned, the caller
 * knows why.
 *
 * @throws ArchwayError what the engine says; the signal's reason when it was aborted before the start
 */
export async function runContainer(runner: Runner, spec: ContainerSpec, signal: AbortSignal): Promise<ContainerExit> {
  const { containerizer, output } = runner;
  const named = { kind: "container", name: spec.name } as const;
  const id = await make(runner, named, (asked) => containerizer.createContainer(spec, asked));
  try {
    signal.throwIfAborted();
    // A cancel does not interrupt the start either: what runs then is asked to end, not just removed.
    const running = await containerizer.start(id, output, runner.clock.timeout(patience));
    const ending = Promise.withResolvers<void>();
    const onAbort = () => {
      stopContainer(runner, id, running, grace).then(ending.resolve, ending.reject);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    ending.promise.catch(() => undefined);
    try {
      const exit = await Promise.race([running.exited, ending.promise.then(() => running.exited)]);
      const disks = exit.exitCode === 0 || signal.aborted ? undefined : await runner.disks?.();
      return disks === undefined ? exit : { ...exit, disks };
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  } finally {
    await (runner.held?.take({ id, spec }) ?? removeMade(runner, { kind: "container", id }));
  }
}

/**
 * Asks the processes of a container to end, then ends them.
 *
 * @param within milliseconds that they have when they listen
 * @throws Error when the engine does not end it
 */
export async function stopContainer(
  stopper: Stopper,
  id: string,
  running: RunningContainer,
  within: number,
): Promise<void> {
  const { containerizer, clock, isScript } = stopper;
  const { exited } = running;
  const ended = exited.then(
    () => true,
    () => true,
  );
  const asked = Promise.race([isScript ? endScript(stopper, id) : endProgram(stopper, id, running), ended]);
  const isPatient = (await endsWithin(clock, asking, asked)) && (await asked);
  if (await endsWithin(clock, isPatient ? within : shortGrace, exited)) return;
  await running.kill("SIGKILL").catch(() => undefined);
  if (await endsWithin(clock, patience, exited)) return;
  // The removal that follows is the last means.
  throw new Error(`${containerizer.name} did not end the container ${id}`);
}

/** Whether a script was asked to end: its first process is our shell, and needs no signal. */
function endScript({ containerizer, clock }: Stopper, id: string): Promise<boolean> {
  return containerizer.exec(id, endOthers, clock.timeout(patience)).then(
    () => true,
    // Too many processes, no memory: nobody in there can be asked.
    () => false,
  );
}

/** Whether the program of an image was asked to end and listens. Without a shell in the image nobody knows, and it has its time. */
async function endProgram({ containerizer, clock }: Stopper, id: string, running: RunningContainer): Promise<boolean> {
  await running.kill("SIGTERM").catch(() => undefined);
  return containerizer.exec(id, endUnheard, clock.timeout(patience)).then(
    ({ exitCode }) => exitCode !== unheard,
    () => true,
  );
}
