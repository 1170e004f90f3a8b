import type { EngineName, RegistryAccess, Secret } from "../engine/engine.ts";
import type { Reference } from "../oci/reference.ts";
import type { Platform } from "../platform/platform.ts";

/** Where the result of a build goes. */
export type BuildOutput =
  /** Children by digest into every tag's repository, then the index, then the tags. */
  | { readonly kind: "push" }
  /** By digest only, no tag moves: one native machine a platform, joined later by `archway image create`. */
  | { readonly kind: "push-by-digest"; readonly repository: Reference }
  /** The whole index as an OCI layout: a tar file, or a folder with `tar: false`. */
  | { readonly kind: "oci"; readonly dest: string; readonly tar: boolean }
  /** This machine's platform as a Docker archive file, or loaded into the local Docker or Podman. */
  | { readonly kind: "docker"; readonly dest?: string }
  /** An exporter of the engine that makes files instead of an image (`type=local`, one folder a platform, or `type=tar` for one platform). */
  | { readonly kind: "files"; readonly type: "local" | "tar"; readonly dest: string };

/** A node that a platform may be built on: an endpoint, with the engine when the endpoint does not tell it. */
export interface NodeChoice {
  readonly platform: Platform;
  readonly endpoint: string;
}

/** A named build context as the user gave it: `NAME=VALUE`. */
export type NamedContexts = Readonly<Record<string, string>>;

/** Everything a user asks of one `archway build`, parsed and checked, before anything is looked up. */
export interface BuildRequest {
  /** A directory, a Git URL, or `-` for a tar (or a lone Dockerfile) on standard input. */
  readonly context: string;
  /** Path of the Dockerfile as given; relative to the working directory (to the context's root for Git and tar contexts). */
  readonly file?: string;
  readonly platforms: readonly Platform[];
  readonly tags: readonly Reference[];
  readonly target?: string;
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly buildContexts: NamedContexts;
  readonly secrets: readonly Secret[];
  readonly ssh: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly provenance?: string;
  readonly sbom?: string;
  /** Absent: load this machine's platform into the local engine. */
  readonly output?: BuildOutput;
  readonly engine: "auto" | EngineName;
  readonly nodes: readonly NodeChoice[];
  readonly nativeOnly: boolean;
  readonly allowMissing: readonly Platform[];
  /** False with `--no-verify`: the architecture gate is waived, and the result says so. */
  readonly verify: boolean;
  readonly allow: readonly { readonly path: string; readonly reason: string }[];
  /** A QEMU CPU model for emulated steps, `default` for QEMU's own, absent for Archway's choice. */
  readonly emulatedCpu?: string;
  /** `HOST[:PORT]` → how it is reached, for engines that take that from their client. */
  readonly registries: Readonly<Record<string, RegistryAccess>>;
  /** How many platforms build at once. */
  readonly jobs: number;
}
