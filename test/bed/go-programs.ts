/**
 * The programs that Debian 12 lacks or has too old, built by the Go tool-chain from pinned modules: one small module of our own
 * per group, `engines/NAME/go.mod`, whose `tool` lines name the packages. All ask for the same Go, so that what they share is
 * compiled once.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { run } from "./command.ts";
import { cacheFolder, makeOnce } from "./cache-folder.ts";
import { findGo, type GoToolchain } from "./go-toolchain.ts";
import type { Log } from "./log.ts";

/** Module (folder of `engines/`) → the programs it gives, with the Go package of each, and how it is built. */
const modules = {
  buildkit: {
    programs: {
      buildkitd: "github.com/moby/buildkit/cmd/buildkitd",
      buildctl: "github.com/moby/buildkit/cmd/buildctl",
    },
    versions: { "github.com/moby/buildkit": "version.Version" },
  },
  registry: {
    programs: { registry: "github.com/distribution/distribution/v3/cmd/registry" },
    versions: { "github.com/distribution/distribution/v3": "version.version" },
  },
  crane: { programs: { crane: "github.com/google/go-containerregistry/cmd/crane" } },
  regctl: { programs: { regctl: "github.com/regclient/regclient/cmd/regctl" } },
  // Debian's runc 1.1 fails with this dockerd: `namespace {"time" ""} does not exist`. Seccomp profiles need libseccomp through cgo.
  runc: { programs: { runc: "github.com/opencontainers/runc" }, cgo: true, tags: "seccomp" },
  "docker-client": {
    programs: {
      docker: "github.com/docker/cli/cmd/docker",
      "docker-buildx": "github.com/docker/buildx/cmd/buildx",
    },
    versions: { "github.com/docker/cli": "cli/version.Version", "github.com/docker/buildx": "version.Version" },
  },
  moby: {
    programs: {
      dockerd: "github.com/moby/moby/v2/cmd/dockerd",
      containerd: "github.com/containerd/containerd/v2/cmd/containerd",
      "containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
      ctr: "github.com/containerd/containerd/v2/cmd/ctr",
    },
    versions: {
      "github.com/moby/moby/v2": "dockerversion.Version",
      "github.com/containerd/containerd/v2": "version.Version",
    },
  },
} as const satisfies Record<string, GoModule>;

interface GoModule {
  /** Name of the file → Go package. */
  readonly programs: Readonly<Record<string, string>>;
  /** Needs a C compiler; the others are built without, so that they are static and run anywhere. */
  readonly cgo?: boolean;
  readonly tags?: string;
  /** Module → the variable in it that says the version; a release's own build sets it in this way. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** A folder of `engines/`. */
export type GoModuleName = keyof typeof modules;

/** In the order in which they are built: what most tests need comes first. */
export const goModuleNames = ["registry", "runc", "buildkit", "crane", "regctl", "docker-client", "moby"] as const;

/** The names of the programs that a module gives. */
export function programsOf(name: GoModuleName): string[] {
  return Object.keys(modules[name].programs);
}

/** The folder with a module's programs: named after the hash of its go.sum and flags. It exists when they are built. */
export async function goProgramFolder(name: GoModuleName): Promise<string> {
  const folder = join(import.meta.dirname, "engines", name);
  const hash = createHash("sha256");
  const goMod = await readFile(join(folder, "go.mod"), "utf8");
  hash.update(goMod).update(await readFile(join(folder, "go.sum")));
  hash.update(JSON.stringify([modules[name], buildFlags(modules[name], goMod)]));
  return cacheFolder("programs", `${name}-${hash.digest("hex").slice(0, 16)}`);
}

/** Whether a module's programs are there. */
export async function isBuilt(name: GoModuleName): Promise<boolean> {
  return existsSync(await goProgramFolder(name));
}

/**
 * Builds the programs of the modules that are not in the cache yet, one after another (each uses all processors by itself), and
 * says what, how far, and how long. Safe to repeat, and to run twice at once. Throws `BED_GO_MISSING` when there is no tool-chain
 * and none can be had, `BED_COMMAND_FAILED` when a build failed, after the others.
 */
export async function buildGoPrograms(names: readonly GoModuleName[], log: Log, signal?: AbortSignal): Promise<void> {
  const missing: GoModuleName[] = [];
  for (const name of goModuleNames) if (names.includes(name) && !(await isBuilt(name))) missing.push(name);
  if (missing.length === 0) return;
  const go = await findGo(log, signal);
  const failures: unknown[] = [];
  for (const [index, name] of missing.entries()) {
    const what = programsOf(name).join(", ");
    const started = Date.now();
    log(`building ${what} from Go modules (${index + 1} of ${missing.length}) …`);
    try {
      await makeOnce(await goProgramFolder(name), (folder) => build(name, go, folder, signal));
      log(`  ${what}: ${Math.round((Date.now() - started) / 1000)} s`);
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function build(name: GoModuleName, go: GoToolchain, folder: string, signal?: AbortSignal): Promise<void> {
  const module: GoModule = modules[name];
  const goMod = await readFile(join(import.meta.dirname, "engines", name, "go.mod"), "utf8");
  for (const [program, pkg] of Object.entries(module.programs)) {
    await run(go.program, ["build", ...buildFlags(module, goMod), "-o", join(folder, basename(program)), pkg], {
      cwd: join(import.meta.dirname, "engines", name),
      env: { ...go.env, CGO_ENABLED: module.cgo ? "1" : "0" },
      signal,
    });
  }
}

function buildFlags(module: GoModule, goMod: string): string[] {
  const versions = Object.entries(module.versions ?? {}).map(([path, variable]) => {
    const version = goMod.split(/\s+/).at(goMod.split(/\s+/).indexOf(path) + 1) ?? "";
    return `-X ${path}/${variable}=${version.replace(/^v|\+incompatible$/g, "")}`;
  });
  return [
    "-trimpath",
    "-buildvcs=false",
    `-ldflags=${["-s -w", ...versions].join(" ")}`,
    ...(module.tags === undefined ? [] : [`-tags=${module.tags}`]),
  ];
}
