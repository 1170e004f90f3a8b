import type { Readable } from "node:stream";
import type { Platform } from "../../platform/platform.ts";
import type { Resources } from "../../pipeline/job-spec.ts";

/**
 * Where containers run: Docker's or Podman's Engine API, of this machine or another one. Everything it makes carries {@link Labels}, and what carries those of a process
 * that has gone is removed by the next start. Errors are `ArchwayError`s; kind `unreachable` with code `ENGINE_UNREACHABLE` or `ENGINE_LOST` when the engine itself is the
 * trouble, `IMAGE_PLATFORM` (`failed`) when an image has no such platform, `IMAGE_MISSING`, `IMAGE_DENIED`, `START_FAILED`.
 */
export interface Containerizer {
  /** How a person names it: `docker unix:///var/run/docker.sock`. */
  readonly name: string;
  /** What the engine is. */
  describe(): EngineFacts;
  /** The folder of this machine where it keeps its containers; absent, or undefined, when it is on another one. */
  dataFolder?(signal: AbortSignal): Promise<string | undefined>;
  /** Gets an image for one platform, pins it by digest, and checks that what is there is of that platform. */
  pull(request: PullRequest, signal: AbortSignal): Promise<PulledImage>;
  createNetwork(name: string, labels: Labels, signal: AbortSignal): Promise<NetworkId>;
  createContainer(spec: ContainerSpec, signal: AbortSignal): Promise<ContainerId>;
  /**
   * Attaches, then starts: no byte can be missed. `output` gets pieces in the order of arrival; when the promise it returns is slow the container waits. Resolves as soon as the container runs; the
   * outcome is `exited`.
   */
  start(container: ContainerId, output: OutputSink, signal: AbortSignal): Promise<RunningContainer>;
  /** Runs a command in a running container, for readiness and for signals to what a shell stands before. Output is bounded to its last 64 KiB. */
  exec(
    container: ContainerId,
    command: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly exitCode: number; readonly output: string }>;
  /** Address of a running container in its network; undefined when the engine tells none. */
  addressOf(container: ContainerId, signal: AbortSignal): Promise<string | undefined>;
  /** Removes a container (killing it), network, volume or image; one that is not there is no error. */
  remove(what: Removable, signal: AbortSignal): Promise<void>;
  /** All that carries our labels, for {@link removeLeftovers}. */
  list(signal: AbortSignal): Promise<readonly Labelled[]>;
  /** Removes the images that were loaded for this process alone, and what could not be removed before. */
  close(signal: AbortSignal): Promise<void>;
}

/** Volumes of an engine and what is in them: for one that does not see the files of this machine. */
export interface EngineVolumes {
  createVolume(name: string, labels: Labels, signal: AbortSignal): Promise<void>;
  /** A container that never starts and gives access to volumes. */
  createHolder(name: string, mounts: readonly Mount[], labels: Labels, signal: AbortSignal): Promise<ContainerId>;
  /** Unpacks a tar into a folder that a container has. */
  put(container: ContainerId, folder: string, tar: Readable, signal: AbortSignal): Promise<void>;
  /** A tar of what is at a path, named by its last part; undefined when nothing is there. */
  get(container: ContainerId, path: string, signal: AbortSignal): Promise<Readable | undefined>;
  remove(what: Removable, signal: AbortSignal): Promise<void>;
}

export type ContainerId = string;
export type NetworkId = string;

export interface EngineFacts {
  readonly kind: "docker" | "podman";
  readonly version: string;
  /** What its own programs are: what it runs itself for sure. */
  readonly platform: Platform;
  /** Whether it gives a network as many addresses as are asked for, out of its own pools. */
  readonly cutsNetworks: boolean;
}

/** Whose a thing of the engine is; becomes labels `dev.archway.…`. */
export interface Labels {
  readonly run: string;
  readonly job?: string;
  readonly step?: string;
  /** Process that answers for it, so that the next start knows whether it has gone: host, pid and start time. */
  readonly owner: string;
}

export interface PullRequest {
  /** A reference (short names are Docker Hub's), or `oci:FOLDER` for an image of this run that is in no registry. */
  readonly image: string;
  readonly platform: Platform;
}

export interface PulledImage {
  /** What `createContainer` takes: the engine's name of exactly this platform's image. */
  readonly id: string;
  /** Digest of the platform's manifest. */
  readonly digest: string;
  readonly platform: Platform;
  /** Who its containers run as when nobody else is named; absent: root. */
  readonly user?: string;
  /** Bytes that were moved. */
  readonly bytes: number;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: PulledImage;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly directory?: string;
  readonly network?: { readonly id: NetworkId; readonly aliases: readonly string[] };
  /** Names that its hosts file gets, with their addresses: not every network has a name server. */
  readonly hosts?: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly resources: Resources;
  readonly labels: Labels;
}

/** A folder or file: a path of the engine's machine, what lies in a volume of the engine (`subpath` absent: all of it), or files that are put into the container itself. */
export type MountSource = string | { readonly volume: string; readonly subpath?: string } | PlacedFiles;

/** Files by their path in the target; the path of a target that is a file itself is empty. They go with the container. */
export interface PlacedFiles {
  readonly files: Readonly<Record<string, { readonly content: string; readonly mode: number }>>;
}

/** A folder or file in a container. */
export interface Mount {
  readonly source: MountSource;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly?: boolean;
}

export type OutputSink = (stream: "stdout" | "stderr", bytes: Uint8Array) => void | Promise<void>;

export interface RunningContainer {
  /** When it has ended and every byte of its output was given to the sink, or is told as lost. Throws `ENGINE_LOST`. */
  readonly exited: Promise<ContainerExit>;
  /** Sends a signal to the first process. */
  kill(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export interface ContainerExit {
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  /** Whether a disk that it wrote to was full when it ended badly; absent when nobody can tell. */
  readonly disks?: "full" | "room";
  /** Bytes of output that the engine had and we could not get. */
  readonly lost?: { readonly bytes?: number; readonly reason: string };
}

export type Removable =
  | { readonly kind: "container"; readonly id: ContainerId }
  | { readonly kind: "network"; readonly id: NetworkId }
  | { readonly kind: "volume"; readonly id: string }
  /** A name of an image that was loaded for one process. */
  | { readonly kind: "image"; readonly id: string };

export type Labelled = Removable & { readonly labels: Labels };
