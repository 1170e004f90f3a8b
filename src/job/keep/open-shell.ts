import { once } from "node:events";
import { access } from "node:fs/promises";
import { Duplex, type Readable, type Writable } from "node:stream";
import { ArchwayError } from "../../error/error.ts";
import { mountsOf } from "../containerizer/container-body.ts";
import { createdAnswer, waitAnswer } from "../containerizer/docker-answers.ts";
import { type EngineHttp, EngineRefusal } from "../containerizer/engine-http.ts";
import { writeLabels } from "../containerizer/labels.ts";
import { OutputFrames } from "../containerizer/output-frames.ts";
import { freshName } from "../containerizer/pull-image.ts";
import { startRefusal } from "../containerizer/start-refusal.ts";
import type { KeptJob } from "./kept-job.ts";

/** Where a person types and reads. */
export interface ShellTerminal {
  readonly input: Readable;
  readonly output: Writable;
  readonly error: Writable;
  /** Absent where it is no terminal; then both streams of output stay apart. */
  readonly size?: { readonly rows: number; readonly columns: number };
  /** Calls a listener whenever the size changes; gives what ends that. */
  readonly onResize: (listener: (size: { readonly rows: number; readonly columns: number }) => void) => () => void;
}

/** Milliseconds that removals may take. */
const patience = 30_000;

/** The best shell that an image has. */
const shell = ["sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh"];

/**
 * Opens a shell where a kept job failed: the files of its container as they were left, with the same mounts, environment, user, directory and network; services have gone. Ends with
 * the shell, or with the signal, and leaves the kept container as it is.
 *
 * @returns exit code of the shell
 * @throws ArchwayError `ENGINE_LOST`, `START_FAILED`, `KEPT_GONE` (kind `input`) when the engine has the container no more
 */
export async function openShell(
  engine: EngineHttp,
  kept: KeptJob,
  {
    terminal,
    owner,
    signal,
  }: { readonly terminal: ShellTerminal; readonly owner: string; readonly signal: AbortSignal },
): Promise<number> {
  const image = freshName(owner);
  let isAsked = false;
  let container: string | undefined;
  try {
    await requireMounts(engine, kept, signal);
    isAsked = true;
    await commit(engine, kept, image, signal);
    container = await create(engine, kept, { image, owner, isTerminal: terminal.size !== undefined, signal });
    return await attach(engine, container, terminal, signal);
  } catch (error) {
    if (!(error instanceof EngineRefusal)) throw error;
    throw error.status === 404 ? gone(kept, error) : startRefusal(engine.endpoint, error);
  } finally {
    if (container !== undefined) await drop(engine, `/containers/${container}?force=true&v=true`);
    if (isAsked) await drop(engine, `/images/${image}?force=true`);
  }
}

async function commit(engine: EngineHttp, kept: KeptJob, image: string, signal: AbortSignal): Promise<void> {
  const at = image.lastIndexOf(":");
  const query = new URLSearchParams({
    container: kept.container,
    repo: image.slice(0, at),
    tag: image.slice(at + 1),
    pause: "false",
  });
  await engine.json({ method: "POST", path: `/commit?${query.toString()}`, body: {} }, signal);
}

/** Makes sure that what was mounted is there: engines make a missing folder or volume, empty, without a word. */
async function requireMounts(engine: EngineHttp, kept: KeptJob, signal: AbortSignal): Promise<void> {
  for (const { source } of kept.mounts) {
    if (typeof source === "object")
      await engine.json({ method: "GET", path: `/volumes/${encodeURIComponent(source.volume)}` }, signal);
    else
      await access(source).catch((error: unknown) => {
        throw gone(kept, new Error(`${source} is not there`, { cause: error }));
      });
  }
}

async function create(
  engine: EngineHttp,
  kept: KeptJob,
  how: { readonly image: string; readonly owner: string; readonly isTerminal: boolean; readonly signal: AbortSignal },
): Promise<string> {
  const query = new URLSearchParams({ platform: kept.platform });
  const { run, job, step, network, directory, mounts } = kept;
  const body = {
    Image: how.image,
    Entrypoint: shell,
    Cmd: [],
    WorkingDir: directory,
    Tty: how.isTerminal,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Labels: writeLabels({ run, job, step: `shell:${step}`, owner: how.owner }),
    HostConfig: { ...mountsOf(mounts), NetworkMode: network },
  };
  const path = `/containers/create?${query.toString()}`;
  return createdAnswer.parse(await engine.json({ method: "POST", path, body }, how.signal)).Id;
}

async function attach(
  engine: EngineHttp,
  container: string,
  { input, output, error, size, onResize }: ShellTerminal,
  signal: AbortSignal,
): Promise<number> {
  const path = `/containers/${container}/attach?stream=1&stdin=1&stdout=1&stderr=1`;
  const { stream: connection, head } = await engine.hijack({ method: "POST", path }, signal);
  if (!(connection instanceof Duplex)) throw new EngineRefusal(500, "it does not take input over this connection");
  const resize = async (now: { readonly rows: number; readonly columns: number }): Promise<void> => {
    const asked = `/containers/${container}/resize?h=${now.rows}&w=${now.columns}`;
    await engine.json({ method: "POST", path: asked }, AbortSignal.timeout(patience)).catch(() => undefined);
  };
  const write = async (to: Writable, bytes: Uint8Array) => {
    if (!to.write(bytes)) await once(to, "drain", { signal });
  };
  const frames = new OutputFrames((name, bytes) => write(name === "stdout" ? output : error, bytes));
  const show = (bytes: Uint8Array) => (size === undefined ? frames.write(bytes) : write(output, bytes));
  const reading = (async () => {
    await show(head);
    for await (const piece of connection) await show(piece);
  })();
  reading.catch(() => undefined);
  const endResize = onResize((now) => void resize(now));
  try {
    await engine.json({ method: "POST", path: `/containers/${container}/start` }, signal);
    // What is typed finds the terminal as it is.
    if (size !== undefined) await resize(size);
    input.pipe(connection);
    await Promise.race([reading, once(signal, "abort")]);
    signal.throwIfAborted();
    const { StatusCode } = waitAnswer.parse(
      await engine.json({ method: "POST", path: `/containers/${container}/wait` }, signal),
    );
    return StatusCode;
  } finally {
    endResize();
    input.unpipe(connection);
    connection.destroy();
  }
}

/** Removes what the shell was made of; what stays is removed by the next cleaning, as it carries the mark of this process. */
async function drop(engine: EngineHttp, path: string): Promise<void> {
  await engine.json({ method: "DELETE", path }, AbortSignal.timeout(patience)).catch(() => undefined);
}

function gone({ job, container, engine }: KeptJob, cause: Error): ArchwayError {
  return new ArchwayError({
    code: "KEPT_GONE",
    kind: "input",
    message: `The engine at ${engine} has no more what was kept of the job "${job}" (container ${container.slice(0, 12)}): ${cause.message}.`,
    hint: "archway run --keep keeps the next one that fails.",
    cause,
  });
}
