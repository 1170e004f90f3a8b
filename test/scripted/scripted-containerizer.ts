import { ArchwayError } from "../../src/error/error.ts";
import type {
  ContainerExit,
  Containerizer,
  ContainerSpec,
  EngineFacts,
  Labelled,
  Labels,
  OutputSink,
  PulledImage,
  PullRequest,
  Removable,
  RunningContainer,
} from "../../src/job/containerizer/containerizer.ts";
import { endOthers, endUnheard, unheard } from "../../src/job/first-process.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What a container does. Times are milliseconds. */
export interface ContainerScript {
  /** After which it ends by itself; never when absent. */
  readonly lasts?: number;
  readonly exitCode?: number;
  readonly outOfMemory?: boolean;
  /** Written at once. */
  readonly output?: string;
  /** How long it takes to end after SIGTERM; absent: SIGTERM is not heard. */
  readonly heeds?: number;
  /** How its answer to a readiness command is, by the time since its start. */
  readonly isReady?: (age: number) => boolean;
  /** Why it does not start. */
  readonly refuses?: ArchwayError;
}

export type Operation = "pull" | "createNetwork" | "createContainer" | "start" | "exec" | "remove";

/** What goes wrong with one request: how long it takes, and what is thrown before or after the engine did it. */
export interface Fault {
  readonly takes?: number;
  readonly before?: Error;
  readonly after?: Error;
}

export interface EngineScript {
  /** What the container of a step (or `service:NAME`) does, the how many-eth of that name it is, from 1. */
  readonly container: (name: string, count: number) => ContainerScript;
  readonly image?: (request: PullRequest) => ArchwayError | undefined;
  /** Who an image runs as; root when absent. */
  readonly user?: (image: string) => string | undefined;
  /** How many networks it has addresses for, by the time; as many as are wanted when absent. */
  readonly networks?: (now: number) => number;
  /** Asked for every request, counted from 1 over all. */
  readonly fault?: (operation: Operation, count: number) => Fault | undefined;
}

interface Container {
  readonly spec: ContainerSpec;
  readonly script: ContainerScript;
  startedAt?: number;
  exited?: PromiseWithResolvers<ContainerExit>;
  isOver: boolean;
}

const full = new ArchwayError({ code: "NETWORKS_FULL", kind: "unreachable", message: "scripted has no addresses." });

/** An engine without containers: it does what a script says, in virtual time. */
export class ScriptedContainerizer implements Containerizer {
  readonly name = "scripted";
  /** Every container that was made. */
  readonly made: ContainerSpec[] = [];
  readonly #clock: VirtualClock;
  readonly #script: EngineScript;
  readonly #containers = new Map<string, Container>();
  readonly #networks = new Map<string, Labels>();
  readonly #counts = new Map<string, number>();
  #requests = 0;

  constructor(clock: VirtualClock, script: EngineScript) {
    this.#clock = clock;
    this.#script = script;
  }

  /** What is there, as the engine would tell it. */
  get left(): readonly string[] {
    return [...[...this.#containers.values()].map(({ spec }) => spec.name), ...this.#networks.keys()];
  }

  describe(): EngineFacts {
    return { kind: "docker", version: "0", platform: { os: "linux", architecture: "amd64" }, cutsNetworks: false };
  }

  pull(request: PullRequest, signal: AbortSignal): Promise<PulledImage> {
    return this.#request("pull", signal, () => {
      const error = this.#script.image?.(request);
      if (error !== undefined) throw error;
      const { image, platform } = request;
      const user = this.#script.user?.(image);
      return { id: image, digest: `sha256:${image}`, platform, ...(user === undefined ? {} : { user }), bytes: 0 };
    });
  }

  createNetwork(name: string, labels: Labels, signal: AbortSignal): Promise<string> {
    return this.#request("createNetwork", signal, () => {
      if (this.#networks.size >= (this.#script.networks?.(this.#clock.now()) ?? Infinity)) throw full;
      this.#networks.set(name, labels);
      return name;
    });
  }

  createContainer(spec: ContainerSpec, signal: AbortSignal): Promise<string> {
    return this.#request("createContainer", signal, () => {
      if (spec.network !== undefined && !this.#networks.has(spec.network.id)) throw refused("there is no such network");
      const step = spec.labels.step ?? "";
      const count = (this.#counts.get(step) ?? 0) + 1;
      this.#counts.set(step, count);
      this.made.push(spec);
      this.#containers.set(spec.name, { spec, script: this.#script.container(step, count), isOver: false });
      return spec.name;
    });
  }

  start(id: string, output: OutputSink, signal: AbortSignal): Promise<RunningContainer> {
    return this.#request("start", signal, () => {
      const container = this.#containers.get(id);
      if (container === undefined || container.startedAt !== undefined) throw refused("it cannot be started");
      const { script } = container;
      if (script.refuses !== undefined) throw script.refuses;
      container.startedAt = this.#clock.now();
      container.exited = Promise.withResolvers();
      const { exited } = container;
      exited.promise.catch(() => undefined);
      const written = script.output === undefined ? undefined : output("stdout", Buffer.from(script.output));
      if (script.lasts !== undefined) this.#clock.after(script.lasts, () => this.#end(container, script.exitCode ?? 0));
      const kill = async (name: "SIGTERM" | "SIGKILL"): Promise<void> => {
        if (name === "SIGTERM") this.#terminate(container);
        else this.#end(container, 137);
      };
      return { exited: Promise.resolve(written).then(() => exited.promise), kill };
    });
  }

  exec(id: string, command: readonly string[], signal: AbortSignal) {
    return this.#request("exec", signal, () => {
      const container = this.#containers.get(id);
      if (container?.startedAt === undefined || container.isOver) throw refused("it does not run");
      const { script, startedAt } = container;
      const isEnd = command === endOthers || command === endUnheard;
      if (!isEnd && container.spec.labels.step?.startsWith("service:") === true) {
        const isReady = script.isReady?.(this.#clock.now() - startedAt) ?? true;
        return { exitCode: isReady ? 0 : 1, output: "" };
      }
      if (command === endOthers) this.#terminate(container);
      else if (script.heeds === undefined) return { exitCode: unheard, output: "" };
      return { exitCode: 0, output: "" };
    });
  }

  async addressOf(): Promise<string | undefined> {
    return "10.0.0.2";
  }

  remove(what: Removable, signal: AbortSignal): Promise<void> {
    return this.#request("remove", signal, () => {
      if (what.kind === "network") {
        const isUsed = [...this.#containers.values()].some(({ spec }) => spec.network?.id === what.id);
        if (isUsed) throw refused("the network is in use");
        this.#networks.delete(what.id);
      }
      const container = this.#containers.get(what.id);
      this.#containers.delete(what.id);
      if (container !== undefined) this.#end(container, 137);
    });
  }

  async list(): Promise<readonly Labelled[]> {
    return [];
  }

  async close(): Promise<void> {}

  #terminate(container: Container): void {
    const { heeds } = container.script;
    if (heeds !== undefined) this.#clock.after(heeds, () => this.#end(container, 143));
  }

  #end(container: Container, exitCode: number): void {
    if (container.isOver) return;
    container.isOver = true;
    const { outOfMemory = false } = container.script;
    container.exited?.resolve({ exitCode, outOfMemory: outOfMemory && exitCode === 137 });
  }

  /** One request: an engine does what it was asked for, also when nobody waits for its answer any more. */
  async #request<Answer>(operation: Operation, signal: AbortSignal, effect: () => Answer): Promise<Answer> {
    signal.throwIfAborted();
    const { takes = 1, before, after } = this.#script.fault?.(operation, ++this.#requests) ?? {};
    const done = Promise.withResolvers<Answer>();
    done.promise.catch(() => undefined);
    this.#clock.after(takes, () => {
      try {
        if (before !== undefined) throw before;
        const answer = effect();
        if (after !== undefined) throw after;
        done.resolve(answer);
      } catch (error) {
        done.reject(error);
      }
    });
    const given = Promise.withResolvers<never>();
    given.promise.catch(() => undefined);
    const onAbort = () => given.reject(new DOMException("The operation was aborted", "AbortError"));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([done.promise, given.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}

function refused(why: string): ArchwayError {
  return new ArchwayError({ code: "ENGINE_REFUSED", kind: "unreachable", message: `The engine refused: ${why}.` });
}
