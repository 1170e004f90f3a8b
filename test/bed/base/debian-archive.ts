/** Debian's archive as a source of files for any architecture, without installing anything on this machine. */
import { existsSync } from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ArchwayError } from "../../../src/error/error.ts";
import { cacheFolder, lock } from "../cache-folder.ts";
import { run } from "../command.ts";
import { distribution, updateLists } from "../debian-packages.ts";
import type { Log } from "../log.ts";

/** Debian's architectures that the bed takes files of, and their platforms. */
export const platformOf = {
  amd64: { os: "linux", architecture: "amd64" },
  arm64: { os: "linux", architecture: "arm64" },
  armel: { os: "linux", architecture: "arm", variant: "v5" },
  armhf: { os: "linux", architecture: "arm", variant: "v7" },
} as const;

/** Debian's name of an architecture. */
export type DebianArchitecture = keyof typeof platformOf;

/** A package file of the archive, fetched. */
export interface PackageFile {
  /** `libc6` or, for another architecture than the one asked for, `libc6:armhf`. */
  readonly name: string;
  readonly file: string;
}

/** An apt of its own for one architecture: its lists, its archive of package files, and nothing installed. */
export interface DebianArchive {
  readonly architecture: DebianArchitecture;
  /** Code name of the release, for example `bookworm`. */
  readonly release: string;
  /** Packages with all they depend on, but without what is recommended or essential. */
  resolve(packages: readonly string[]): Promise<PackageFile[]>;
  /** Only these packages. */
  fetch(packages: readonly string[]): Promise<PackageFile[]>;
}

/** What is missing to make base images; undefined when nothing is. */
export async function whyNoArchive(): Promise<string | undefined> {
  const id = await distribution();
  return id === "debian" ? undefined : `base images are made from Debian's packages, and this is ${id}`;
}

/**
 * Opens the archive that this machine's own apt uses, for another architecture. Package lists are fetched when there are none or
 * they are older than a day. `foreign` are architectures whose packages may be asked for besides (`libc6:armhf`).
 */
export async function openArchive(
  architecture: DebianArchitecture,
  foreign: readonly DebianArchitecture[],
  log: Log,
  signal?: AbortSignal,
): Promise<DebianArchive> {
  const architectures = [architecture, ...foreign];
  const dir = cacheFolder("debian", architectures.join("+"));
  const config = join(dir, "apt.conf");
  const apt = (args: readonly string[]) =>
    run("apt-get", ["-c", config, "-q", "-y", ...args], { signal, cwd: join(dir, "archives") });
  const { sources, release } = await debianSources(log, signal);
  await mkdir(join(dir, "archives", "partial"), { recursive: true });
  await mkdir(join(dir, "lists", "partial"), { recursive: true });
  await using _ = await lock(join(dir, "lock"));
  await writeFile(join(dir, "sources.list"), sources);
  await writeFile(join(dir, "status"), "");
  await writeFile(config, aptConfig(dir, architectures));
  const stamp = join(dir, "updated");
  if (!existsSync(stamp) || Date.now() - (await stat(stamp)).mtimeMs > 24 * 3600 * 1000) {
    log(`fetching Debian's package lists for ${architectures.join(", ")} …`);
    await updateOwnLists(apt, dir, log);
    await writeFile(stamp, "");
  }

  const fileOf = async (name: string, version: string, arch: string): Promise<PackageFile> => {
    const file = join(dir, "archives", `${name.split(":")[0]}_${version.replaceAll(":", "%3a")}_${arch}.deb`);
    if (existsSync(file)) return { name, file };
    const there = (await readdir(join(dir, "archives"))).join(", ");
    throw new ArchwayError({
      code: "BED_PACKAGE_NOT_FETCHED",
      kind: "failed",
      message: `apt-get did not fetch ${file}: ${there}`,
    });
  };
  return {
    architecture,
    release,
    async resolve(packages) {
      await using _ = await lock(join(dir, "lock"));
      // "Inst libc6 (2.36-9+deb12u10 Debian:12.11/stable [arm64]) []"
      const plan = await apt(["--simulate", "install", ...packages]);
      await apt(["--download-only", "install", ...packages]);
      const lines = [...plan.matchAll(/^Inst (\S+) \((\S+) .*\[(\w+)\]\)/gm)];
      return Promise.all(lines.map(([, name = "", version = "", arch = ""]) => fileOf(name, version, arch)));
    },
    async fetch(packages) {
      await using _ = await lock(join(dir, "lock"));
      const files: PackageFile[] = [];
      for (const name of packages) {
        const shown = await run("apt-cache", ["-c", config, "show", "--no-all-versions", name], { signal });
        const field = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(shown)?.[1] ?? "";
        await apt(["download", name]);
        files.push(await fileOf(name, field("Version"), field("Architecture")));
      }
      return files;
    },
  };
}

/** A mirror in the middle of its own update refuses single lists: apt keeps the others, and packages are looked for in those. */
async function updateOwnLists(apt: (args: readonly string[]) => Promise<string>, dir: string, log: Log): Promise<void> {
  try {
    await apt(["-o", "Acquire::Retries=2", "update"]);
  } catch (error) {
    const lists = (await readdir(join(dir, "lists"))).filter((name) => name.includes("_Packages"));
    if (lists.length === 0) throw error;
    const [why] = /^E: Failed to fetch.*$/m.exec(error instanceof Error ? error.message : "") ?? ["some lists failed"];
    log(`going on with ${lists.length} package lists (${why})`);
  }
}

/** This machine's apt sources that are Debian's own: whatever mirror they name carries every architecture. */
async function debianSources(log: Log, signal?: AbortSignal): Promise<{ sources: string; release: string }> {
  if (process.getuid?.() === 0) await updateLists(log, signal);
  const format = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(CODENAME)";
  const targets = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], { signal });
  const debian = targets
    .split("\n")
    .map((line) => line.split("|"))
    .filter(([origin]) => origin === "Debian");
  const keys = ["gpg", "pgp"].map((type) => `/usr/share/keyrings/debian-archive-keyring.${type}`).find(existsSync);
  const options = keys === undefined ? "" : `[signed-by=${keys}] `;
  const lines = debian.map(
    ([, uri = "", release = "", component = ""]) => `deb ${options}${uri} ${release} ${component}\n`,
  );
  const release = debian[0]?.[4]?.replace(/-.*/, "");
  if (release !== undefined) return { sources: [...new Set(lines)].join(""), release };
  throw new ArchwayError({
    code: "BED_NO_DEBIAN_SOURCES",
    kind: "failed",
    message: "apt knows no package lists of Debian",
    hint: "run `apt-get update` as root, then repeat",
  });
}

function aptConfig(dir: string, architectures: readonly string[]): string {
  const list = architectures.map((name) => `"${name}";`).join(" ");
  return `#clear APT::Architectures;
APT::Architecture "${architectures[0]}";
APT::Architectures { ${list} };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::State "${dir}";
Dir::State::lists "${dir}/lists";
Dir::State::status "${dir}/status";
Dir::Cache "${dir}";
Dir::Cache::archives "${dir}/archives";
Dir::Etc::sourcelist "${dir}/sources.list";
Dir::Etc::sourceparts "-";
`;
}
