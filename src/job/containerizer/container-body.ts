import type { ContainerSpec, Mount } from "./containerizer.ts";
import { writeLabels } from "./labels.ts";

/** The body of `POST /containers/create`. Nothing in it gives more rights than the engine's defaults. */
export function createBody(spec: ContainerSpec, isPodman: boolean): object {
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
