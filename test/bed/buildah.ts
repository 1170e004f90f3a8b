/** Buildah and Podman with storage and settings of the bed's own. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command.ts";
import { startDaemon } from "./daemon.ts";
import { killContainers, unmountBelow } from "./leftovers.ts";

/** Buildah, which has no daemon: it is ready when its files are there. */
export interface Buildah {
  /**
   * The bed's environment with the variables that give Buildah, Podman and Skopeo their own storage, runc, host network, and plain
   * HTTP for the bed's registries (`CONTAINERS_CONF`, `CONTAINERS_STORAGE_CONF`, `CONTAINERS_REGISTRIES_CONF`, `REGISTRY_AUTH_FILE`,
   * `TMPDIR`).
   */
  readonly env: NodeJS.ProcessEnv;
  /**
   * Lets these hosts be spoken to without TLS, besides those named before. Buildah 1.28 does not read the variable in
   * `manifest push`, which needs `--tls-verify=false`.
   */
  readonly allowHttp: (hosts: readonly string[]) => Promise<void>;
  /** Ends running steps and unmounts the storage. */
  readonly stop: () => Promise<void>;
}

/** `podman system service`: Docker's API on a socket, over the storage of {@link Buildah}. */
export interface PodmanService {
  /** `unix://…`, for `DOCKER_HOST` or `CONTAINER_HOST`. */
  readonly endpoint: string;
  /** {@link Buildah.env} with `DOCKER_HOST`. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
  readonly stop: () => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
  readonly restart: () => Promise<void>;
}

/** Writes the settings of Buildah, Podman and Skopeo into `dir`. */
export async function setUpBuildah({ dir, env }: { dir: string; env: NodeJS.ProcessEnv }): Promise<Buildah> {
  const files = {
    containers: join(dir, "containers.conf"),
    storage: join(dir, "storage.conf"),
    registries: join(dir, "registries.conf"),
    auth: join(dir, "auth.json"),
  };
  const temporary = join(dir, "tmp");
  await mkdir(temporary, { recursive: true });
  await writeFile(files.containers, containersConf(dir, temporary));
  await writeFile(
    files.storage,
    toml({ storage: { driver: "overlay", graphroot: join(dir, "graph"), runroot: join(dir, "run") } }),
  );
  await writeFile(files.auth, "{}\n");
  const allowed = new Set<string>();
  const writeRegistries = () => {
    const entries = [...allowed].map((host) => `[[registry]]\nlocation = "${host}"\ninsecure = true\n`);
    return writeFile(files.registries, `unqualified-search-registries = ["docker.io"]\n${entries.join("")}`);
  };
  await writeRegistries();
  return {
    env: {
      ...env,
      CONTAINERS_CONF: files.containers,
      CONTAINERS_STORAGE_CONF: files.storage,
      CONTAINERS_REGISTRIES_CONF: files.registries,
      REGISTRY_AUTH_FILE: files.auth,
      // What a killed build leaves in it goes with the bed.
      TMPDIR: temporary,
    },
    async allowHttp(hosts) {
      for (const host of hosts) allowed.add(host);
      await writeRegistries();
    },
    async stop() {
      await killContainers(dir);
      await unmountBelow(dir);
    },
  };
}

/** Starts Podman's service on a socket in `dir`. */
export async function startPodman({ dir, buildah }: { dir: string; buildah: Buildah }): Promise<PodmanService> {
  await mkdir(dir, { recursive: true });
  const socket = join(dir, "s");
  const endpoint = `unix://${socket}`;
  const answers = () =>
    run("podman", ["--remote", "--url", endpoint, "version"], { env: buildah.env }).then(
      () => true,
      () => false,
    );
  const daemon = await startDaemon({
    name: "podman system service",
    program: "podman",
    args: ["system", "service", "--time=0", endpoint],
    log: join(dir, "log"),
    env: buildah.env,
    ready: answers,
  });
  return {
    endpoint,
    env: { ...buildah.env, DOCKER_HOST: endpoint },
    log: daemon.log,
    stop: daemon.stop,
    kill: daemon.kill,
    async restart() {
      await daemon.stop();
      await rm(socket, { force: true });
      await daemon.restart();
    },
  };
}

function containersConf(dir: string, temporary: string): string {
  return toml({
    containers: {
      // Without a network of its own there is no bridge and no firewall rule that another bed could meet.
      netns: "host",
      // The defaults lie above what a process without CAP_SYS_RESOURCE may ask for; one without the other is refused as well.
      default_ulimits: ["nofile=1024:1024", "nproc=1024:1024"],
      log_driver: "k8s-file",
    },
    engine: {
      // crun fails where both versions of cgroups are mounted.
      runtime: "runc",
      cgroup_manager: "cgroupfs",
      events_logger: "file",
      image_copy_tmp_dir: temporary,
      // The other folders follow the storage; with a static_dir of its own each `podman run` of 4.3 ends 20 s late.
      tmp_dir: join(dir, "libpod"),
      // Locks in shared memory would be one table for the whole machine.
      lock_type: "file",
    },
    network: { network_config_dir: join(dir, "networks") },
  });
}

/** Tables of strings and arrays of strings, whose TOML is JSON's. */
function toml(tables: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>): string {
  return Object.entries(tables)
    .map(([name, table]) => {
      const lines = Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
      return `[${name}]\n${lines.join("")}`;
    })
    .join("\n");
}
