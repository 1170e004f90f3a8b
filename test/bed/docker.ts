import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeBridge, removeBridge } from "./bridge.ts";
import { startDaemon } from "./daemon.ts";
import { killContainers, killEverything } from "./leftovers.ts";

/** A running Docker Engine with the containerd image store and buildx. It speaks plain HTTP with loopback registries. */
export interface DockerEngine {
  /** `unix://…`, for `DOCKER_HOST`. */
  readonly endpoint: string;
  /** The bed's environment (`DOCKER_CONFIG` with the buildx plugin, `docker` in `PATH`) with `DOCKER_HOST`. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
  readonly stop: () => Promise<void>;
  /** SIGKILL ends the daemon and its containers at once, as a loss of power does; other signals go to the daemon alone. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
  /** Starts it again with the same endpoint, images and containers. */
  readonly restart: () => Promise<void>;
}

/**
 * Starts a Docker Engine in `dir`.
 *
 * @param bridge name of the network bridge to make for its containers, at most 15 characters: docker0 is one for the whole machine
 * @param env has `dockerd`, `containerd`, its shim, `runc` and `docker` in `PATH`
 * @param trust certificates that it trusts (PEM); the system's when it is empty
 * @param pools addresses that its networks get; its own choice when absent
 */
export async function startDocker({
  dir,
  bridge,
  env,
  trust,
  pools,
}: {
  readonly dir: string;
  readonly bridge: string;
  readonly env: NodeJS.ProcessEnv;
  readonly trust: string;
  readonly pools?: readonly { readonly base: string; readonly size: number }[];
}): Promise<DockerEngine> {
  await mkdir(dir, { recursive: true });
  await makeBridge(bridge);
  const socket = join(dir, "s");
  const endpoint = `unix://${socket}`;
  const clientEnv = { ...env, DOCKER_HOST: endpoint };
  const config = join(dir, "daemon.json");
  const settings = {
    features: { "containerd-snapshotter": true },
    "data-root": join(dir, "data"),
    "exec-root": join(dir, "exec"),
    pidfile: join(dir, "pid"),
    bridge,
    // The machine's firewall and routing stay as they are: containers reach each other and this machine.
    iptables: false,
    ip6tables: false,
    "ip-forward": false,
    "ip-masq": false,
    "userland-proxy": false,
    "shutdown-timeout": 1,
    ...(pools === undefined ? {} : { "default-address-pools": pools }),
  };
  await writeFile(config, JSON.stringify(settings, null, 2));
  const daemon = await startDaemon({
    name: "dockerd",
    program: "dockerd",
    args: ["--config-file", config, "--host", endpoint],
    log: join(dir, "log"),
    env: { ...env, SSL_CERT_FILE: trust },
    ready: (logged) => logged.includes("API listen on"),
  });
  return {
    endpoint,
    env: clientEnv,
    log: daemon.log,
    async stop() {
      // The daemon would give each container ten seconds.
      await killContainers(dir);
      await daemon.stop();
      await removeBridge(bridge);
    },
    async kill(signal) {
      await daemon.kill(signal);
      if (signal === "SIGKILL") await killEverything(dir);
    },
    async restart() {
      await daemon.stop();
      // A killed daemon leaves these, and believes a containerd alive that its new parent has not reaped yet.
      const left = [socket, settings.pidfile, join(dir, "exec", "containerd", "containerd.pid")];
      for (const file of left) await rm(file, { force: true });
      await daemon.restart();
    },
  };
}
