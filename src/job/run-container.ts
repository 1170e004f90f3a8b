import { setTimeout as sleep } from "node:timers/promises";
import type {
  ContainerExit,
  Containerizer,
  ContainerSpec,
  OutputSink,
  RunningContainer,
} from "./containerizer/containerizer.ts";
import { endOthers, endUnheard, unheard } from "./first-process.ts";

/** Milliseconds between SIGTERM and SIGKILL. */
const grace = 10_000;
/** The same for a first process that does not handle SIGTERM: time for those behind it. */
const shortGrace = 1_000;
/** Milliseconds that signals and removals may take when the one who asked has gone. */
const patience = 30_000;

/**
 * Runs one container to its end and removes it. An aborted signal sends SIGTERM to its processes, waits, then sends SIGKILL: the exit that follows is returned, the caller
 * knows why.
 *
 * @throws ArchwayError what the engine says; the signal's reason when it was aborted before the start
 */
export async function runContainer(
  containerizer: Containerizer,
  spec: ContainerSpec,
  {
    output,
    isScript,
    signal,
  }: { readonly output: OutputSink; readonly isScript: boolean; readonly signal: AbortSignal },
): Promise<ContainerExit> {
  const id = await containerizer.createContainer(spec, signal);
  try {
    const running = await containerizer.start(id, output, signal);
    const ending = Promise.withResolvers<void>();
    const onAbort = () => {
      stop(containerizer, id, running, isScript).then(ending.resolve, ending.reject);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    ending.promise.catch(() => undefined);
    try {
      return await Promise.race([running.exited, ending.promise.then(() => running.exited)]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  } finally {
    await containerizer.remove({ kind: "container", id }, AbortSignal.timeout(patience));
  }
}

/** Asks the processes of a container to end, then ends them. */
async function stop(
  containerizer: Containerizer,
  id: string,
  running: RunningContainer,
  isScript: boolean,
): Promise<void> {
  const ended = running.exited.then(
    () => true,
    () => true,
  );
  const within = (milliseconds: number) => Promise.race([ended, sleep(milliseconds, false, { ref: false })]);
  const asked = isScript ? endScript(containerizer, id) : endProgram(containerizer, id, running);
  const patient = await Promise.race([asked, ended]);
  if (await within(patient ? grace : shortGrace)) return;
  await running.kill("SIGKILL").catch(() => undefined);
  if (await within(patience)) return;
  // The removal that follows is the last means.
  throw new Error(`${containerizer.name} did not end the container ${id}`);
}

/** Whether a script was asked to end: its first process is our shell, and needs no signal. */
function endScript(containerizer: Containerizer, id: string): Promise<boolean> {
  return containerizer.exec(id, endOthers, AbortSignal.timeout(patience)).then(
    () => true,
    // Too many processes, no memory: nobody in there can be asked.
    () => false,
  );
}

/** Whether the program of an image was asked to end and listens. Without a shell in the image nobody knows, and it has its time. */
async function endProgram(containerizer: Containerizer, id: string, running: RunningContainer): Promise<boolean> {
  await running.kill("SIGTERM").catch(() => undefined);
  return containerizer.exec(id, endUnheard, AbortSignal.timeout(patience)).then(
    ({ exitCode }) => exitCode !== unheard,
    () => true,
  );
}
