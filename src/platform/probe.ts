import { access, open, readdir } from "node:fs/promises";
import { arch, endianness, machine, platform, release, type } from "node:os";
import { join } from "node:path";
import { readElfIdentity } from "./architecture.ts";
import { runTinyPrograms } from "./execution.ts";
import { processPlatform } from "./host.ts";
import type { Binfmt, BinfmtEntry, MachineFacts } from "./machine.ts";
import { machineArchitecture } from "./programs.ts";
import { tinyProgramArchitectures } from "./tiny-program.ts";

const binfmtFolder = "/proc/sys/fs/binfmt_misc";

type Environment = Readonly<Record<string, string | undefined>>;

/** Most bytes of /proc/cpuinfo that are read: the first processor is enough, and servers describe hundreds. */
const cpuinfoLimit = 64 * 1024;

/** Most entries of binfmt_misc that are read, and most bytes of each. */
const entryLimit = 256;
const entrySizeLimit = 4096;

/**
 * Asks this machine for everything that `describeHost` needs, all questions side by side: some tens of milliseconds. What a
 * machine does not have or not allow to read is left out of the answer; only cancelling throws.
 *
 * @param only architectures that are asked about; the machine's own is always among them. Each takes a process.
 */
export async function probeMachine(
  signal: AbortSignal,
  env: Environment = process.env,
  only: readonly string[] = tinyProgramArchitectures,
): Promise<MachineFacts> {
  const system = platform();
  const linux = system === "linux";
  const thisProcess: MachineFacts["process"] = {
    architecture: arch(),
    endian: endianness() === "LE" ? "little" : "big",
  };
  const own = [processPlatform({ system, process: thisProcess }).architecture, machineArchitecture(machine())];
  const asked = tinyProgramArchitectures.filter((one) => only.includes(one) || own.includes(one));
  const [shell, cpuinfo, executions, binfmt] = await Promise.all([
    linux ? readHead("/bin/sh", 64) : undefined,
    linux ? readHead("/proc/cpuinfo", cpuinfoLimit) : undefined,
    linux ? runTinyPrograms(programFolders(env), signal, asked) : { programs: {} },
    linux ? readBinfmt() : ({ state: "hidden", entries: [] } as const),
  ]);
  const elf = shell && readElfIdentity(shell);
  return {
    system,
    kernelName: type(),
    kernelRelease: release(),
    machine: machine(),
    process: thisProcess,
    ...(elf ? { shell: elf } : {}),
    cpuinfo: cpuinfo?.toString("utf8") ?? "",
    executions,
    binfmt,
  };
}

/** Where test programs may be put for a moment: the first may be mounted `noexec`. A user without a home has no more. */
function programFolders(env: Environment): string[] {
  const home = env["HOME"];
  const homes = home === undefined ? [] : [env["XDG_CACHE_HOME"] ?? join(home, ".cache"), home];
  return [env["TMPDIR"] ?? "/tmp", ...homes];
}

async function readBinfmt(): Promise<Binfmt> {
  // Listing the folder also makes systemd mount it.
  const names = await readdir(binfmtFolder).catch(() => []);
  const status = await readHead(join(binfmtFolder, "status"), entrySizeLimit);
  if (status === undefined) return { state: "hidden", entries: [] };
  const entries = await Promise.all(
    names
      .filter((name) => name !== "status" && name !== "register")
      .slice(0, entryLimit)
      .map(readEntry),
  );
  return {
    state: status.toString("utf8").trim() === "disabled" ? "disabled" : "enabled",
    entries: entries.filter((entry) => entry !== undefined),
  };
}

async function readEntry(name: string): Promise<BinfmtEntry | undefined> {
  const text = (await readHead(join(binfmtFolder, name), entrySizeLimit))?.toString("utf8");
  if (text === undefined) return undefined;
  const interpreter = /^interpreter (.*)$/m.exec(text)?.[1] ?? "";
  const interpreterExists = await access(interpreter).then(
    () => true,
    () => false,
  );
  return { name, text, interpreterExists };
}

/** The first bytes of a file, or `undefined` when it is missing or may not be read. */
async function readHead(path: string, limit: number): Promise<Buffer | undefined> {
  let file;
  try {
    file = await open(path);
    const head = Buffer.alloc(limit);
    let length = 0;
    // Files of /proc come in pieces.
    for (;;) {
      const { bytesRead } = await file.read(head, length, limit - length);
      length += bytesRead;
      if (bytesRead === 0 || length === limit) return head.subarray(0, length);
    }
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}
