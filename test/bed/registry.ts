/** The bed's registries. All are distribution on a free port of 127.0.0.1 with a folder of their own and deletion allowed. */
import { existsSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificate, type Certificate } from "./certificates.ts";
import { run } from "./command.ts";
import { startDaemon } from "./daemon.ts";
import { startTokenServer, type TokenServer, type User } from "./token-server.ts";

/**
 * - `distribution`: the current release (v3), open to all: the bed's main registry;
 * - `debian`: Debian's docker-registry (2.8), open to all;
 * - `basic`: v3 with basic auth;
 * - `token`: v3 with token auth;
 * - `tls`: v3 with a certificate of the bed's authority.
 */
export type RegistryKind = "distribution" | "debian" | "basic" | "token" | "tls";

/**
 * The users of the registries with authentication. With `basic` both may do everything. With `token` the writer may do everything,
 * the reader may only pull, and whoever comes without credentials may pull from `public/…`.
 */
export const registryUsers = {
  writer: { name: "writer", password: "write-it", actions: () => ["pull", "push", "delete"] },
  reader: { name: "reader", password: "read-it", actions: () => ["pull"] },
} as const satisfies Record<string, User>;

const anonymous: User = { name: "", password: "", actions: (name) => (name.startsWith("public/") ? ["pull"] : []) };

/** A running registry. Stopped and started again it keeps its address and its content. */
export interface Registry {
  readonly kind: RegistryKind;
  /** `127.0.0.1:PORT`, as in image references. */
  readonly host: string;
  /** `http://127.0.0.1:PORT`, or https for `tls`. */
  readonly url: string;
  /** Where its content lies (`storage.filesystem.rootdirectory`). */
  readonly dir: string;
  readonly log: string;
  /** The authority that signed its certificate (PEM), for `tls`. */
  readonly ca?: string;
  /** The service that issues its tokens, for `token`. */
  readonly tokens?: TokenServer;
  /**
   * Makes a folder for `DOCKER_CONFIG` whose `config.json` holds the credentials of a user, also good as
   * `REGISTRY_AUTH_FILE=FOLDER/config.json`.
   */
  login(user: keyof typeof registryUsers): Promise<string>;
  readonly stop: () => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
  readonly restart: () => Promise<void>;
}

/** What a registry is started with. */
interface RegistrySurroundings {
  /** The `registry` of v3 or Debian's `docker-registry`: their command lines are the same. */
  readonly program: string;
  /** The folder of this registry. */
  readonly dir: string;
  /** Signs the certificates of `tls` and `token`. */
  readonly authority: () => Promise<Certificate>;
  /** The folder of Docker's command line plugins, for {@link Registry.login}. */
  readonly plugins: string;
}

/** Starts a registry. Throws `BED_DAEMON_FAILED` when it does not come up. */
export async function startRegistry(
  kind: RegistryKind,
  { program, dir, authority, plugins }: RegistrySurroundings,
): Promise<Registry> {
  const storage = join(dir, "data");
  await mkdir(storage, { recursive: true });
  const ca = kind === "tls" ? await authority() : undefined;
  const tls = ca === undefined ? undefined : await makeCertificate(dir, "server", ca);
  const service = "registry.archway.test";
  const issuer = "archway-bed";
  const signer = kind === "token" ? await makeCertificate(dir, "token", await authority()) : undefined;
  const users = Object.values(registryUsers);
  const tokens = signer && (await startTokenServer({ service, issuer, certificate: signer, users, anonymous }));
  const auth = {
    ...(kind === "basic" && { htpasswd: { realm: service, path: await passwordFile(dir, users) } }),
    ...(tokens && { token: { realm: tokens.realm, service, issuer, rootcertbundle: (await authority()).cert } }),
  };

  const configFile = join(dir, "config.json");
  const configure = (port: number) => {
    const config = {
      version: "0.1",
      log: { level: "info" },
      storage: {
        filesystem: { rootdirectory: storage },
        delete: { enabled: true },
        maintenance: { uploadpurging: { enabled: false } },
      },
      http: {
        addr: `127.0.0.1:${port}`,
        secret: "one registry alone needs no shared secret",
        ...(tls && { tls: { certificate: tls.cert, key: tls.key } }),
      },
      ...(Object.keys(auth).length > 0 && { auth }),
    };
    return writeFile(configFile, JSON.stringify(config, null, 2));
  };

  await configure(0);
  const portOf = (logged: string) => Number(/listening on 127\.0\.0\.1:(\d+)/.exec(logged)?.[1] ?? 0);
  const daemon = await startDaemon({
    name: `registry ${kind}`,
    program,
    args: ["serve", configFile],
    log: join(dir, "log"),
    // v3 looks for a collector of traces otherwise.
    env: { ...withoutOverrides(process.env), OTEL_TRACES_EXPORTER: "none" },
    ready: (logged) => portOf(logged) > 0,
  });
  const port = portOf(daemon.logged());
  await configure(port);
  const host = `127.0.0.1:${port}`;
  return {
    kind,
    host,
    url: `${tls ? "https" : "http"}://${host}`,
    dir: storage,
    log: daemon.log,
    ...(ca && { ca: ca.cert }),
    ...(tokens && { tokens }),
    async login(user) {
      const { name, password } = registryUsers[user];
      const folder = join(dir, `login-${user}`);
      if (existsSync(folder)) return folder;
      await mkdir(folder);
      await symlink(plugins, join(folder, "cli-plugins"));
      const auths = { [host]: { auth: Buffer.from(`${name}:${password}`).toString("base64") } };
      await writeFile(join(folder, "config.json"), JSON.stringify({ auths }, null, 2), { mode: 0o600 });
      return folder;
    },
    // The token service goes on: a registry that is down comes back, and its service is another machine.
    stop: daemon.stop,
    kill: daemon.kill,
    restart: daemon.restart,
  };
}

/** distribution reads only bcrypt entries. */
async function passwordFile(dir: string, users: readonly User[]): Promise<string> {
  const lines: string[] = [];
  for (const user of users) lines.push(await run("htpasswd", ["-Bbn", user.name, user.password]));
  const file = join(dir, "htpasswd");
  await writeFile(file, lines.map((line) => `${line.trim()}\n`).join(""));
  return file;
}

/** distribution takes every `REGISTRY_…` variable for a part of its configuration; clients have some that only look like it (`REGISTRY_AUTH_FILE`). */
function withoutOverrides(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("REGISTRY_")));
}
