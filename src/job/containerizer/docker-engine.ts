import { ArchwayError } from "../../error/error.ts";
import { formatPlatform } from "../../platform/platform.ts";
import type {
  Containerizer,
  ContainerSpec,
  EngineFacts,
  Labelled,
  Labels,
  Mount,
  OutputSink,
  PulledImage,
  PullRequest,
  Removable,
  RunningContainer,
} from "./containerizer.ts";
import {
  containerAnswer,
  containersAnswer,
  imagesAnswer,
  createdAnswer,
  execAnswer,
  networksAnswer,
  versionAnswer,
} from "./docker-answers.ts";
import { EngineHttp, EngineRefusal } from "./engine-http.ts";
import { ownerLabel, readLabels, writeLabels } from "./labels.ts";
import { OutputFrames } from "./output-frames.ts";
import { loadedName, loadImage, ownerOfLoaded, pullImage, type ArchiveImage, type PinImage } from "./pull-image.ts";
import { startContainer } from "./start-container.ts";

/** Where images come from. */
export interface ImageSources {
  readonly pin: PinImage;
  readonly archive: ArchiveImage;
  /** Mark of this process; part of the names of loaded images. */
  readonly owner: string;
  /** Where archives lie on their way into the engine. */
  readonly folder: string;
}

/** Bytes of a command's output that are kept. */
const maxExecOutput = 64 * 1024;

/** Docker's or Podman's Engine API, on this machine or another one. */
export class DockerEngine implements Containerizer {
  readonly name: string;
  /** Where it is spoken to: `unix:///PATH`. */
  readonly endpoint: string;
  readonly #engine: EngineHttp;
  readonly #facts: EngineFacts;
  readonly #images: ImageSources;
  readonly #loaded: string[] = [];

  private constructor(engine: EngineHttp, facts: EngineFacts, images: ImageSources) {
    this.name = `${facts.kind} ${engine.endpoint}`;
    this.endpoint = engine.endpoint;
    this.#engine = engine;
    this.#facts = facts;
    this.#images = images;
  }

  /** @throws ArchwayError `ENGINE_LOST` (kind `unreachable`) when nothing answers. */
  static async open(engine: EngineHttp, images: ImageSources, signal: AbortSignal): Promise<DockerEngine> {
    const answer = versionAnswer.parse(await engine.json({ method: "GET", path: "/version" }, signal));
    const isPodman = answer.Components.some(({ Name }) => Name.startsWith("Podman"));
    return new DockerEngine(engine, { kind: isPodman ? "podman" : "docker", version: answer.Version }, images);
  }

  describe(): EngineFacts {
    return this.#facts;
  }

  async pull(request: PullRequest, signal: AbortSignal): Promise<PulledImage> {
    if (!request.image.startsWith("oci:")) return pullImage(this.#engine, request, this.#images.pin, signal);
    const loaded = await loadImage(this.#engine, request, this.#images, signal);
    this.#loaded.push(loaded.name);
    return loaded;
  }

  async close(signal: AbortSignal): Promise<void> {
    try {
      for (const id of this.#loaded.splice(0)) await this.remove({ kind: "image", id }, signal);
    } finally {
      this.#engine.close();
    }
  }

  async createNetwork(name: string, labels: Labels, signal: AbortSignal): Promise<string> {
    const body = { Name: name, Driver: "bridge", Labels: writeLabels(labels) };
    const path = "/networks/create";
    const { Id } = createdAnswer.parse(await this.#ask("make a network", { method: "POST", path, body }, signal));
    return Id;
  }

  async createContainer(spec: ContainerSpec, signal: AbortSignal): Promise<string> {
    const query = new URLSearchParams({ name: spec.name, platform: formatPlatform(spec.image.platform) });
    const path = `/containers/create?${query.toString()}`;
    const body = createBody(spec, this.#facts.kind === "podman");
    const { Id } = createdAnswer.parse(await this.#ask("make a container", { method: "POST", path, body }, signal));
    return Id;
  }

  start(container: string, output: OutputSink, signal: AbortSignal): Promise<RunningContainer> {
    return startContainer(this.#engine, container, output, signal);
  }

  async exec(
    container: string,
    command: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly exitCode: number; readonly output: string }> {
    const body = { Cmd: command, AttachStdout: true, AttachStderr: true };
    const path = `/containers/${container}/exec`;
    const { Id } = createdAnswer.parse(await this.#ask("run a command", { method: "POST", path, body }, signal));
    const start = { method: "POST", path: `/exec/${Id}/start`, body: { Detach: false, Tty: false } } as const;
    const { stream, head } = await this.#engine.hijack(start, signal);
    let output = Buffer.alloc(0);
    const frames = new OutputFrames((_, bytes) => {
      output = Buffer.concat([output, bytes]).subarray(-maxExecOutput);
    });
    await frames.write(head);
    for await (const piece of stream) await frames.write(piece);
    const { ExitCode } = execAnswer.parse(
      await this.#ask("ask for a command", { method: "GET", path: `/exec/${Id}/json` }, signal),
    );
    return { exitCode: ExitCode ?? 1, output: output.toString("utf8") };
  }

  async addressOf(container: string, signal: AbortSignal): Promise<string | undefined> {
    const asked = { method: "GET", path: `/containers/${container}/json` } as const;
    const { NetworkSettings } = containerAnswer.parse(await this.#ask("tell of a container", asked, signal));
    const addresses = Object.values(NetworkSettings?.Networks ?? {}).map(({ IPAddress }) => IPAddress ?? "");
    return addresses.find((address) => address !== "");
  }

  async remove(what: Removable, signal: AbortSignal): Promise<void> {
    const paths = {
      container: `/containers/${what.id}?force=true&v=true`,
      network: `/networks/${what.id}`,
      image: `/images/${what.id}?noprune=true`,
    };
    const path = paths[what.kind];
    try {
      await this.#engine.json({ method: "DELETE", path }, signal);
    } catch (error) {
      // Gone already, or going: what was wanted.
      const isGone = error instanceof EngineRefusal && (error.status === 404 || error.status === 409);
      if (!isGone) throw error;
    }
  }

  async list(signal: AbortSignal): Promise<readonly Labelled[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [ownerLabel] }));
    const containers = containersAnswer.parse(
      await this.#ask(
        "list containers",
        { method: "GET", path: `/containers/json?all=true&filters=${filters}` },
        signal,
      ),
    );
    const networks = networksAnswer.parse(
      await this.#ask("list networks", { method: "GET", path: `/networks?filters=${filters}` }, signal),
    );
    const ours = encodeURIComponent(JSON.stringify({ reference: [loadedName] }));
    const images = imagesAnswer.parse(
      await this.#ask("list images", { method: "GET", path: `/images/json?filters=${ours}` }, signal),
    );
    const loaded = images
      .flatMap(({ RepoTags }) => RepoTags ?? [])
      .flatMap((name): Labelled[] => {
        const owner = ownerOfLoaded(name);
        return owner === undefined ? [] : [{ kind: "image", id: name, labels: { owner, run: "" } }];
      });
    const labelled =
      (kind: "container" | "network") => (one: { Id: string; Labels?: Record<string, string> | null | undefined }) => {
        const labels = readLabels(one.Labels ?? {});
        return labels === undefined ? [] : [{ kind, id: one.Id, labels }];
      };
    return [...containers.flatMap(labelled("container")), ...networks.flatMap(labelled("network")), ...loaded];
  }

  /** An answer, or an error that says what was tried. */
  async #ask(what: string, asked: Parameters<EngineHttp["json"]>[0], signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#engine.json(asked, signal);
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

/** The body of `POST /containers/create`. Nothing in it gives more rights than the engine's defaults. */
function createBody(spec: ContainerSpec, isPodman: boolean): object {
  const { image, entrypoint, command, env, user, directory, network, mounts, resources, labels, hosts = {} } = spec;
  const { cpus, memory, pids } = resources;
  return {
    Image: image.id,
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
    ...(command === undefined ? {} : { Cmd: command }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(user === undefined ? {} : { User: user }),
    ...(directory === undefined ? {} : { WorkingDir: directory }),
    Labels: writeLabels(labels),
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      ...mountsOf(mounts),
      ...(network === undefined ? {} : { NetworkMode: network.id }),
      ExtraHosts: Object.entries(hosts).map(([name, address]) => `${name}:${address}`),
      ...(cpus === undefined
        ? {}
        : isPodman
          ? { CpuPeriod: 100_000, CpuQuota: Math.round(cpus * 100_000) }
          : { NanoCpus: Math.round(cpus * 1e9) }),
      ...(memory === undefined ? {} : { Memory: memory, MemorySwap: memory }),
      ...(pids === undefined ? {} : { PidsLimit: pids }),
    },
    ...(network === undefined
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [network.id]: { Aliases: network.aliases } } } }),
  };
}

/** Paths and whole volumes as binds, which every engine of ten years takes; a part of a volume has only the newer form. */
function mountsOf(mounts: readonly Mount[]): object {
  const binds: string[] = [];
  const parts: object[] = [];
  for (const { source, target, readOnly = false } of mounts) {
    const name = typeof source === "string" ? source : source.subpath === undefined ? source.volume : undefined;
    if (name !== undefined) binds.push(`${name}:${target}:${readOnly ? "ro" : "rw"}`);
    else if (typeof source !== "string") {
      const VolumeOptions = { Subpath: source.subpath };
      parts.push({ Type: "volume", Source: source.volume, Target: target, ReadOnly: readOnly, VolumeOptions });
    }
  }
  return { Binds: binds, Mounts: parts };
}
