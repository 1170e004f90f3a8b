/** What the bed takes from the distribution, and how it gets it. */
import { existsSync, globSync, readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { ArchwayError } from "../../src/error/error.ts";
import { lock } from "./cache-folder.ts";
import { run } from "./command.ts";
import { findProgram } from "./go-toolchain.ts";
import type { Log } from "./log.ts";

/** Package of Debian → a file by which it is known to be there (a pattern, or a name to look for in PATH), and what needs it. */
export const debianPackages = {
  buildah: { file: "buildah", why: "the engine Buildah" },
  runc: { file: "runc", why: "runs the steps of Buildah and Podman" },
  "docker-registry": { file: "docker-registry", why: "a registry of the 2.8 line" },
  "qemu-user-static": { file: "/usr/lib/binfmt.d/qemu-aarch64.conf", why: "runs programs of other architectures" },
  podman: { file: "podman", why: "runs images, serves Docker's API" },
  skopeo: { file: "skopeo", why: "an independent reader and copier of images" },
  umoci: { file: "umoci", why: "an independent unpacker of images" },
  file: { file: "file", why: "tells the architecture of unpacked files, as people do it by hand" },
  time: { file: "/usr/bin/time", why: "measures processor time and memory in benchmarks" },
  iptables: { file: "iptables", why: "dockerd looks for it" },
  iproute2: { file: "ip", why: "makes the bridge of dockerd's containers" },
  openssl: { file: "openssl", why: "makes certificates for TLS and tokens" },
  "apache2-utils": { file: "htpasswd", why: "makes the password file of the registry with basic auth (bcrypt)" },
  "ca-certificates": {
    file: "/etc/ssl/certs/ca-certificates.crt",
    why: "engines trust the bed's authority beside the known ones",
  },
  make: { file: "make", why: "builds as a Makefile says" },
  gcc: { file: "gcc", why: "compiles runc, and programs that tests read" },
  "gcc-aarch64-linux-gnu": { file: "aarch64-linux-gnu-gcc", why: "compiles programs for arm64 that tests read" },
  "gcc-arm-linux-gnueabihf": { file: "arm-linux-gnueabihf-gcc", why: "compiles programs for arm/v7 that tests read" },
  "gcc-arm-linux-gnueabi": { file: "arm-linux-gnueabi-gcc", why: "compiles programs for arm/v5 that tests read" },
  "libc6-dev-arm64-cross": { file: "/usr/aarch64-linux-gnu/include/stdio.h", why: "headers and libraries for arm64" },
  "libc6-dev-armhf-cross": {
    file: "/usr/arm-linux-gnueabihf/include/stdio.h",
    why: "headers and libraries for arm/v7",
  },
  "libc6-dev-armel-cross": { file: "/usr/arm-linux-gnueabi/include/stdio.h", why: "headers and libraries for arm/v5" },
  "gcc-riscv64-linux-gnu": { file: "riscv64-linux-gnu-gcc", why: "compiles libraries for riscv64 that tests read" },
  "gcc-powerpc64le-linux-gnu": {
    file: "powerpc64le-linux-gnu-gcc",
    why: "compiles libraries for ppc64le that tests read",
  },
  "musl-tools": { file: "musl-gcc", why: "compiles programs with musl that tests read" },
  "libc6-dev": { file: "/usr/include/stdio.h", why: "compiles runc" },
  "pkg-config": { file: "pkg-config", why: "finds libseccomp for runc" },
  "libseccomp-dev": { file: "/usr/include/seccomp.h", why: "seccomp profiles in runc" },
  "python3-venv": { file: "/usr/lib/python3*/ensurepip", why: "gets the Go tool-chain from PyPI" },
  rpm: { file: "rpmbuild", why: "makes and installs packages whose database tests read" },
  "db5.3-util": { file: "db5.3_load", why: "writes databases as RPM had them before SQLite" },
  git: { file: "git", why: "contexts from Git" },
  "git-lfs": { file: "git-lfs", why: "large files of Git repositories" },
  "btrfs-progs": { file: "mkfs.btrfs", why: "makes a file system on which copies share blocks" },
  xfsprogs: { file: "mkfs.xfs", why: "makes another such file system" },
  "libarchive-tools": { file: "bsdtar", why: "writes sparse archives of its own kind that tests read" },
  "openssh-server": { file: "/usr/sbin/sshd", why: "the way to engines of other machines" },
  "openssh-client": { file: "ssh", why: "the way to engines of other machines" },
} as const satisfies Record<string, DebianPackage>;

interface DebianPackage {
  readonly file: string;
  readonly why: string;
}

/** A package that the bed knows. */
export type DebianPackageName = keyof typeof debianPackages;

/** The packages of a list whose file is not there. */
export function missingPackages(names: readonly DebianPackageName[]): DebianPackageName[] {
  return names.filter((name) => {
    const { file } = debianPackages[name];
    return file.startsWith("/") ? globSync(file).length === 0 : findProgram(file) === undefined;
  });
}

/** Why packages cannot be installed here: no root, or a distribution without apt; undefined when they can. */
function whyNotInstall(): string | undefined {
  if (findProgram("apt-get") === undefined) return "this is no Debian (there is no apt-get)";
  if (process.getuid?.() !== 0) return "only root may install packages";
  return undefined;
}

/** The line that a person types to get packages. */
export function installHint(names: readonly string[]): string {
  return findProgram("apt-get") === undefined
    ? `install what Debian calls ${names.join(" ")} with your package manager`
    : `apt-get install --no-install-recommends ${names.join(" ")}`;
}

/**
 * Installs the packages that are missing, with `apt-get` and without recommended ones, saying which. Safe to repeat.
 * Throws `BED_PACKAGES_MISSING`, naming them and how to get them, where it may not install.
 */
export async function installPackages(
  names: readonly DebianPackageName[],
  log: Log,
  signal?: AbortSignal,
): Promise<void> {
  if (missingPackages(names).length === 0) return;
  const obstacle = whyNotInstall();
  if (obstacle !== undefined) throw packagesMissing(missingPackages(names), obstacle);
  await using _ = await lock("/run/lock/archway-bed-apt.lock");
  const missing = missingPackages(names);
  if (missing.length === 0) return;
  await updateLists(log, signal);
  log(`installing from Debian: ${missing.map((name) => `${name} (${debianPackages[name].why})`).join(", ")} …`);
  const started = Date.now();
  const args = ["-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "install", ...missing];
  await run("apt-get", args, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, signal });
  log(`  installed: ${Math.round((Date.now() - started) / 1000)} s`);
  const still = missingPackages(missing);
  if (still.length > 0) throw packagesMissing(still, "apt-get installed them, but their files are not there");
}

/** Fetches the package lists when there are none or they are older than a day (a mirror drops versions that were replaced). */
export async function updateLists(log: Log, signal?: AbortSignal): Promise<void> {
  const folder = "/var/lib/apt/lists";
  const day = 24 * 3600 * 1000;
  const fresh = (name: string) => Date.now() - statSync(`${folder}/${name}`).ctimeMs < day;
  const lists = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith("Release")) : [];
  if (lists.some(fresh)) return;
  log("fetching Debian's package lists …");
  await run("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", "update"], { signal });
}

/** The value of `ID` in /etc/os-release: `debian`, `ubuntu`, … */
export async function distribution(): Promise<string> {
  if (!existsSync("/etc/os-release")) return "unknown";
  return /^ID="?([^"\n]+)/m.exec(await readFile("/etc/os-release", "utf8"))?.[1] ?? "unknown";
}

function packagesMissing(names: readonly string[], reason: string): ArchwayError {
  return new ArchwayError({
    code: "BED_PACKAGES_MISSING",
    kind: "failed",
    message: `missing: ${names.join(", ")}; ${reason}`,
    hint: installHint(names),
  });
}
