import { setTimeout as sleep } from "node:timers/promises";
import type {
  ContainerExit,
  Containerizer,
  ContainerSpec,
  OutputSink,
  RunningContainer,
} from "./containerizer/containerizer.ts";

/** Milliseconds between SIGTERM and SIGKILL. */
const grace = 10_000;
/** Milliseconds that signals and removals may take when the one who asked has gone. */
const patience = 30_000;

/**
 * Runs one container to its end and removes it. An aborted signal sends SIGTERM to its processes, waits, then sends SIGKILL: the exit that follows is returned, the caller
 * knows why. A shell as first process hears no SIGTERM, so the processes behind it get theirs from inside.
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
  await running.kill("SIGTERM").catch(() => undefined);
  const ended = running.exited.then(
    () => true,
    () => true,
  );
  if (isScript) {
    // kill -1: all processes but the shell that asks and the first one.
    const inside = containerizer.exec(id, ["sh", "-c", "kill -TERM -1"], AbortSignal.timeout(patience));
    await Promise.race([inside.catch(() => undefined), ended]);
  }
  const isOver = await Promise.race([ended, sleep(grace, false, { ref: false })]);
  if (isOver) return;
  await running.kill("SIGKILL").catch(() => undefined);
  if (await Promise.race([ended, sleep(patience, false, { ref: false })])) return;
  // The removal that follows is the last means.
  throw new Error(`${containerizer.name} did not end the container ${id}`);
}
