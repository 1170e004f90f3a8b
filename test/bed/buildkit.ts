import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { formatPlatform } from "../../src/platform/platform.ts";
import { run } from "./command.ts";
import { startDaemon } from "./daemon.ts";
import { killContainers } from "./leftovers.ts";

export interface BuildkitOptions {
  /** For messages and for its folder; short, because its socket lies there. */
  readonly name: string;
  /** What the node calls its own, its native platform first; without it BuildKit takes this machine's. What is emulated comes after. */
  readonly platforms?: readonly string[];
  /** `docker.io` and others → hosts of plain HTTP that this daemon asks instead. */
  readonly mirrors?: Readonly<Record<string, readonly string[]>>;
}

/** A running `buildkitd` with runc, a root of its own and no garbage collection. It speaks plain HTTP with loopback registries. */
export interface BuildkitNode {
  readonly name: string;
  /** `unix://…`, for `BUILDKIT_HOST`. */
  readonly endpoint: string;
  /** This process's environment with `BUILDKIT_HOST` and with `buildctl` in `PATH`. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
  /** What the daemon says it builds, its native platform first. */
  readonly platforms: () => Promise<string[]>;
  readonly stop: () => Promise<void>;
  /** SIGKILL ends the daemon and its running steps at once, as a loss of power does; other signals go to the daemon alone. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
  /** Starts it again with the same endpoint and cache. */
  readonly restart: () => Promise<void>;
}

/** The parts of `buildctl debug workers --format '{{json .}}'` that are read. */
const workersSchema = z.array(
  z.object({
    platforms: z.array(z.object({ os: z.string(), architecture: z.string(), variant: z.string().exactOptional() })),
  }),
);

/**
 * Starts a BuildKit node.
 *
 * @param dir the node's folder
 * @param env has `buildkitd`, `buildctl` and `runc` in `PATH`
 * @param trust certificates that it trusts (PEM)
 */
export async function startBuildkit(
  { name, platforms, mirrors = {} }: BuildkitOptions,
  { dir, env, trust }: { readonly dir: string; readonly env: NodeJS.ProcessEnv; readonly trust: string },
): Promise<BuildkitNode> {
  await mkdir(dir, { recursive: true });
  const socket = join(dir, "s");
  const endpoint = `unix://${socket}`;
  const clientEnv = { ...env, BUILDKIT_HOST: endpoint };
  const config = join(dir, "buildkitd.toml");
  // TOML's strings and arrays of strings are JSON's.
  const lines = [
    `root = ${JSON.stringify(join(dir, "root"))}`,
    "[grpc]",
    `address = [${JSON.stringify(endpoint)}]`,
    "[worker.oci]",
    "enabled = true",
    "gc = false",
    ...(platforms === undefined ? [] : [`platforms = ${JSON.stringify(platforms)}`]),
    "[worker.containerd]",
    "enabled = false",
    ...Object.entries(mirrors).flatMap(([host, asked]) => [
      `[registry.${JSON.stringify(host)}]`,
      `mirrors = ${JSON.stringify(asked)}`,
    ]),
    ...[...new Set(Object.values(mirrors).flat())].flatMap((host) => [
      `[registry.${JSON.stringify(host)}]`,
      "http = true",
    ]),
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const daemon = await startDaemon({
    name: `buildkitd ${name}`,
    program: "buildkitd",
    args: ["--config", config],
    log: join(dir, "log"),
    env: { ...env, SSL_CERT_FILE: trust },
    ready: (logged) => logged.includes("running server on"),
  });
  return {
    name,
    endpoint,
    env: clientEnv,
    log: daemon.log,
    async platforms() {
      const answer = await run("buildctl", ["debug", "workers", "--format", "{{json .}}"], { env: clientEnv });
      return workersSchema
        .parse(JSON.parse(answer))
        .flatMap((worker) => worker.platforms.map((platform) => formatPlatform(platform)));
    },
    stop: daemon.stop,
    async kill(signal) {
      await daemon.kill(signal);
      if (signal === "SIGKILL") await killContainers(dir);
    },
    async restart() {
      await daemon.stop();
      // A killed daemon leaves its socket.
      await rm(socket, { force: true });
      await daemon.restart();
    },
  };
}
