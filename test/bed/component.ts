/** The parts of the bed, what each needs from this machine, and whether it is there. */
import { ArchwayError } from "../../src/error/error.ts";
import { whyNoArchive } from "./base/debian-archive.ts";
import { installHint, installPackages, missingPackages, type DebianPackageName } from "./debian-packages.ts";
import { registerEmulators, whyNotEmulated } from "./emulators.ts";
import { buildGoPrograms, isBuilt, programsOf, type GoModuleName } from "./go-programs.ts";
import { canFetchGo, hasGo } from "./go-toolchain.ts";
import type { Log } from "./log.ts";

interface Needs {
  readonly packages?: readonly DebianPackageName[];
  readonly modules?: readonly GoModuleName[];
  readonly root?: boolean;
  /** What else is missing; undefined when nothing is. */
  readonly obstacle?: () => Promise<string | undefined>;
}

const needs = {
  registry: { modules: ["registry"] },
  "registry-debian": { packages: ["docker-registry"] },
  "registry-basic": { modules: ["registry"], packages: ["apache2-utils"] },
  "registry-token": { modules: ["registry"], packages: ["openssl"] },
  "registry-tls": { modules: ["registry"], packages: ["openssl"] },
  buildkit: { modules: ["runc", "buildkit"], packages: ["openssl", "ca-certificates", "git"], root: true },
  docker: {
    modules: ["runc", "docker-client", "moby"],
    packages: ["openssl", "ca-certificates", "iptables", "iproute2", "git"],
    root: true,
  },
  buildah: { packages: ["buildah", "runc", "openssl", "ca-certificates"], root: true },
  podman: { packages: ["podman", "runc", "openssl", "ca-certificates"], root: true },
  /** Emulators registered with the kernel for linux/arm64 and linux/arm/v7 (on an ARM machine: linux/amd64). */
  qemu: { packages: ["qemu-user-static"], obstacle: async () => whyNotEmulated() },
  /** Base images. */
  bases: { obstacle: whyNoArchive },
  /** For the tests that read real programs of several kinds. */
  compilers: {
    packages: [
      "gcc",
      "libc6-dev",
      "gcc-aarch64-linux-gnu",
      "gcc-arm-linux-gnueabihf",
      "gcc-arm-linux-gnueabi",
      "libc6-dev-arm64-cross",
      "libc6-dev-armhf-cross",
      "libc6-dev-armel-cross",
      "gcc-riscv64-linux-gnu",
      "gcc-powerpc64le-linux-gnu",
      "musl-tools",
    ],
  },
  /** For the tests that build as a Makefile says. */
  make: { packages: ["make"] },
  /** For the tests that read databases of RPM. */
  rpm: { packages: ["rpm", "db5.3-util"] },
  /** For the tests of large files in Git, of file systems that share blocks, and of the archives of bsdtar. */
  "git-lfs": { packages: ["git-lfs"] },
  "file-systems": { packages: ["btrfs-progs", "xfsprogs"] },
  bsdtar: { packages: ["libarchive-tools"] },
  /** OpenSSH's server, for engines of other machines. */
  ssh: { packages: ["openssh-server", "openssh-client"] },
  skopeo: { packages: ["skopeo"] },
  umoci: { packages: ["umoci"] },
  /** What people prove an image with by hand, and what measures them. */
  "proof-by-hand": { packages: ["skopeo", "umoci", "file", "time"] },
  crane: { modules: ["crane"] },
  regctl: { modules: ["regctl"] },
} as const satisfies Record<string, Needs>;

/** A part of the bed that tests can ask for. */
export type Component = keyof typeof needs;

export const components = Object.keys(needs).filter(isComponent);

/** Whether a word names a component. */
export function isComponent(word: string): word is Component {
  return word in needs;
}

/** What the demo needs: the quickest real engine. */
export const demoComponents: readonly Component[] = ["registry-debian", "buildah", "qemu", "bases"];

/**
 * Why one of the components cannot be used as things are, in one line, or false when all can: made for `test(…, { skip })`. It looks
 * only and installs nothing: {@link prepare} does.
 */
export async function unavailable(...wanted: readonly Component[]): Promise<string | false> {
  for (const component of wanted) {
    const reason = await obstacle(component);
    if (reason !== undefined) return `needs ${component}: ${reason}`;
  }
  return false;
}

/**
 * Installs, builds and registers what components lack, saying what and how far it is; safe to repeat. Where it may not install, it
 * says exactly what is missing and how to get it, and does the rest.
 *
 * @returns the components that stay unavailable, each with the reason
 */
export async function prepare(
  wanted: readonly Component[],
  log: Log,
  signal?: AbortSignal,
): Promise<ReadonlyMap<Component, string>> {
  const all = wanted.map((component): Needs => needs[component]);
  const modules = await unbuilt(all.flatMap(({ modules = [] }) => modules));
  const packages = new Set<DebianPackageName>(all.flatMap(({ packages = [] }) => packages));
  for (const name of await packagesToBuild(modules)) packages.add(name);
  // What is registered needs no package: another program brought the emulator.
  if (whyNotEmulated() === undefined) packages.delete("qemu-user-static");

  const missing = missingPackages([...packages]);
  await attempt(() => installPackages(missing, log, signal), log, signal);
  const buildable: GoModuleName[] = [];
  for (const name of modules) {
    if (missingPackages(await packagesToBuild([name])).length === 0) buildable.push(name);
  }
  await attempt(() => buildGoPrograms(buildable, log, signal), log, signal);
  if (wanted.includes("qemu") && whyNotEmulated() !== undefined && isRoot()) await registerEmulators(log, signal);

  const remaining = new Map<Component, string>();
  for (const component of wanted) {
    const reason = await obstacle(component);
    if (reason === undefined) continue;
    remaining.set(component, reason);
    log(`not available: ${component}: ${reason}`);
  }
  return remaining;
}

/** What fails here is said at once, and again with each component that lacks it; the others go on. */
async function attempt(work: () => Promise<void>, log: Log, signal?: AbortSignal): Promise<void> {
  try {
    await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ArchwayError)) throw error;
    log([error.message, ...(error.hint === undefined ? [] : [`to get it: ${error.hint}`])].join("; "));
  }
}

async function obstacle(component: Component): Promise<string | undefined> {
  const { packages = [], modules = [], root = false, obstacle }: Needs = needs[component];
  if (root && !isRoot()) return "only root can start it";
  const other = await obstacle?.();
  if (component === "qemu") return other;
  const missing = missingPackages(packages);
  if (missing.length > 0) return `missing ${missing.join(", ")}; ${installHint(missing)}`;
  const programs = (await unbuilt(modules)).flatMap(programsOf);
  if (programs.length > 0) return `${programs.join(", ")} not built; npm run bed -- --prepare ${component}`;
  return other;
}

async function unbuilt(modules: readonly GoModuleName[]): Promise<GoModuleName[]> {
  const built = await Promise.all(modules.map(isBuilt));
  return [...new Set(modules.filter((_, index) => !built[index]))];
}

/** What building modules takes besides Go modules. */
async function packagesToBuild(modules: readonly GoModuleName[]): Promise<DebianPackageName[]> {
  const compiler: DebianPackageName[] = modules.includes("runc")
    ? ["gcc", "libc6-dev", "pkg-config", "libseccomp-dev"]
    : [];
  const python: DebianPackageName[] = ["python3-venv"];
  const fetchesGo = modules.length > 0 && !(await hasGo());
  return fetchesGo && !(await canFetchGo()) ? [...compiler, ...python] : compiler;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
