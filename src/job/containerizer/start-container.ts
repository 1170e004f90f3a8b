import type { ContainerExit, OutputSink, RunningContainer } from "./containerizer.ts";
import { containerAnswer, waitAnswer } from "./docker-answers.ts";
import { type EngineHttp, engineLost, EngineRefusal } from "./engine-http.ts";
import { type Between, finishTime } from "./finish-time.ts";
import { readOutput } from "./output-frames.ts";
import { startRefusal } from "./start-refusal.ts";

/** Milliseconds that a start may take when the one who asked for it has gone. */
const afterCancel = 10_000;

/**
 * Attaches to a container and starts it. Attaching first is the only way to miss nothing: Podman loses most of what is followed afterwards
 * (containers/podman#21914). When the connection breaks while the engine lives, the rest is read from its own log, by the bytes that came of each stream; what it does not have, or an engine that
 * keeps none, is told as lost.
 */
export async function startContainer(
  engine: EngineHttp,
  id: string,
  output: OutputSink,
  signal: AbortSignal,
): Promise<RunningContainer> {
  const received = { stdout: 0, stderr: 0 };
  const counting: OutputSink = (stream, bytes) => {
    received[stream] += bytes.length;
    return output(stream, bytes);
  };
  const attach = { method: "POST", path: `/containers/${id}/attach?stream=1&stdout=1&stderr=1` } as const;
  // The connection outlives the start: once it is there it is cut with the container, not by the caller's signal.
  const opening = new AbortController();
  const giveUp = () => opening.abort(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  const { stream, head } = await engine
    .hijack(attach, opening.signal)
    .catch((error: unknown) => {
      // Podman prepares the container for it, and says here what is wrong.
      throw error instanceof EngineRefusal ? startRefusal(engine.endpoint, error) : error;
    })
    .finally(() => {
      signal.removeEventListener("abort", giveUp);
    });
  if (head.length > 0) stream.unshift(head);
  const reading = readOutput(stream, counting).then((isWhole) => {
    if (!isWhole) throw new Error("it ended in the middle of a piece");
    return Date.now();
  });
  reading.catch(() => undefined);
  // A program may run and write long before the engine answers: whoever cancels meanwhile gets it running, and can ask it to end instead of killing it.
  const starting = new AbortController();
  let patience: NodeJS.Timeout | undefined;
  const hurry = () => {
    patience = setTimeout(() => starting.abort(signal.reason), afterCancel);
  };
  signal.addEventListener("abort", hurry, { once: true });
  const asked = Date.now();
  try {
    await engine.json({ method: "POST", path: `/containers/${id}/start` }, starting.signal);
  } catch (error) {
    stream.destroy();
    throw error instanceof EngineRefusal ? startRefusal(engine.endpoint, error) : error;
  } finally {
    clearTimeout(patience);
    signal.removeEventListener("abort", hurry);
  }
  return {
    exited: waitFor(engine, id, { reading, received, output, start: { earliest: asked, latest: Date.now() } }),
    kill: async (name) => {
      try {
        await engine.json(
          { method: "POST", path: `/containers/${id}/kill?signal=${name}` },
          AbortSignal.timeout(10_000),
        );
      } catch (error) {
        // It has ended by itself meanwhile.
        if (!(error instanceof EngineRefusal)) throw error;
      }
    },
  };
}

async function waitFor(
  engine: EngineHttp,
  id: string,
  {
    reading,
    received,
    output,
    start,
  }: {
    /** When its output ended, milliseconds since the epoch; rejects when the connection broke. */
    readonly reading: Promise<number>;
    readonly received: { stdout: number; stderr: number };
    readonly output: OutputSink;
    readonly start: Between;
  },
): Promise<ContainerExit> {
  const never = new AbortController().signal;
  const outputEnd = await reading.catch(() => undefined);
  const waited = await engine.json({ method: "POST", path: `/containers/${id}/wait` }, never);
  const { StatusCode } = waitAnswer.parse(waited);
  const { State } = containerAnswer.parse(await engine.json({ method: "GET", path: `/containers/${id}/json` }, never));
  const exit = { exitCode: StatusCode, outOfMemory: State.OOMKilled };
  // Engines end the output after the container. Output that ends before it was cut off, however politely.
  const { earliest, latest } = finishTime(State, start);
  if (outputEnd !== undefined && outputEnd >= latest) return exit;
  try {
    await readRest(engine, id, received, output);
    return exit;
  } catch (error) {
    const isCut = outputEnd === undefined || outputEnd < earliest;
    if (!isCut) return exit;
    const why = error instanceof Error ? error.message : String(error);
    return {
      ...exit,
      lost: { reason: `the connection to the engine broke, and its log does not have the rest: ${why}` },
    };
  }
}

/** Hands on what the engine's log has beyond what came. Throws when it has less: what it keeps is not the output from its beginning. */
async function readRest(
  engine: EngineHttp,
  id: string,
  received: Readonly<Record<"stdout" | "stderr", number>>,
  output: OutputSink,
): Promise<void> {
  const skip = { ...received };
  const beyond: OutputSink = (stream, bytes) => {
    const rest = bytes.subarray(Math.min(skip[stream], bytes.length));
    skip[stream] -= bytes.length - rest.length;
    return rest.length === 0 ? undefined : output(stream, rest);
  };
  const logs = await engine.stream(
    { method: "GET", path: `/containers/${id}/logs?stdout=1&stderr=1` },
    new AbortController().signal,
  );
  try {
    await readOutput(logs, beyond);
  } catch (error) {
    throw engineLost(engine.endpoint, error);
  }
  if (skip.stdout > 0 || skip.stderr > 0) throw new Error("it is shorter than what had come");
}
