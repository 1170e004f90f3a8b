import { architectureOfElf } from "./architecture.ts";
import { armVersion, isArm64Chip } from "./cpu.ts";
import { emulatedPlatforms, type Registration } from "./emulators.ts";
import type { HostReport } from "./host.ts";
import type { MachineFacts } from "./machine.ts";
import { formatPlatform } from "./platform.ts";
import { bitsOf, type Programs } from "./programs.ts";

/** What the warnings are drawn from. */
interface Evidence {
  readonly facts: MachineFacts;
  readonly report: Omit<HostReport, "warnings">;
  /** Architecture of this process. */
  readonly own: string;
  readonly registrations: readonly Registration[];
  readonly programs: Programs;
}

/** The traps that a machine sets, each in words that need no other page to be understood. */
export function hostWarnings(evidence: Evidence): string[] {
  return [unproven, wsl, userland, process, arm, aarch32, emulators].flatMap((rule) => rule(evidence));
}

/** Test programs could not be run. */
function unproven({ facts }: Evidence): string[] {
  const reasons = Object.entries(facts.executions.programs).flatMap(([architecture, execution]) =>
    execution.by === "unknown" ? [{ architecture, reason: execution.reason }] : [],
  );
  const [first] = reasons;
  if (first === undefined) return [];
  const all = reasons.length === Object.keys(facts.executions.programs).length;
  const which = all ? "test programs" : `the test programs for ${reasons.map((one) => one.architecture).join(", ")}`;
  return [
    `Could not find out who runs ${which} (${first.reason}): ` +
      "what is said of them is read from the kernel's registrations, not proven.",
  ];
}

function wsl({ report }: Evidence): string[] {
  if (report.wsl !== 1) return [];
  return [
    "This is WSL 1, which has no Linux kernel: containers do not run in it. Convert it with: wsl --set-version NAME 2",
  ];
}

/** A narrow userland on a wide kernel, or emulated altogether. */
function userland({ facts, report, own, programs }: Evidence): string[] {
  const platform = formatPlatform(report.platform);
  if (report.emulated) {
    const by = programs.get(own);
    const kernel =
      report.kernelArchitecture === undefined ? "" : ` The kernel's own architecture is ${report.kernelArchitecture}.`;
    return [
      by?.by === "emulator"
        ? `This process is ${platform} code run by an emulator (${by.interpreter}): what is started from here is emulated too.${kernel}`
        : `This process is ${platform} code run by an emulator that the kernel does not know: it cannot start other ${platform} programs.${kernel}`,
    ];
  }
  const wide = report.kernelArchitecture;
  if (wide === undefined || report.userlandBits === bitsOf(wide)) return [];
  return [
    `The kernel is 64-bit (uname -m says ${facts.machine}) but the userland is 32-bit: this machine is ${platform}, not linux/${wide}. ` +
      `Container engines installed here take ${platform} images, and scripts that choose a download by uname -m fetch ${wide} programs, which ` +
      `then fail with "not found". Say --platform linux/${wide} where you mean it, or install the 64-bit edition of the system.`,
  ];
}

/** This process came from another userland than the system's. */
function process({ facts, report, own }: Evidence): string[] {
  const shell = facts.shell && architectureOfElf(facts.shell);
  if (report.emulated || shell === undefined || shell === own) return [];
  return [
    `Archway runs on a Node.js for ${own}, but the system's own programs are ${shell} (/bin/sh): the system decides, ` +
      `so this machine counts as ${formatPlatform(report.platform)}.`,
  ];
}

/** 32-bit ARM kernels. */
function arm({ facts, report }: Evidence): string[] {
  if (report.kernelArchitecture !== "arm" || report.emulated) return [];
  if ((armVersion(facts.cpuinfo) ?? 7) < 7) {
    const lie = /^CPU architecture\s*:\s*7/im.test(facts.cpuinfo)
      ? ' (its kernel says "CPU architecture: 7", which is wrong)'
      : "";
    return [
      `This processor is ARMv6${lie}: images for linux/arm/v7 start here and die with "Illegal instruction". ` +
        "Use images for linux/arm/v6; Debian's and most others' begin with v7.",
    ];
  }
  if (!isArm64Chip(facts.cpuinfo)) return [];
  return [
    'The processor is 64-bit but the kernel is 32-bit: images for linux/arm64 fail here with "exec format error". ' +
      "Install the 64-bit edition of the system (on a Raspberry Pi, arm_64bit=1 in config.txt starts its 64-bit kernel).",
  ];
}

/** 32-bit programs on an arm64 kernel. */
function aarch32({ report }: Evidence): string[] {
  const emulator = report.emulators.find((one) => one.platform.architecture === "arm");
  if (report.aarch32 === "shadowed" && emulator !== undefined) {
    return [
      `The processor can run linux/arm/v7 programs itself, but an emulator is registered for them (${emulator.interpreter}) and is ` +
        "taken instead, many times slower. Remove that registration.",
    ];
  }
  if (report.aarch32 !== "absent") return [];
  const outcome = emulator === undefined ? 'they fail with "exec format error"' : "they are emulated";
  return [
    `This arm64 processor has no 32-bit mode (AArch32): linux/arm/v7 and linux/arm/v6 programs do not run natively, ${outcome}, ` +
      "though container engines assume that every arm64 machine runs them.",
  ];
}

/** Registrations that do not do what they are there for. */
function emulators({ facts, report, registrations, programs }: Evidence): string[] {
  const broken = registrations.flatMap((one) => {
    const execution = programs.get(one.architecture);
    if (execution?.by !== "nobody") return [];
    const platform = formatPlatform(emulatedPlatforms(one.architecture)[0]);
    if (facts.binfmt.state === "disabled") return [];
    if (!one.enabled) {
      return [
        `The emulator for ${platform} is registered but disabled; switch it on: echo 1 > /proc/sys/fs/binfmt_misc/${one.name}`,
      ];
    }
    const exists = facts.binfmt.entries.some((entry) => entry.name === one.name && entry.interpreterExists);
    const why = exists || one.flags.includes("F") ? "it does not start programs" : `${one.interpreter} does not exist`;
    return [
      `An emulator for ${platform} is registered (${one.name}), but ${why}. Install QEMU's user emulators again.`,
    ];
  });
  const off =
    facts.binfmt.state === "disabled" && registrations.length > 0
      ? ["All emulators are switched off in this kernel; switch them on: echo 1 > /proc/sys/fs/binfmt_misc/status"]
      : [];
  const unseen =
    facts.binfmt.state === "hidden" && report.emulators.length > 0
      ? [
          "Emulators work here, but their registrations cannot be read (binfmt_misc is not mounted), so their flags are not known. " +
            "To see them: mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc",
        ]
      : [];
  return [...broken, ...off, ...unseen];
}
