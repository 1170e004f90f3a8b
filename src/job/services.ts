import { ArchwayError } from "../error/error.ts";
import type { Readiness, ServiceSpec } from "../pipeline/job-spec.ts";
import type { AttemptPlace } from "./attempt-place.ts";
import { endsWithin } from "./clock.ts";
import type { ContainerExit } from "./containerizer/containerizer.ts";
import { make, removeMade } from "./remove-made.ts";
import { stopContainer } from "./run-container.ts";
import { SourceLog } from "./source-log.ts";
import { commandOf, scriptMounts } from "./steps/run-in-container.ts";

/** Milliseconds that services have to end by themselves: no job needs them any more. */
const grace = 3_000;
/** Milliseconds that the output of services that were ended has to come. */
const afterEnd = 10_000;

/** The services of one attempt, all ready. */
export interface RunningServices {
  /** Rejects with `SERVICE_ENDED` (kind `failed`) when one of them ends while the steps run. */
  readonly lost: Promise<never>;
  /** Their addresses by name. */
  readonly hosts: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Starts the services of a job side by side and waits until all are ready.
 *
 * @throws ArchwayError kind `failed`: `SERVICE_ENDED`, `SERVICE_NOT_READY`; and what the engine says
 */
export async function startServices(
  services: readonly ServiceSpec[],
  place: AttemptPlace,
  signal: AbortSignal,
): Promise<RunningServices> {
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  const containers: string[] = [];
  const stops: (() => Promise<void>)[] = [];
  const hosts: Record<string, string> = {};
  let isOver = false;
  const endings: Promise<unknown>[] = [];
  const stop = async () => {
    isOver = true;
    // What does not end is removed below.
    await Promise.all(stops.map((end) => end().catch(() => undefined)));
    // The end of their output belongs to the log.
    await endsWithin(place.clock, afterEnd, Promise.allSettled(endings));
    await Promise.all(containers.map((id) => removeMade(place, { kind: "container", id })));
  };
  const tell = (service: string, state: "starting" | "ready" | "stopped" | "failed", reason?: string) =>
    place.emit({ type: "service", job: place.job.id, service, state, ...(reason === undefined ? {} : { reason }) });

  const broken = new AbortController();
  const within = AbortSignal.any([signal, broken.signal]);
  const startOne = async (service: ServiceSpec): Promise<void> => {
    await tell(service.name, "starting");
    const log = new SourceLog({ job: place.job.id, source: `service:${service.name}` }, place.masks, place.emit);
    const id = await createService(service, place, within);
    containers.push(id);
    within.throwIfAborted();
    const running = await place.containerizer.start(id, (stream, bytes) => log.write(stream, bytes), within);
    const ended = running.exited.then(async (exit) => {
      await log.end();
      await tell(service.name, isOver ? "stopped" : "failed");
      if (!isOver) lost.reject(serviceEnded(service.name, exit, log.tail));
      return exit;
    });
    ended.catch((error: unknown) => lost.reject(error));
    endings.push(ended);
    const isScript = service.run?.kind === "script";
    stops.push(() => stopContainer({ ...place, isScript }, id, running, grace));
    if (service.ready !== undefined) await waitUntilReady(service.name, service.ready, id, place, within, lost.promise);
    const address = await place.containerizer.addressOf(id, within);
    if (address !== undefined) hosts[service.name] = address;
    await tell(service.name, "ready");
  };
  const starting = services.map((service) =>
    startOne(service).catch((error: unknown) => {
      broken.abort(error);
      throw error;
    }),
  );
  try {
    await Promise.all(starting);
  } catch (error) {
    await Promise.allSettled(starting);
    await stop();
    throw error;
  }
  return { lost: lost.promise, hosts, stop };
}

async function createService(service: ServiceSpec, place: AttemptPlace, signal: AbortSignal): Promise<string> {
  const { name, image, env, run, user, resources } = service;
  const pulled = await place.pull(image, signal);
  const secrets = await place.secretsOf(service.secrets);
  const script = run === undefined ? [] : await scriptMounts(run, place);
  const spec = {
    name: place.containerName(`service-${name}`),
    image: pulled,
    ...(run === undefined ? {} : commandOf(run)),
    env: { ...env, ...secrets.env },
    ...(user === undefined ? {} : { user }),
    network: { id: place.network, aliases: [name] },
    mounts: [...secrets.mounts, ...script],
    resources,
    labels: { ...place.labels, step: `service:${name}` },
  };
  const named = { kind: "container", name: spec.name } as const;
  return make(place, named, (asked) => place.containerizer.createContainer(spec, asked));
}

async function waitUntilReady(
  name: string,
  ready: Readiness,
  id: string,
  { containerizer, masks, clock }: AttemptPlace,
  signal: AbortSignal,
  lost: Promise<never>,
): Promise<void> {
  const command = ready.kind === "command" ? ready.command : listens(ready.port);
  const until = clock.now() + ready.timeout * 1000;
  let said = "";
  while (clock.now() < until) {
    const left = clock.timeout(Math.max(1, until - clock.now()));
    const asked = containerizer
      .exec(id, ["sh", "-c", command], AbortSignal.any([signal, left]))
      .catch(async (error: unknown) => {
        if (signal.aborted) throw error;
        if (left.aborted) return { exitCode: 1, output: "the command did not end in time" };
        // A service that has ended cannot be asked: its end tells more than the refusal, and comes soon.
        await Promise.race([lost, clock.sleep(4_000, signal)]);
        throw error;
      });
    const { exitCode, output } = await Promise.race([asked, lost]);
    if (exitCode === 0) return;
    const mask = masks.open();
    said = Buffer.concat([mask.push(Buffer.from(output)), mask.end()])
      .toString("utf8")
      .trim();
    await Promise.race([clock.sleep(ready.interval * 1000, signal), lost]);
  }
  const what = ready.kind === "command" ? `\`${ready.command}\`` : `port ${ready.port}`;
  throw new ArchwayError({
    code: "SERVICE_NOT_READY",
    kind: "failed",
    message: `The service "${name}" was not ready within ${ready.timeout} s: ${what} did not answer.${said === "" ? "" : `\n${said}`}`,
    hint: "Its own log tells why; ready.timeout gives it more time.",
  });
}

/** A command that succeeds when a process of the container listens on a port: asked inside, since the network of containers may be closed to us. State 0A is LISTEN. */
function listens(port: number): string {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, "0");
  return `cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r a b c d e; do case "$b $d" in *:${hexadecimal}" 0A") echo yes;; esac; done | grep -q yes`;
}

function serviceEnded(name: string, { exitCode }: ContainerExit, tail: string): ArchwayError {
  const last = tail.trim().split("\n").slice(-5).join("\n");
  return new ArchwayError({
    code: "SERVICE_ENDED",
    kind: "failed",
    message: `The service "${name}" ended with exit code ${exitCode} while the job needed it.${last === "" ? "" : `\n${last}`}`,
  });
}
