import type { Digest } from "../oci/descriptor.ts";
import type { Platform } from "../platform/platform.ts";

/** Engines that Archway drives. */
export type EngineName = "buildkit" | "buildx" | "buildah";

/** A known, dated fault of an engine version (docs/troubleshooting). */
export interface EngineFault {
  /** Stable id, for example `buildah-wrong-stage-platform`. */
  readonly id: string;
  readonly text: string;
  /** When the fault was established, ISO date. */
  readonly since: string;
  /** True when the way Archway drives the engine keeps clear of it: plans do not warn then. */
  readonly avoided: boolean;
}

/** What a probe learned of an engine at an endpoint. */
export interface EngineInfo {
  readonly name: EngineName;
  readonly version: string;
  /** `unix:///run/buildkit/buildkitd.sock`, a buildx builder's name, or `local`. */
  readonly endpoint: string;
  /** What its steps can run on; the node's native platform is first. */
  readonly platforms: readonly Platform[];
  /** Takes `registry` outputs. An engine that does not (the docker driver of buildx, Buildah) gives a layout, and the caller pushes it. */
  readonly pushesByDigest: boolean;
  /** Makes provenance and SBOM attestations. */
  readonly attests: boolean;
  /** Can give emulated steps a CPU model ({@link EngineRequest.emulatedCpu}). */
  readonly setsEmulatedCpu: boolean;
  readonly faults: readonly EngineFault[];
}

/** Where the files of a build come from. */
export type BuildContext =
  | { readonly kind: "directory"; readonly path: string }
  /** A Git URL in BuildKit's spelling, with `#ref:subfolder`; `ref` resolved to a commit by the planner. */
  | { readonly kind: "git"; readonly url: string };

/** A secret for `RUN --mount=type=secret`: its value never enters arguments, logs, plans or metadata. */
export type Secret = { readonly id: string; readonly file: string } | { readonly id: string; readonly env: string };

/** Where an engine puts its one platform. */
export type EngineOutput =
  /** Pushed by digest, without a tag, into this repository (`host/path`). */
  | { readonly kind: "registry"; readonly repository: string; readonly plainHttp: boolean }
  /** Written as an OCI layout into this (existing, empty) directory. */
  | { readonly kind: "layout"; readonly directory: string }
  /** Passed to the engine as it is (`type=local,dest=…`); there is no image and no digest. */
  | { readonly kind: "files"; readonly value: string };

/** A place where the Dockerfile names a base image: in FROM, `COPY --from` or a mount. */
export interface BaseUse {
  /** Where the name is in {@link DockerfileSource.text}: offset of its first character, and of the one after its last. */
  readonly start: number;
  readonly end: number;
  /** `HOST/PATH@DIGEST` of the manifest (not the index) that is needed there. */
  readonly manifest: string;
  readonly platform: Platform;
}

/** The Dockerfile as the planner read it, for engines that need a changed one. */
export interface DockerfileSource {
  /** Without a byte-order mark. */
  readonly text: string;
  readonly bases: readonly BaseUse[];
}

/** Which CPU the emulator shows to emulated steps (docs/emulation.md). */
export interface EmulatedCpu {
  /** Value of `QEMU_CPU`, for example `max,pauth=off`. */
  readonly model: string;
  /** The user asked for this model: where it is refused the build fails. A model of our own gives way to the emulator's default. */
  readonly chosen: boolean;
  /** Lines of the Dockerfile, from 1, at which a RUN begins that is emulated on this node. */
  readonly runLines: readonly number[];
}

/** How a registry of bases is reached, as far as the engine takes that from its client. */
export interface RegistryAccess {
  readonly plainHttp?: boolean;
  /** File with the certificates (PEM) of its authority. */
  readonly ca?: string;
}

/** One platform to build. */
export interface EngineRequest {
  readonly platform: Platform;
  readonly context: BuildContext;
  /** Absolute path of the Dockerfile; for Git contexts relative to its root. */
  readonly dockerfile: string;
  readonly source: DockerfileSource;
  readonly target?: string;
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * Where each base image is taken from, so that every platform and node builds on the same bytes: full reference as the
   * Dockerfile's name of it resolves (`docker.io/library/alpine:3.4`, `HOST/PATH:TAG@DIGEST`) → `HOST/PATH@DIGEST`, of an index or a manifest, maybe
   * on a mirror. It holds for FROM, `COPY --from` and mounts, however the Dockerfile spells the name. These are no named contexts,
   * because a context also replaces a stage of its name (`FROM golang AS golang`).
   */
  readonly bases: Readonly<Record<string, string>>;
  /** `HOST` or `HOST:PORT` → how it is reached. Loopback needs no word: it may speak plain HTTP. BuildKit's node has its own settings. */
  readonly registries?: Readonly<Record<string, RegistryAccess>>;
  /** The user's named contexts: name → directory, Git URL, `docker-image://REF[@DIGEST]`, `oci-layout://DIR@DIGEST`. */
  readonly buildContexts: Readonly<Record<string, string>>;
  /** Replacement of the `# syntax=` image, resolved to its digest. */
  readonly syntax?: string;
  readonly secrets: readonly Secret[];
  /** `default` or `ID[=SOCKET|KEY]`, as docker buildx spells them. */
  readonly ssh: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly noCache: boolean;
  readonly pull: boolean;
  /** `mode=min`, `mode=max`, `false`; the engine's default when absent. */
  readonly provenance?: string;
  readonly sbom?: string;
  /** Absent leaves the emulator's default. Only for engines that say `setsEmulatedCpu`. */
  readonly emulatedCpu?: EmulatedCpu;
  readonly output: EngineOutput;
}

/** What happens during the build of one platform, in the order of time. Times are milliseconds since the epoch. */
export type EngineEvent =
  | {
      readonly type: "step";
      readonly id: string;
      /** As the engine names it, for example `[linux/amd64->arm64 build 3/5] RUN go build`. */
      readonly name: string;
      readonly state: "started" | "done" | "cached" | "failed" | "canceled";
      readonly at: number;
      /** Where the step runs; absent when the engine does not say or nothing runs. */
      readonly runsOn?: Platform;
      readonly error?: string;
    }
  | {
      readonly type: "progress";
      readonly step: string;
      readonly name: string;
      /** Bytes, when `total` is known; otherwise whatever the engine counts. */
      readonly current: number;
      readonly total?: number;
      readonly at: number;
    }
  | { readonly type: "log"; readonly step?: string; readonly stream: 1 | 2; readonly text: string; readonly at: number }
  | { readonly type: "warning"; readonly text: string; readonly line?: number; readonly url?: string };

/** What came of one platform. */
export interface EngineResult {
  /**
   * What the engine made: an image manifest, or an index that holds it and its attestations. Absent for `files` output.
   * With `layout` output it is in the directory; with `registry` output in the repository.
   */
  readonly digest?: Digest;
  readonly mediaType?: string;
  /** The engine's own metadata file, parsed; keys as buildx names them. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** One build engine at one endpoint. It builds one platform and returns a digest; placement, join, gate and tags are ours. */
export interface Engine {
  readonly name: EngineName;
  readonly endpoint: string;
  /**
   * Asks the engine what it is. Throws `ArchwayError` `ENGINE_UNREACHABLE` when nothing answers within the bound of the signal.
   */
  probe(signal: AbortSignal): Promise<EngineInfo>;
  /**
   * Builds one platform. Throws `ArchwayError`: `BUILD_STEP_FAILED` with the failing step, its lines and the last lines of its log,
   * `BASE_NOT_FOUND`, `BASE_PLATFORM_MISSING`, `ENGINE_FAILED` (kind `failed`); `DOCKERFILE_INVALID`, `BUILD_SECRET_MISSING`, `BUILD_SSH_MISSING`,
   * `ENDPOINT_INVALID` (kind `input`); `ENGINE_UNREACHABLE`, also when the node is lost on the way, `UNAUTHORIZED`, `DENIED`, `TLS`,
   * `REGISTRY_ERROR`, `NO_SPACE` (kind `unreachable`); `engine-texts.ts` has the table. Aborting stops its children and rejects when they have ended.
   */
  build(request: EngineRequest, onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<EngineResult>;
}
