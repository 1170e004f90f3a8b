import { isEmulated } from "../conditions.ts";
import type { Entry } from "../entry.ts";

/** CPUs of the right architecture that lack instructions. */
export const cpuLevels: readonly Entry[] = [
  {
    code: "E19",
    title: "The CPU, or the emulated one, is older than the image needs",
    severity: "error",
    signs: [
      { words: ["does not support x86-64-v"], pattern: /CPU does not support x86-64-v\d/i },
      { words: ["v2 microarchitecture"], pattern: /requires? v2 microarchitecture/ },
    ],
    cause:
      "The base image's C library or a prebuilt library is compiled for a newer level of x86-64 (v2: RHEL 9 and its kin; v3: RHEL 10) than the CPU, the virtual machine's CPU model or the emulator has.",
    fixes: [
      {
        text: "On a real machine: give the virtual machine the host's CPU model (host passthrough instead of kvm64 or qemu64). Under emulation: a newer QEMU, or QEMU_CPU=max. Or take an image for an older level.",
      },
    ],
    url: "https://github.com/chainguard-images/images/issues/1658",
    explains: ["E48", "E38", "E35"],
  },
  {
    code: "E20",
    title: "The builder cannot run the level of the CPU that the platform names",
    severity: "error",
    signs: [
      {
        words: ["no support for running processes with"],
        pattern: /no support for running processes with (?<platform>\S+) platform/,
      },
    ],
    cause:
      "The platform names a level (linux/amd64/v3 and the like) that neither the builder's CPU nor its emulator has; emulators reach v2.",
    fixes: [
      { text: "Build for linux/amd64 or linux/amd64/v2, or on a machine with that level: archway platforms shows it." },
    ],
    url: "https://docs.docker.com/build/building/multi-platform/",
  },
  {
    code: "E55",
    title: "The CPU lacks instructions that the program needs",
    severity: "error",
    signs: [
      { words: ["requires a cpu with avx", "requires armv8.2"], pattern: /requires (?:a CPU with AVX|ARMv8\.2)/i },
      { words: ["architecture 8.2-a"], pattern: /requires a newer ARM64 processor|at least ARM architecture 8\.2-a/i },
      { words: ["cpu isa level is lower"], pattern: /CPU ISA level is lower than required/ },
      { words: ["this program can only be run on"], pattern: /[Tt]his program can only be run on \S+ processors with/ },
      {
        words: ["instructions, but these aren't available"],
        pattern: /compiled to use \S+ instructions, but these aren't available/,
      },
      {
        words: ["cpu lacks avx", "required cpu features", "baseline optimizations"],
        pattern: /CPU lacks AVX|[Mm]issing required CPU features|built with baseline optimizations/,
      },
      {
        words: [
          "lacks avx",
          "support avx",
          "support the avx",
          "without avx",
          "support sse",
          "lacks sse",
          "support armv8",
        ],
        pattern:
          /(?:CPU|processor)\b.*\b(?:does not|doesn.t|lacks?|without)\b.*\b(?:AVX(?:2|512)?|SSE4(?:\.[12]|_[12])?|ARMv8\.\d|LSE)\b/i,
      },
      {
        words: ["illegal instruction"],
        pattern: /(?:^|: |\d |\t| )Illegal instruction\b(?!.*target signal)/,
        when: (evidence) =>
          !isEmulated(evidence) &&
          !evidence.context.has("sanitizer") &&
          !evidence.near(/# unreachable code|uncaught target signal/),
        condition: "with no emulator in sight",
      },
      {
        words: ["sigill"],
        pattern: /\bSIGILL\b/,
        when: (evidence) => !isEmulated(evidence) && !evidence.context.has("sanitizer"),
      },
      {
        words: ["exit code: 132", "non-zero code: 132", "exited with code 132"],
        pattern: /(?:exit code: |non-zero code: |exited with code )132\b/,
        rank: "consequence",
        when: (evidence) => !isEmulated(evidence),
      },
    ],
    cause:
      "The program is compiled for a newer CPU of the same architecture: AVX or another level of x86-64, or ARMv8.2 (a Raspberry Pi 4 has ARMv8.0).",
    fixes: [
      {
        text: "Take a build for an older CPU (MongoDB 4.4 for CPUs without AVX or ARMv8.2), compile with -march of the oldest machine instead of native, or give the virtual machine the host's CPU model.",
      },
    ],
    url: "https://www.mongodb.com/docs/manual/administration/production-notes/",
    explains: ["E48"],
  },
];
