import { architectureOfElf, readElfIdentity } from "../../platform/architecture.ts";
import { ArchiveCapture, isArchive } from "../../verify/layer/archive-capture.ts";
import type { ForeignProgram } from "../../verify/layer/facts.ts";
import { isForeignProgram, ProgramCapture } from "../../verify/layer/program-capture.ts";
import { mayHoldCode } from "../../verify/packages/may-hold-code.ts";
import { readArMembers } from "./ar-archive.ts";
import { debianArchitecture, rpmArchitecture, wheelArchitectures } from "./package-file.ts";

/** What kind of file holds machine code. */
export type BinaryFormat = "elf" | "mach-o" | "pe" | "static library" | "deb" | "rpm" | "wheel" | "archive";

/** A machine that a file has code for: system and architecture in OCI's names. */
export interface CodeFor {
  readonly os: string;
  readonly architecture: string;
}

/** What a file with machine code is for. */
export interface BinaryIdentity {
  readonly format: BinaryFormat;
  /** The machines that it has code for, several in a universal file or an archive; never empty. */
  readonly machines: readonly CodeFor[];
}

/** Reads the first bytes of a file; fewer when it is shorter. */
export type ReadHead = (bytes: number) => Uint8Array | undefined;

/** Enough for the headers of programs, and for the first members of most packages. */
const headBytes = 4096;

/** How much of a package or library is read: its control part stands in front. */
const packageBytes = 4 * 1024 * 1024;

/** How much of a jar or wheel is read. */
const archiveBytes = 64 * 1024 * 1024;

/** `e_ident[EI_OSABI]` of systems other than Linux (`<elf.h>`). */
const elfSystems: ReadonlyMap<number, string> = new Map([
  [2, "netbsd"],
  [6, "solaris"],
  [7, "aix"],
  [9, "freebsd"],
  [12, "openbsd"],
]);

/**
 * What machines a file has code for, by its bytes: programs and libraries of Linux (ELF), macOS and Windows, static libraries, packages of Debian
 * and RPM, wheels and jars. Undefined for files without machine code, and for processors that have no container images. Never throws.
 */
export function identifyBinary(path: string, read: ReadHead): BinaryIdentity | undefined {
  // Texts and pictures are known by their names: most files of a repository are never opened for this.
  if (!mayHoldCode(`/${path}`) && !packageEnding.test(path)) return undefined;
  const head = read(headBytes);
  if (head === undefined || head.length < 8) return undefined;
  const elf = elfMachine(head);
  if (elf !== undefined) return identity("elf", [elf]);
  if (isForeignProgram(head)) return foreignProgram(head);
  const start = Buffer.from(head.subarray(0, 8)).toString("latin1");
  if (start === "!<arch>\n") return identifyAr(path, read);
  if (start.startsWith("\xed\xab\xee\xdb")) {
    return packageIdentity("rpm", path.endsWith(".src.rpm") ? undefined : rpmArchitecture(read(packageBytes)));
  }
  if (!isArchive(head, path)) return undefined;
  if (path.endsWith(".whl")) return identity("wheel", wheelArchitectures(path));
  return identifyArchive(read);
}

const packageEnding = /\.(?:deb|rpm|a|lib)$/i;

function identity(format: BinaryFormat, machines: readonly CodeFor[]): BinaryIdentity | undefined {
  const all = new Map(machines.map((machine) => [`${machine.os}/${machine.architecture}`, machine]));
  return all.size === 0 ? undefined : { format, machines: [...all.values()] };
}

function packageIdentity(format: "deb" | "rpm", architecture: string | undefined): BinaryIdentity | undefined {
  return architecture === undefined ? undefined : identity(format, [{ os: "linux", architecture }]);
}

function elfMachine(head: Uint8Array): CodeFor | undefined {
  const elf = readElfIdentity(head);
  const architecture = elf && architectureOfElf(elf);
  return architecture === undefined ? undefined : { os: elfSystems.get(head[7] ?? 0) ?? "linux", architecture };
}

function foreignProgram(head: Uint8Array): BinaryIdentity | undefined {
  const capture = new ProgramCapture();
  capture.start(head.length);
  capture.write(head);
  const program = capture.finish();
  return program === undefined ? undefined : identity(program.format, machinesOf(program));
}

function machinesOf({ format, architectures }: ForeignProgram): CodeFor[] {
  const os = format === "pe" ? "windows" : "darwin";
  return architectures.map((architecture) => ({ os, architecture }));
}

function identifyAr(path: string, read: ReadHead): BinaryIdentity | undefined {
  const bytes = read(packageBytes);
  if (bytes === undefined) return undefined;
  const members = readArMembers(bytes);
  if (members[0]?.name === "debian-binary") return packageIdentity("deb", debianArchitecture(path, members));
  for (const { content } of members) {
    const machine = elfMachine(content);
    if (machine !== undefined) return identity("static library", [machine]);
  }
  return undefined;
}

function identifyArchive(read: ReadHead): BinaryIdentity | undefined {
  const bytes = read(archiveBytes);
  if (bytes === undefined) return undefined;
  const capture = new ArchiveCapture();
  capture.start();
  capture.write(bytes);
  const machines = capture.finish().flatMap(({ elf, program }) => {
    if (program !== undefined) return machinesOf(program);
    const architecture = elf && architectureOfElf(elf);
    return architecture === undefined ? [] : [{ os: "linux", architecture }];
  });
  return identity("archive", machines);
}
