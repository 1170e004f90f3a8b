import type { ContainerSpec, EngineFacts, Mount } from "./containerizer.ts";
import { writeLabels } from "./labels.ts";

/** More than any disk holds: an engine's log that loses its beginning cannot be compared with what came. */
const unlimited = "1000t";

/** The engine that a container is for: what it is, and its endpoint as people write it. */
export type BodyEngine = Pick<EngineFacts, "kind"> & { readonly endpoint: string };

/** The body of `POST /containers/create`. Nothing in it gives more rights than the engine's defaults. */
export function createBody(spec: ContainerSpec, engine: BodyEngine): object {
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
      LogConfig: logOf(engine),
      ...mountsOf(mounts),
      ...(network === undefined ? {} : { NetworkMode: network.id }),
      ExtraHosts: Object.entries(hosts).map(([name, address]) => `${name}:${address}`),
      ...(cpus === undefined
        ? {}
        : engine.kind === "podman"
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

/**
 * The log that an engine keeps of a container besides what we get. Docker's costs most of the speed of the output, in every form, since it is a record a line; so there is none where only the end of Docker itself
 * breaks a connection, and with it the job. Over a network it is worth its price: in the form that keeps every byte (`json-file` replaces what is no UTF-8). Podman's costs little, and its containers outlive its
 * service. What its own default would be, journald, drops lines of those who write many.
 */
function logOf({ kind, endpoint }: BodyEngine): object {
  if (kind === "podman") return { Type: "k8s-file", Config: { "max-size": unlimited } };
  if (endpoint.startsWith("unix:")) return { Type: "none", Config: {} };
  return { Type: "local", Config: { "max-size": unlimited, "max-file": "1", compress: "false" } };
}

/** Paths and whole volumes as binds, which every engine of ten years takes; a part of a volume has only the newer form. */
export function mountsOf(mounts: readonly Mount[]): object {
  const binds: string[] = [];
  const parts: object[] = [];
  for (const { source, target, readOnly = false } of mounts) {
    const isWhole = typeof source === "object" && "volume" in source && source.subpath === undefined;
    const name = typeof source === "string" ? source : isWhole ? source.volume : undefined;
    if (name !== undefined) binds.push(`${name}:${target}:${readOnly ? "ro" : "rw"}`);
    // Files are put into the container once it is there.
    else if (typeof source !== "string" && "volume" in source) {
      const VolumeOptions = { Subpath: source.subpath };
      parts.push({ Type: "volume", Source: source.volume, Target: target, ReadOnly: readOnly, VolumeOptions });
    }
  }
  return { Binds: binds, Mounts: parts };
}
