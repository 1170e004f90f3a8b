import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import { ArchwayError } from "../error/error.ts";
import type { Digest } from "../oci/descriptor.ts";
import { formatPlatform, normalizePlatform, type Platform } from "../platform/platform.ts";
import { ask, runChild, throwIfAborted, type ChildEnd } from "./child.ts";
import { judgeRun, judgeRunning, type JudgedRun } from "./judge-run.ts";
import { findLocalStore, loadArchive } from "./load.ts";
import { isOfRuns, removalOf, removeImage, runNames } from "./run-leftovers.ts";
import { appendTail } from "./tail.ts";

/** A container engine that runs images with their own entrypoint. */
export type Runner = "docker" | "podman";

/** One image to run once. */
export interface RunRequest {
  readonly runner: Runner;
  /** Whole environment of the engine's client. */
  readonly env: NodeJS.ProcessEnv;
  /** What is run: an image that the engine has already, or one that it gets for the run alone. */
  readonly image: StoredImage | ArchivedImage;
  /** Tells this run from all others on the machine. */
  readonly id: string;
  readonly platform: Platform;
  /**
   * Program and arguments that replace the image's entrypoint and command, as in `docker run --entrypoint PROGRAM IMAGE ARG…`; without it the image starts as
   * it is meant to.
   */
  readonly command?: readonly [string, ...string[]];
  /** Milliseconds that it may run. */
  readonly timeLimit: number;
}

/** An image in the engine's store: it is run as it is, and stays. */
export interface StoredImage {
  /** As the engine gives it. */
  readonly stored: string;
}

/** A Docker archive that holds one image, under the throw-away name {@link runNames} gives for the run's `id`. */
export interface ArchivedImage {
  readonly archive: string;
}

/** How a run ended. */
export interface RunEnd extends JudgedRun {
  /** Of the engine's client, so with the making of the container. */
  readonly seconds: number;
  /** The end of what container and engine wrote, as they wrote it: not safe to print. */
  readonly output: string;
}

/** Bounds of the container: what every service needs to start, and what keeps a hostile image from taking the machine down. */
const bounds = ["--memory", "2g", "--pids-limit", "512", "--network", "none", "--log-driver", "none"];

/** Milliseconds that an engine has to make a container, besides its time limit. */
const startBound = 60_000;

/** Milliseconds for each command that cleans up. */
const removeBound = 15_000;

/** Milliseconds between looks at whether a container that is to end is gone. */
const interval = 500;

/** The engine that runs images here: Docker, else Podman. Throws `NO_RUNNER` (kind `unreachable`) when neither answers. */
export async function findRunner(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Runner> {
  const store = await findLocalStore(env, signal);
  if (store === "docker" || store === "podman") return store;
  throw new ArchwayError({
    code: "NO_RUNNER",
    kind: "unreachable",
    message: "No engine that runs images answers on this machine: neither Docker nor Podman.",
    hint: "Start or install one of them, or verify without --run.",
  });
}

/** How each engine tells the architecture of the machine that its containers run on. */
const architectureField: Readonly<Record<Runner, string>> = { docker: "{{.Architecture}}", podman: "{{.Host.Arch}}" };

/**
 * The platform of the machine that an engine runs containers on: this one, its virtual machine, or another one (`DOCKER_HOST`). Throws `NO_RUNNER` (kind
 * `unreachable`) when the engine does not tell.
 */
export async function runnerPlatform(runner: Runner, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Platform> {
  const args = ["info", "--format", architectureField[runner]];
  const { stdout, stderr } = await ask({ program: runner, args, env, signal });
  const architecture = stdout.trim();
  if (architecture !== "") return normalizePlatform({ os: "linux", architecture });
  throw new ArchwayError({
    code: "NO_RUNNER",
    kind: "unreachable",
    message: `${runner} does not tell which machine it runs on: ${stderr.trim()}`,
    hint: "Look at the engine's log, or verify without --run.",
  });
}

/**
 * The user's own copy of an image in the engine's store, with or without a name; `undefined` when there is none, or only those of other runs. Loading it
 * again would add a name that cannot be taken away without the image, when that has no other.
 *
 * @param digests of its config, by which Podman and Docker know it, and of its manifest, by which Docker's containerd store does
 */
export async function findStored(
  runner: Runner,
  digests: readonly Digest[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<StoredImage | undefined> {
  for (const digest of digests) {
    const args = ["image", "inspect", "--format", "{{.Id}}{{range .RepoTags}} {{.}}{{end}}", digest];
    const { code, stdout } = await ask({ program: runner, args, env, signal });
    const [id = "", ...names] = stdout.trim().split(" ");
    if (code === 0 && id !== "" && !isOfRuns(names)) return { stored: id };
  }
  return undefined;
}

/**
 * Runs an image once: without network, with bounds on memory and processes, never pulling. One that comes as an archive is loaded under a throw-away name.
 * Container and loaded image are removed however it ends, also after an abort; what the kill of Archway itself leaves, `removeLeftovers` finds by name.
 *
 * @throws ArchwayError `LOAD_FAILED` (kind `unreachable`) when the engine does not take the image, `RUN_NOT_STARTED` when it makes no container in a
 *   minute; on abort as `runChild` does
 */
export async function runImage(request: RunRequest, signal: AbortSignal): Promise<RunEnd> {
  const { runner, env, image } = request;
  try {
    if ("archive" in image) await loadArchive(runner, image.archive, env, signal);
    return await runContainer(request, signal);
  } finally {
    await removeContainer(request);
    if ("archive" in image) await tidy((bound) => removeImage(runner, env, runNames(request.id).image, bound));
  }
}

async function runContainer(request: RunRequest, signal: AbortSignal): Promise<RunEnd> {
  const client = startClient(request);
  const begun = performance.now();
  const end = (judged: JudgedRun): RunEnd => ({
    ...judged,
    seconds: Math.round(performance.now() - begun) / 1000,
    output: client.output(),
  });
  try {
    for (let left = request.timeLimit; left > 0;) {
      const ended = await Promise.race([client.ended, pause(left, signal)]);
      throwIfAborted(signal);
      if (ended) return end(judgeRun(ended.code, client.output()));
      // A busy engine may take longer to make the container than the container may run.
      left = request.timeLimit - (await runningFor(request, signal));
      if (performance.now() - begun > request.timeLimit + startBound) throw notStarted(request);
    }
    return end(judgeRunning(client.output()));
  } finally {
    await client.stop();
  }
}

/** The engine's client at work. */
interface Client {
  /** Never rejects for a container's end; rejects when the client cannot be started. */
  readonly ended: Promise<ChildEnd>;
  readonly output: () => string;
  /** Removes the container and waits for the client's end. */
  readonly stop: () => Promise<void>;
}

function startClient(request: RunRequest): Client {
  const { runner, env, platform, command = [], id } = request;
  const { container, image: loaded } = runNames(id);
  const image = "stored" in request.image ? request.image.stored : loaded;
  const [entrypoint, ...parameters] = command;
  const replaced = entrypoint === undefined ? [] : ["--entrypoint", entrypoint];
  const platformName = formatPlatform(platform);
  const flags = ["--rm", "--name", container, "--pull", "never", "--platform", platformName, ...bounds, ...replaced];
  let output = "";
  const keep = () => {
    const decoder = new StringDecoder();
    return (chunk: Buffer) => {
      output = appendTail(output, decoder.write(chunk));
    };
  };
  const kill = new AbortController();
  const ended = runChild({
    program: runner,
    args: ["run", ...flags, image, ...parameters],
    env,
    signal: kill.signal,
    stopSignal: "SIGTERM",
    onStdout: keep(),
    onStderr: keep(),
  });
  const settled = ended.then(
    () => true,
    () => true,
  );
  const goneWithin = (milliseconds: number) => Promise.race([settled, sleep(milliseconds, false, { ref: false })]);
  return {
    ended,
    output: () => output,
    stop: async () => {
      // The client may make the container only after the first look.
      for (let tries = 0; tries < 20 && !(await goneWithin(tries === 0 ? 0 : interval)); tries++) {
        await removeContainer(request);
      }
      kill.abort();
      await settled;
    },
  };
}

/** Milliseconds that the container has been running; 0 when it does not yet. */
async function runningFor({ runner, env, id }: RunRequest, signal: AbortSignal): Promise<number> {
  const format = "{{.State.Status}} {{json .State.StartedAt}}";
  const args = ["container", "inspect", "--format", format, runNames(id).container];
  const { stdout } = await ask({ program: runner, args, env, signal });
  const [, started = ""] = /^running "(.+)"/.exec(stdout) ?? [];
  const since = Date.now() - Date.parse(started);
  return Number.isNaN(since) ? 0 : since;
}

async function removeContainer({ runner, env, id }: RunRequest): Promise<void> {
  const args = removalOf(runner, runNames(id).container);
  await tidy((signal) => ask({ program: runner, args, env, signal }));
}

/** Cleans up. That there is nothing to remove is the usual answer; what cannot be removed now, the next run removes. */
async function tidy(clean: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  try {
    await clean(AbortSignal.timeout(removeBound));
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
  }
}

/** Waits; ends early, with nothing, when the work is aborted. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<undefined> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  return undefined;
}

function notStarted({ runner, platform, timeLimit }: RunRequest): ArchwayError {
  const seconds = (timeLimit + startBound) / 1000;
  return new ArchwayError({
    code: "RUN_NOT_STARTED",
    kind: "unreachable",
    message: `${runner} did not start a container for ${formatPlatform(platform)} within ${seconds} s.`,
    hint: "Look at the engine's load and log.",
  });
}
