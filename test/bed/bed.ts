/**
 * The test bed: real registries, engines, emulators and base images on this machine, for tests, demo and benchmarks.
 *
 *     import { startBed, unavailable } from "../bed/bed.ts";
 *
 *     const skip = await unavailable("registry", "buildkit", "qemu", "bases");   // above the first test of the file
 *
 *     test("…", { skip }, async () => {
 *       await using bed = await startBed({ need: ["registry", "buildkit", "qemu", "bases"] });
 *       const registry = await bed.registry();          // started at the first call, the same one afterwards
 *       const busybox = await bed.base("busybox");      // made once for all beds, pushed into `registry`
 *       const node = await bed.buildkit("a");           // amd64; "b" calls itself linux/arm64 and linux/arm/v7
 *       await run("archway", ["build", …], { env: node.env });
 *       // busybox.reference: "127.0.0.1:PORT/library/busybox:latest"
 *     });
 *
 * `startBed` installs and builds what `need` lacks (`npm run bed -- --prepare` does it beforehand) and throws when that is not
 * possible; nothing is running yet when it returns. What a bed starts belongs to it alone: two beds do not see each other, and one
 * that was killed is cleaned up by the next.
 */
import { mkdir, mkdtemp, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { ArchwayError } from "../../src/error/error.ts";
import { baseLayout, type BaseTag } from "./base/image.ts";
import { pushLayout } from "./base/push.ts";
import type { BaseName } from "./base/recipes.ts";
import { setUpBuildah, startPodman, type Buildah, type PodmanService } from "./buildah.ts";
import { startBuildkit, type BuildkitNode, type BuildkitOptions } from "./buildkit.ts";
import { makeAuthority, type Certificate } from "./certificates.ts";
import { startDocker, type DockerEngine } from "./docker.ts";
import { prepare, type Component } from "./component.ts";
import { goModuleNames, goProgramFolder, programsOf } from "./go-programs.ts";
import { cleanUp, cleanUpAbandoned, writeOwner } from "./leftovers.ts";
import { logToStderr, type Log } from "./log.ts";
import { startRegistry, type Registry, type RegistryKind } from "./registry.ts";

export { unavailable } from "./component.ts";

export interface BedOptions {
  readonly need: readonly Component[];
  /** Where it says what it installs, builds and makes. Default: standard error. */
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/** A base image in a registry of the bed. */
export interface BaseImage {
  readonly name: BaseName;
  /** `127.0.0.1:PORT/library/NAME`. */
  readonly repository: string;
  /** The repository with its main tag. */
  readonly reference: string;
  readonly tags: readonly BaseTag[];
  /** The OCI layout it was pushed from; not to be changed. */
  readonly layout: string;
}

/** A running test bed. What it starts, it starts at the first call and gives back at later ones. */
export interface Bed extends AsyncDisposable {
  /** Everything of this bed lies here, logs too, and is deleted at the end; short enough for sockets in it. */
  readonly dir: string;
  /** A folder with the programs that were built; the first one of `PATH` in {@link Bed.env}. */
  readonly programs: string;
  /**
   * This process's environment with the built programs first in `PATH` and an empty `DOCKER_CONFIG` with the buildx plugin, and
   * without the variables that name engines.
   */
  readonly env: NodeJS.ProcessEnv;
  /** Default: `distribution`. */
  registry(kind?: RegistryKind): Promise<Registry>;
  /** Node `a` is this machine; node `b` says of itself that it is linux/arm64 and linux/arm/v7. */
  buildkit(node?: "a" | "b"): Promise<BuildkitNode>;
  /** A node of another kind; one for each name. */
  otherBuildkit(options: BuildkitOptions): Promise<BuildkitNode>;
  docker(): Promise<DockerEngine>;
  /** Buildah with storage of its own. Registries of this bed that are started before or after are spoken to without TLS. */
  buildah(): Promise<Buildah>;
  /** Podman's service over the storage of {@link Bed.buildah}. */
  podman(): Promise<PodmanService>;
  /** A base image, pushed into a registry that is open to all (default: `distribution`). */
  base(name: BaseName, registry?: Registry): Promise<BaseImage>;
  /** Stops all that was started and deletes the folder. Safe to repeat. */
  stop(): Promise<void>;
}

const prefix = "awbed-";

/** Sets up a bed. Throws `BED_UNAVAILABLE` with reasons when one of the needed components cannot be had here. */
export async function startBed({ need, log = logToStderr, signal }: BedOptions): Promise<Bed> {
  const missing = await prepare(need, log, signal);
  if (missing.size > 0) {
    const reasons = [...missing].map(([component, reason]) => `${component}: ${reason}`);
    throw new ArchwayError({ code: "BED_UNAVAILABLE", kind: "failed", message: reasons.join("\n") });
  }
  const parent = await temporaryFolder();
  await cleanUpAbandoned(parent, prefix);
  const dir = await mkdtemp(join(parent, prefix));
  await writeOwner(dir);
  const programs = await linkPrograms(dir);
  const plugins = await makeDockerConfig(dir);
  const env = makeEnvironment(programs, dirname(plugins));

  const started = new Map<string, Promise<unknown>>();
  const stops: (() => Promise<void>)[] = [];
  /** Calls `start` once for a name. One that fails may be tried again. */
  const once = <T>(name: string, start: () => Promise<T>): Promise<T> => {
    const before = started.get(name);
    // The name says what was started under it.
    if (before !== undefined) return before as Promise<T>;
    const now = start();
    started.set(name, now);
    now.catch(() => started.delete(name));
    return now;
  };
  const owned = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const member = await starting;
    stops.push(() => member.stop());
    return member;
  };
  /** The registries without TLS, for engines that must be told of them. */
  const plainHosts: string[] = [];
  const authority = () => once("authority", () => makeAuthority(dir, "ca"));
  const trust = () => once("trust", () => makeTrust(dir, authority));

  const bed: Bed = {
    dir,
    programs,
    env,
    registry: (kind = "distribution") =>
      once(`registry ${kind}`, async () => {
        const program = kind === "debian" ? "docker-registry" : join(programs, "registry");
        const registry = await owned(
          startRegistry(kind, { program, dir: join(dir, `registry-${kind}`), authority, plugins }),
        );
        if (registry.tokens !== undefined) stops.push(registry.tokens.stop);
        if (registry.ca === undefined) plainHosts.push(registry.host);
        if (started.has("buildah")) await (await bed.buildah()).allowHttp(plainHosts);
        return registry;
      }),
    buildkit: (name = "a") =>
      bed.otherBuildkit({ name, ...(name === "b" && { platforms: ["linux/arm64", "linux/arm/v7"] }) }),
    otherBuildkit: (options) =>
      once(`buildkit ${options.name}`, async () =>
        owned(
          startBuildkit(options, { dir: join(dir, `buildkit-${options.name}`), env, trust: await trust(), authority }),
        ),
      ),
    docker: () =>
      once("docker", async () =>
        owned(startDocker({ dir: join(dir, "docker"), bridge: basename(dir), env, trust: await trust() })),
      ),
    buildah: () =>
      once("buildah", async () => {
        const buildah = await owned(
          setUpBuildah({ dir: join(dir, "buildah"), env: { ...env, SSL_CERT_FILE: await trust() } }),
        );
        await buildah.allowHttp(plainHosts);
        return buildah;
      }),
    podman: () =>
      once("podman", async () => owned(startPodman({ dir: join(dir, "podman"), buildah: await bed.buildah() }))),
    async base(name, into) {
      const registry = into ?? (await bed.registry());
      return once(`base ${name} ${registry.host}`, async () => {
        const base = await baseLayout(name, log, signal);
        await pushLayout(base, registry.url, `library/${name}`);
        const repository = `${registry.host}/library/${name}`;
        return { ...base, repository, reference: `${repository}:${base.tags[0]?.tag ?? "latest"}` };
      });
    },
    stop: () =>
      once("stop", async () => {
        await Promise.allSettled(
          started
            .entries()
            .filter(([name]) => name !== "stop")
            .map(([, member]) => member),
        );
        const results = await Promise.allSettled(stops.reverse().map((stop) => stop()));
        await cleanUp(dir);
        const failed = results.find((result) => result.status === "rejected");
        if (failed !== undefined) throw failed.reason;
      }),
    [Symbol.asyncDispose]: () => bed.stop(),
  };
  return bed;
}

/** Sockets have names of at most 107 bytes: under a long TMPDIR the bed lies in /tmp all the same. */
async function temporaryFolder(): Promise<string> {
  const folder = await realpath(tmpdir());
  return folder.length <= 40 ? folder : "/tmp";
}

/** Links all programs of Go modules, built or not yet, into one folder. */
async function linkPrograms(dir: string): Promise<string> {
  const folder = join(dir, "bin");
  await mkdir(folder);
  for (const module of goModuleNames) {
    const built = await goProgramFolder(module);
    for (const program of programsOf(module)) await symlink(join(built, program), join(folder, program));
  }
  return folder;
}

/** Makes an empty configuration for Docker's client, with buildx, and gives the folder of its plugins. */
async function makeDockerConfig(dir: string): Promise<string> {
  const plugins = join(dir, "docker-config", "cli-plugins");
  await mkdir(plugins, { recursive: true });
  // Without this file podman, buildah and skopeo fail when DOCKER_CONFIG is set.
  await writeFile(join(dir, "docker-config", "config.json"), "{}\n");
  await symlink(join(dir, "bin", "docker-buildx"), join(plugins, "docker-buildx"));
  return plugins;
}

function makeEnvironment(programs: string, dockerConfig: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: [programs, process.env["PATH"] ?? ""].join(delimiter),
    DOCKER_CONFIG: dockerConfig,
  };
  for (const name of ["DOCKER_HOST", "DOCKER_CONTEXT", "BUILDKIT_HOST", "BUILDX_BUILDER", "REGISTRY_AUTH_FILE"])
    delete env[name];
  return env;
}

/** The system's certificates and the bed's authority, for engines. */
async function makeTrust(dir: string, authority: () => Promise<Certificate>): Promise<string> {
  const known = await readFile("/etc/ssl/certs/ca-certificates.crt", "utf8");
  const file = join(dir, "trust.pem");
  await writeFile(file, `${known}\n${await readFile((await authority()).cert, "utf8")}`);
  return file;
}
