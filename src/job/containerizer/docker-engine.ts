import type { Readable } from "node:stream";
import { ArchwayError } from "../../error/error.ts";
import { formatPlatform, type Platform } from "../../platform/platform.ts";
import type {
  Containerizer,
  ContainerSpec,
  EngineFacts,
  EngineVolumes,
  Labelled,
  Labels,
  Mount,
  OutputSink,
  PulledImage,
  PullRequest,
  Removable,
  RunningContainer,
} from "./containerizer.ts";
import { containerAnswer, createdAnswer } from "./docker-answers.ts";
import { createBody, mountsOf } from "./container-body.ts";
import { askDataFolder, askEngine, askMachine, comesBack, type MachineSize } from "./engine-facts.ts";
import { createNetwork } from "./create-network.ts";
import { getArchive, putArchive } from "./engine-archive.ts";
import { type EngineHttp, EngineRefusal } from "./engine-http.ts";
import { execCommand } from "./exec-command.ts";
import { writeLabels } from "./labels.ts";
import { listLabelled } from "./list-labelled.ts";
import { OwedRemovals } from "./owed-removals.ts";
import { freshName, loadBytes, loadImage, pullImage, type ArchiveImage, type PinImage } from "./pull-image.ts";
import { placeFiles } from "./placed-files.ts";
import { seesFiles } from "./sees-files.ts";
import { startContainer } from "./start-container.ts";
import { startRefusal } from "./start-refusal.ts";
import { retryTransient } from "./transient-refusal.ts";
import { tryPlatform } from "./try-platform.ts";
import { tinyImage } from "./tiny-image.ts";

/** Where images come from. */
export interface ImageSources {
  readonly pin: PinImage;
  readonly archive: ArchiveImage;
  /** Mark of this process; part of the names of loaded images. */
  readonly owner: string;
  /** Where archives lie on their way into the engine. */
  readonly folder: string;
}

/** Milliseconds that a removal after a failure may take. */
const patience = 30_000;

/** Docker's or Podman's Engine API, on this machine or another one. */
export class DockerEngine implements Containerizer, EngineVolumes {
  readonly name: string;
  /** Where it is spoken to: `unix:///PATH`. */
  readonly endpoint: string;
  readonly #engine: EngineHttp;
  readonly #facts: EngineFacts;
  readonly #images: ImageSources;
  readonly #loaded: string[] = [];
  readonly #owed = new OwedRemovals();
  /** What puts back the files that a container's own ones covered, by container. */
  readonly #uncover = new Map<string, (signal: AbortSignal) => Promise<void>>();
  #empty: Promise<string> | undefined;
  #sees: Promise<boolean> | undefined;
  #dataFolder: string | undefined;

  private constructor(engine: EngineHttp, facts: EngineFacts, images: ImageSources) {
    this.name = `${facts.kind} ${engine.endpoint}`;
    this.endpoint = engine.endpoint;
    this.#engine = engine;
    this.#facts = facts;
    this.#images = images;
  }

  /** @throws ArchwayError `ENGINE_LOST` (kind `unreachable`) when nothing answers. */
  static async open(engine: EngineHttp, images: ImageSources, signal: AbortSignal): Promise<DockerEngine> {
    try {
      return new DockerEngine(engine, await askEngine(engine, signal), images);
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  describe(): EngineFacts {
    return this.#facts;
  }

  async dataFolder(signal: AbortSignal): Promise<string | undefined> {
    if ((await this.#sees) !== true) return undefined;
    return (this.#dataFolder ??= await askDataFolder(this.#engine, signal));
  }

  async pull(request: PullRequest, signal: AbortSignal): Promise<PulledImage> {
    if (request.image.startsWith("oci:")) return this.#load(request, signal);
    try {
      return await pullImage(this.#engine, request, this.#images.pin, signal);
    } catch (error) {
      const isRefused = error instanceof ArchwayError && error.code === "PULL_FAILED";
      if (!isRefused || (await this.#sees) !== false) throw error;
      // Another machine may not reach a registry that this one does: the image is sent.
      const { reference } = await this.#images.pin(request.image, request.platform, signal);
      return this.#load({ ...request, image: reference }, signal).catch(() => {
        throw error;
      });
    }
  }

  async #load(request: PullRequest, signal: AbortSignal): Promise<PulledImage> {
    const loaded = await loadImage(this.#engine, request, this.#images, signal);
    this.#loaded.push(loaded.name);
    return loaded;
  }

  async close(signal: AbortSignal): Promise<void> {
    try {
      await this.#owed.retry((what) => this.remove(what, signal));
      for (const id of this.#loaded.splice(0))
        await this.remove({ kind: "image", id }, signal).catch((error: unknown) => {
          // One that a kept container has: a later start removes it.
          if (!(error instanceof EngineRefusal)) throw error;
        });
    } finally {
      this.#engine.close();
    }
  }

  async createNetwork(name: string, labels: Labels, signal: AbortSignal): Promise<string> {
    const create = (body: object) => this.#create({ kind: "network", id: name }, "/networks/create", body, signal);
    const about = { name, labels, engine: this.name, facts: this.#facts };
    return this.#or("make a network", () => createNetwork(create, about));
  }

  async createContainer(spec: ContainerSpec, signal: AbortSignal): Promise<string> {
    const query = new URLSearchParams({ name: spec.name, platform: formatPlatform(spec.image.platform) });
    const path = `/containers/create?${query.toString()}`;
    const body = createBody(spec, this.#facts.kind === "podman");
    const named = { kind: "container", id: spec.name } as const;
    const id = await this.#create(named, path, body, signal).catch((error: unknown) => {
      throw error instanceof EngineRefusal ? startRefusal(this.name, error) : error;
    });
    try {
      const uncover = await placeFiles(this.#engine, id, spec.mounts, signal);
      if (uncover !== undefined) this.#uncover.set(id, uncover);
    } catch (error) {
      await this.remove({ kind: "container", id }, AbortSignal.timeout(patience)).catch(() => undefined);
      throw error;
    }
    return id;
  }

  /** Asks for something with a name that nothing else has, some times when the engine's refusal passes by itself. */
  async #create(named: Removable, path: string, body: object, signal: AbortSignal): Promise<string> {
    const ask = () => this.#engine.json({ method: "POST", path, body }, signal);
    const forget = () => this.remove(named, signal);
    return createdAnswer.parse(await retryTransient(ask, { signal, forget })).Id;
  }

  async createVolume(name: string, labels: Labels, signal: AbortSignal): Promise<void> {
    const body = { Name: name, Labels: writeLabels(labels) };
    const asked = { method: "POST", path: "/volumes/create", body } as const;
    // A volume that is there is what was asked for.
    await retryTransient(() => this.#ask("make a volume", asked, signal), { signal });
  }

  /** Whether it mounts files that lie below a folder of this machine; asked once. */
  seesFiles(folder: string, signal: AbortSignal): Promise<boolean> {
    this.#sees ??= seesFiles(this.#engine, { ...this.#facts, owner: this.#images.owner }, folder, signal);
    this.#sees.catch(() => (this.#sees = undefined));
    return this.#sees;
  }

  /** How it runs programs of a platform, if it does. */
  tryPlatform(platform: Platform, labels: Labels, signal: AbortSignal): Promise<"native" | "emulated" | undefined> {
    const name = () => this.#nameImage();
    return this.#or(`run ${formatPlatform(platform)}`, () =>
      tryPlatform(this.#engine, this.#facts, platform, { name, labels }, signal),
    );
  }

  /** Processors and memory of its machine. */
  size(signal: AbortSignal): Promise<MachineSize> {
    return this.#or("tell what it has", () => askMachine(this.#engine, signal));
  }

  async createHolder(name: string, mounts: readonly Mount[], labels: Labels, signal: AbortSignal): Promise<string> {
    const body = { Image: await this.#emptyImage(signal), Labels: writeLabels(labels), HostConfig: mountsOf(mounts) };
    const query = new URLSearchParams({ name, platform: formatPlatform(this.#facts.platform) });
    const path = `/containers/create?${query.toString()}`;
    return this.#or("make a container", () => this.#create({ kind: "container", id: name }, path, body, signal));
  }

  put(container: string, folder: string, tar: Readable, signal: AbortSignal): Promise<void> {
    return this.#or("take files", () => putArchive(this.#engine, container, folder, tar, signal));
  }

  get(container: string, path: string, signal: AbortSignal): Promise<Readable | undefined> {
    return this.#or("give files", () => getArchive(this.#engine, container, path, signal));
  }

  /** An image with nothing in it for containers that never start; it goes with this process. */
  #emptyImage(signal: AbortSignal): Promise<string> {
    const load = async () => {
      const name = this.#nameImage();
      await loadBytes(this.#engine, await tinyImage(name, this.#facts.platform), signal);
      return name;
    };
    this.#empty ??= load();
    this.#empty.catch(() => (this.#empty = undefined));
    return this.#empty;
  }

  #nameImage(): string {
    const name = freshName(this.#images.owner);
    this.#loaded.push(name);
    return name;
  }

  start(container: string, output: OutputSink, signal: AbortSignal): Promise<RunningContainer> {
    // One that did not start has written nothing.
    return retryTransient(
      () => this.#or("attach to a container", () => startContainer(this.#engine, container, output, signal)),
      { signal },
    );
  }

  exec(
    container: string,
    command: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly exitCode: number; readonly output: string }> {
    return this.#or("run a command", () => execCommand(this.#engine, container, command, signal));
  }

  async addressOf(container: string, signal: AbortSignal): Promise<string | undefined> {
    const asked = { method: "GET", path: `/containers/${container}/json` } as const;
    const { NetworkSettings } = containerAnswer.parse(await this.#ask("tell of a container", asked, signal));
    const addresses = Object.values(NetworkSettings?.Networks ?? {}).map(({ IPAddress }) => IPAddress ?? "");
    return addresses.find((address) => address !== "");
  }

  remove(what: Removable, signal: AbortSignal): Promise<void> {
    return this.#owed.note(what, this.#remove(what, signal));
  }

  async #remove(what: Removable, signal: AbortSignal): Promise<void> {
    const uncover = what.kind === "container" ? this.#uncover.get(what.id) : undefined;
    this.#uncover.delete(what.id);
    // A container that has gone took its files along; the volume goes with the job.
    await uncover?.(signal).catch(() => undefined);
    const paths = {
      container: `/containers/${what.id}?force=true&v=true`,
      network: `/networks/${what.id}`,
      volume: `/volumes/${what.id}`,
      image: `/images/${what.id}?noprune=true`,
    };
    const path = paths[what.kind];
    try {
      await retryTransient(() => this.#engine.json({ method: "DELETE", path }, signal), { signal });
    } catch (error) {
      // Gone already, or, of a container, going: what was wanted. Of all else 409 says that it is in use.
      const gone = what.kind === "container" ? [404, 409] : [404];
      const isGone = error instanceof EngineRefusal && gone.includes(error.status);
      if (!isGone) throw error;
    }
  }

  list(signal: AbortSignal): Promise<readonly Labelled[]> {
    return listLabelled((what, path) => this.#ask(what, { method: "GET", path }, signal));
  }

  /** Whether it answers, at once or within some milliseconds; then what it could not remove before is removed. */
  async comesBack(within: number, signal: AbortSignal): Promise<boolean> {
    const isBack = await comesBack(this.#engine, within, signal);
    // A container that outlived the connection would work beside the next attempt.
    if (isBack) await this.#owed.retry((what) => this.remove(what, AbortSignal.timeout(patience)));
    return isBack;
  }

  /** An answer, or an error that says what was tried. */
  #ask(what: string, asked: Parameters<EngineHttp["json"]>[0], signal: AbortSignal): Promise<unknown> {
    return this.#or(what, () => this.#engine.json(asked, signal));
  }

  async #or<Answer>(what: string, work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      throw new ArchwayError({
        code: "ENGINE_REFUSED",
        kind: "unreachable",
        message: `${this.name} did not ${what}: ${error.message}`,
        cause: error,
      });
    }
  }
}
