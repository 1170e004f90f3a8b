import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { formatPlatform } from "../../src/platform/platform.ts";
import { makeCertificate, type Certificate } from "./certificates.ts";
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
  /** Listens on TCP with TLS, and wants a certificate of its clients, instead of on a socket. */
  readonly tls?: boolean;
}

/** Files for `buildctl --tlscacert … --tlscert … --tlskey …` (PEM). */
export interface TlsFiles {
  readonly cacert: string;
  readonly cert: string;
  readonly key: string;
}

/** A running `buildkitd` with runc, a root of its own and no garbage collection. It speaks plain HTTP with loopback registries. */
export interface BuildkitNode {
  readonly name: string;
  /** `unix://…` or `tcp://…`, for `BUILDKIT_HOST`. */
  readonly endpoint: string;
  readonly tls?: TlsFiles;
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
 * @param authority signs the certificates of a node with TLS
 */
export async function startBuildkit(
  options: BuildkitOptions,
  {
    dir,
    env,
    trust,
    authority,
  }: {
    readonly dir: string;
    readonly env: NodeJS.ProcessEnv;
    readonly trust: string;
    readonly authority: () => Promise<Certificate>;
  },
): Promise<BuildkitNode> {
  await mkdir(dir, { recursive: true });
  const socket = join(dir, "s");
  const tls = options.tls ? await makeTls(dir, await authority()) : undefined;
  const config = join(dir, "buildkitd.toml");
  const configure = (port: number) => {
    const address = tls === undefined ? `unix://${socket}` : `tcp://127.0.0.1:${port}`;
    return writeFile(config, configuration({ dir, address, tls, options }));
  };
  await configure(0);
  const daemon = await startDaemon({
    name: `buildkitd ${options.name}`,
    program: "buildkitd",
    args: ["--config", config],
    log: join(dir, "log"),
    env: { ...env, SSL_CERT_FILE: trust },
    ready: (logged) => logged.includes("running server on"),
  });
  const port = Number(/running server on 127\.0\.0\.1:(\d+)/.exec(daemon.logged())?.[1] ?? 0);
  await configure(port);
  const endpoint = tls === undefined ? `unix://${socket}` : `tcp://127.0.0.1:${port}`;
  const clientEnv = { ...env, BUILDKIT_HOST: endpoint };
  return {
    name: options.name,
    endpoint,
    ...(tls && { tls: tls.client }),
    env: clientEnv,
    log: daemon.log,
    async platforms() {
      const flags = tls === undefined ? [] : Object.entries(tls.client).flatMap(([key, file]) => [`--tls${key}`, file]);
      const workers = [...flags, "debug", "workers", "--format", "{{json .}}"];
      const answer = await run("buildctl", workers, { env: clientEnv });
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

interface NodeTls {
  readonly server: Certificate;
  readonly client: TlsFiles;
  readonly ca: string;
}

async function makeTls(dir: string, authority: Certificate): Promise<NodeTls> {
  const server = await makeCertificate(dir, "server", authority);
  const client = await makeCertificate(dir, "client", authority);
  return { server, ca: authority.cert, client: { cacert: authority.cert, ...client } };
}

/** `buildkitd.toml`. TOML's strings and arrays of strings are JSON's. */
function configuration({
  dir,
  address,
  tls,
  options: { platforms, mirrors = {} },
}: {
  readonly dir: string;
  readonly address: string;
  readonly tls: NodeTls | undefined;
  readonly options: BuildkitOptions;
}): string {
  const text = (value: unknown) => JSON.stringify(value);
  const lines = [`root = ${text(join(dir, "root"))}`, "[grpc]", `address = [${text(address)}]`];
  if (tls !== undefined) {
    lines.push(
      "[grpc.tls]",
      `cert = ${text(tls.server.cert)}`,
      `key = ${text(tls.server.key)}`,
      `ca = ${text(tls.ca)}`,
    );
  }
  lines.push("[worker.oci]", "enabled = true", "gc = false");
  if (platforms !== undefined) lines.push(`platforms = ${text(platforms)}`);
  lines.push("[worker.containerd]", "enabled = false");
  for (const [host, asked] of Object.entries(mirrors))
    lines.push(`[registry.${text(host)}]`, `mirrors = ${text(asked)}`);
  for (const host of new Set(Object.values(mirrors).flat())) lines.push(`[registry.${text(host)}]`, "http = true");
  return `${lines.join("\n")}\n`;
}
