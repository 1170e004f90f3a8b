import { type Architecture, findArchitecture } from "../../platform/architecture.ts";
import type { Platform } from "../../platform/platform.ts";

/** What a program prints; without a text it differs between platforms in a way that is not known. */
export interface MachineAnswer {
  readonly text: string | undefined;
  /** True when it is the same on every platform that is Linux. */
  readonly isSame?: boolean;
}

/**
 * What a program prints that tells the architecture of the machine; undefined for every other program. An answer without a text is one that
 * differs between platforms in a way that is not known here.
 */
export function architectureOutput(
  program: string,
  args: readonly string[],
  machine: Platform,
): MachineAnswer | undefined {
  const row = findArchitecture(machine);
  const answer = (text: string | undefined): MachineAnswer => ({ text });
  const has = (pattern: RegExp): boolean => args.some((arg) => pattern.test(arg));
  switch (program) {
    case "uname":
      return unameOutput(args, row);
    case "arch":
      return answer(row?.machine);
    case "dpkg":
      if (has(/^--print-architecture$/)) return answer(row?.debian);
      return has(/^--print-foreign-architectures$/) ? answer("") : undefined;
    case "dpkg-architecture":
      return dpkgArchitecture(args, row);
    case "apk":
      return has(/^--print-arch$/) ? answer(row?.alpine) : undefined;
    case "rpm":
      return has(/%\{?_?(?:arch|target_cpu|host_cpu|build_arch)\}?/i) && has(/^(?:-E|--eval|-e)/)
        ? answer(rpmOutput(args, row))
        : undefined;
    case "rpmspec":
      return undefined;
    case "go":
      return args[0] === "env" ? goEnvironment(args.slice(1), machine, row) : undefined;
    case "rustc":
      return has(/^(?:-vV|-Vv|--version)$/) && row?.rust.gnu !== undefined
        ? answer(`rustc 1.0.0\nbinary: rustc\nhost: ${row.rust.gnu}\nrelease: 1.0.0\n`)
        : undefined;
    case "gcc":
    case "cc":
    case "clang":
    case "g++":
      if (has(/^-print-multiarch$/)) return answer(row?.triplet);
      return has(/^-dumpmachine$/) ? answer(row?.triplet) : undefined;
    case "getconf":
      return has(/^LONG_BIT$/) ? answer(row === undefined ? undefined : String(row.elf.bits)) : undefined;
    case "cat":
      return args.length === 1 && args[0] === "/etc/apk/arch" ? answer(row?.alpine) : undefined;
    case "docker":
    case "podman":
      return dockerOutput(args, machine, row);
    case "python":
    case "python3":
    case "python2":
      return has(/platform\.machine\(\)|os\.uname\(\)(?:\.machine|\[4\])|platform\.uname\(\)\.machine/)
        ? answer(row?.machine)
        : undefined;
    case "node":
      return has(/process\.arch/) ? answer(nodeName(machine)) : undefined;
    case "lscpu":
    case "hostnamectl":
      return answer(undefined);
    default:
      return undefined;
  }
}

function unameOutput(args: readonly string[], row: Architecture | undefined): MachineAnswer {
  if (args.length === 0) return { text: "Linux", isSame: true };
  const flags = args.map(
    (arg) =>
      ({
        "--machine": "-m",
        "--kernel-name": "-s",
        "--processor": "-p",
        "--operating-system": "-o",
        "--hardware-platform": "-i",
      })[arg] ?? arg,
  );
  const letters = flags.join("").replaceAll("-", "");
  if (/^[mpi]$/.test(letters)) return { text: row?.machine };
  if (/^s+$/.test(letters)) return { text: "Linux", isSame: true };
  if (letters === "o") return { text: "GNU/Linux", isSame: true };
  if (/^(?:sm|ms)$/.test(letters)) return { text: row === undefined ? undefined : `Linux ${row.machine}` };
  return { text: undefined };
}

function dpkgArchitecture(args: readonly string[], row: Architecture | undefined): MachineAnswer {
  const query = args
    .map((arg, index) => (arg === "-q" ? (args[index + 1] ?? "") : arg.replace(/^-q/, "")))
    .find((arg) => arg.startsWith("DEB_"));
  if (query === undefined) return { text: undefined };
  if (query.endsWith("_MULTIARCH") || query.endsWith("_GNU_TYPE")) return { text: row?.triplet };
  if (query.endsWith("_GNU_CPU")) return { text: row?.triplet.split("-")[0] };
  if (/_ARCH(?:_CPU)?$/.test(query)) return { text: row?.debian };
  if (query.endsWith("_ARCH_BITS")) return { text: row === undefined ? undefined : String(row.elf.bits) };
  return { text: undefined };
}

function rpmOutput(args: readonly string[], row: Architecture | undefined): string | undefined {
  if (row?.rpm === undefined) return undefined;
  const expression = args.at(-1)?.replace(/^--eval=|^-E/, "") ?? "";
  const text = expression.replaceAll(/%\{?_?(?:arch|target_cpu|host_cpu|build_arch)\}?/gi, row.rpm);
  return text.includes("%") ? undefined : text;
}

function goEnvironment(
  names: readonly string[],
  machine: Platform,
  row: Architecture | undefined,
): MachineAnswer | undefined {
  const values = names
    .filter((name) => !name.startsWith("-"))
    .map((name) => {
      if (name === "GOARCH" || name === "GOHOSTARCH") return machine.architecture;
      if (name === "GOOS" || name === "GOHOSTOS") return machine.os;
      if (name === "GOARM" && row?.goarm !== undefined) return row.goarm;
      if (name === "GOEXE") return "";
      return undefined;
    });
  const isAsked = names.some((name) => /^GO(?:HOST)?(?:ARCH|OS)$|^GOARM$/.test(name));
  if (!isAsked) return undefined;
  return { text: values.includes(undefined) ? undefined : values.join("\n") };
}

function dockerOutput(
  args: readonly string[],
  machine: Platform,
  row: Architecture | undefined,
): MachineAnswer | undefined {
  const [command] = args;
  if (command !== "version" && command !== "info") return undefined;
  const format = args.find((arg) => arg.includes("{{"))?.replace(/^(?:-f|--format)=?/, "") ?? "";
  if (!/Arch/.test(format)) return undefined;
  const text = format
    .replaceAll(/\{\{\s*\.(?:Server|Client)\.(?:Arch|Architecture)\s*\}\}/g, machine.architecture)
    .replaceAll(/\{\{\s*\.(?:Server|Client)\.Os\s*\}\}/g, machine.os)
    .replaceAll(/\{\{\s*\.Architecture\s*\}\}/g, row?.machine ?? "{{")
    .replaceAll(/\{\{\s*\.OSType\s*\}\}/g, machine.os);
  return { text: text.includes("{{") ? undefined : text };
}

function nodeName({ architecture }: Platform): string {
  return { amd64: "x64", "386": "ia32", ppc64le: "ppc64" }[architecture] ?? architecture;
}
