import { nativeOrCross } from "../advice.ts";
import { isEmulated, isForeign } from "../conditions.ts";
import type { Entry, Evidence, Fix } from "../entry.ts";

const newerEmulator: Fix = {
  text: "Else try another emulator: docker run --privileged --rm tonistiigi/binfmt --uninstall 'qemu-*', then --install all of a newer image (QEMU 9.2.2 or later); archway platforms shows the versions.",
};

/** A step that runs programs was going on for a foreign platform when the job was ended. */
function emulatedStepRan({ context, step }: Evidence): boolean {
  if (step && context.foreign(step.runsOn) === true) return true;
  return context
    .runningSteps()
    .some(({ command, runsOn }) => command.startsWith("RUN ") && context.foreign(runsOn) === true);
}

/** What goes wrong because programs are emulated. */
export const emulators: readonly Entry[] = [
  {
    code: "E12",
    title: "A program crashed under the emulator (segmentation fault)",
    severity: "error",
    signs: [
      { words: ["uncaught target signal 11"], pattern: /uncaught target signal 11\b/ },
      {
        words: ["error exit status 139"],
        pattern: /subprocess returned error exit status 139/,
        when: isEmulated,
        condition: "in an emulated step",
      },
      {
        words: ["segmentation fault", "sigsegv"],
        pattern:
          /(?:^|: |\d |\t)Segmentation fault\b|internal compiler error: Segmentation fault|\bSIGSEGV\b(?!.*QEMU)/,
        when: (evidence) => isForeign(evidence) && !/QEMU internal/.test(evidence.text),
        condition: "in an emulated step",
      },
      {
        words: ["exit code: 139", "non-zero code: 139"],
        pattern: /(?:exit code: |non-zero code: )139\b/,
        when: isForeign,
        rank: "consequence",
      },
    ],
    cause:
      "The step's programs are emulated, and one of them crashed in a way that it does not on a real machine. Known for libc-bin's scripts on Debian and Ubuntu, compilers, Node.js, Java and Go, with changing versions of QEMU and kernel.",
    fixes: [nativeOrCross, newerEmulator],
    url: "https://github.com/tonistiigi/binfmt/issues/245",
    explains: ["E38", "E48"],
  },
  {
    code: "E13",
    title: "The emulator does not know an instruction",
    severity: "error",
    signs: [
      { words: ["uncaught target signal 4"], pattern: /uncaught target signal 4\b/ },
      {
        words: ["illegal instruction"],
        pattern: /(?:^|: |\d |\t| )Illegal instruction\b(?!.*target signal)/,
        when: (evidence) => isEmulated(evidence) && !evidence.near(/# unreachable code/),
        condition: "in an emulated step",
      },
      {
        words: ["exit code: 132", "non-zero code: 132"],
        pattern: /(?:exit code: |non-zero code: )132\b/,
        when: isForeign,
        rank: "consequence",
      },
    ],
    cause:
      "An emulated program used an instruction that the emulator does not have or translates wrongly: above all Node.js 20 and newer (npm, yarn, pnpm) for arm64.",
    fixes: [
      {
        text: "Install and bundle JavaScript in a stage FROM --platform=$BUILDPLATFORM (npm ci --cpu and --os choose the prebuilt packages of the target).",
      },
      nativeOrCross,
      newerEmulator,
    ],
    url: "https://github.com/nodejs/docker-node/issues/1946",
    explains: ["E38", "E48", "E55"],
  },
  {
    code: "E14",
    title: "The emulator failed or is too old",
    severity: "error",
    signs: [
      { words: ["uncaught target signal"], pattern: /uncaught target signal (?:[126-9]|10|1[2-9]|[23]\d)\b/ },
      { words: ["qemu internal sig"], pattern: /QEMU internal SIG[A-Z]+/ },
      { words: ["unsupported syscall"], pattern: /qemu\S*: Unsupported syscall: \d+/i },
      {
        words: ["qemu-x", "qemu-a", "qemu-i", "qemu-p", "qemu-s", "qemu-r"],
        pattern:
          /^qemu-[\w-]+: .*(?:[Aa]ssertion\b.*failed|Unable to (?:reserve|find a guest_base)|unable to reserve|Could not reserve|mmap.*failed|Unknown host signal|cannot set up thread)/,
      },
      {
        words: ["accel/tcg", "linux-user/"],
        pattern: /^ERROR:.*(?:accel\/tcg|linux-user|tcg\/)\S*:\d+:.*(?:assertion failed|should not be reached)/,
      },
    ],
    cause:
      "QEMU itself gave up: a system call that it does not know, an assertion, or a fault of its own. The program is not to blame.",
    fixes: [newerEmulator, nativeOrCross],
    url: "https://gitlab.com/qemu-project/qemu/-/issues",
    explains: ["E38", "E48", "E12", "E13"],
  },
  {
    code: "E15",
    title: "An emulated step hangs or takes too long",
    severity: "error",
    signs: [
      {
        words: [
          "maximum execution time",
          "execution took longer than",
          "timeout has been exceeded",
          "too long with no output",
          "no output has been received",
          "the operation was cancel",
          "cancelling nested steps due to timeout",
          "timed out after",
          "exceeded the time",
        ],
        pattern:
          /maximum execution time|execution took longer than|[Tt]imeout has been exceeded|[Tt]oo long with no output|No output has been received|[Tt]he operation was cancell?ed|Cancelling nested steps due to timeout|timed out after|exceeded the time(?:out| limit)/i,
        when: emulatedStepRan,
        rank: "consequence",
        condition: "while a step of a foreign platform runs",
      },
    ],
    cause:
      "The job was ended for its time while an emulated step ran. npm, Gradle and dotnet restore are known to hang under QEMU; compilers take 5 to 20 times as long.",
    fixes: [nativeOrCross],
    url: "https://github.com/nodejs/docker-node/issues/1946",
  },
  {
    code: "E38",
    title: "A step failed in BuildKit's own emulator",
    severity: "error",
    signs: [
      {
        words: [".buildkit_qemu_emulator"],
        pattern:
          /(?:process "|executor failed running \[)\/dev\/\.buildkit_qemu_emulator .*(?:did not complete successfully|\]: exit code: \d)/,
        rank: "consequence",
      },
    ],
    cause:
      "No emulator is registered with the kernel, and BuildKit ran the step through its built-in one. That does not cover programs which start others of another architecture (exit code 127), and it is slow.",
    fixes: [
      nativeOrCross,
      {
        text: "Or register emulators with the kernel: docker run --privileged --rm tonistiigi/binfmt --install all. Then see what the step's log says.",
      },
    ],
    url: "https://github.com/docker/buildx/issues/542",
  },
  {
    code: "E56",
    title: "Go's runtime fails under the emulator of x86-64",
    severity: "error",
    signs: [
      {
        words: ["lfstack.push", "taggedpointerpack"],
        pattern: /(?:runtime: |fatal error: )(?:lfstack\.push|taggedPointerPack)/,
      },
      {
        words: ["found bad pointer in go heap"],
        pattern: /found bad pointer in Go heap/,
        when: isEmulated,
        condition: "in an emulated step",
      },
    ],
    cause:
      "An amd64 Go program (often the Go toolchain itself) runs under qemu-x86_64 on an arm64 machine; addresses there do not fit into the pointers that Go packs.",
    fixes: [
      {
        text: "Run an arm64 build of the program. In Dockerfiles compile in a stage FROM --platform=$BUILDPLATFORM with GOARCH=$TARGETARCH. Programs built by Go 1.25.4 or newer are mended.",
      },
    ],
    url: "https://github.com/golang/go/issues/69255",
    explains: ["E12", "E14", "E38", "E48"],
  },
  {
    code: "E57",
    title: "Rosetta cannot run the program",
    severity: "error",
    signs: [
      { words: ["rosetta error"], pattern: /rosetta error: (?!failed to open elf)/ },
      {
        words: ["assertion failed ["],
        pattern: /^assertion failed \[.*\]: /,
        when: ({ near }) => near(/\(\w+\.(?:cpp|h):\d+ \w+\)/),
        condition: "in the form of Rosetta's assertions",
      },
    ],
    cause:
      "An amd64 program runs under Apple's Rosetta in a Linux virtual machine, and met a system call or a use of memory that Rosetta does not do.",
    fixes: [
      {
        text: "Run or build the image for arm64. Else switch Rosetta off (Docker Desktop: Settings, General) so that QEMU emulates, or build amd64 on another machine.",
      },
    ],
    url: "https://github.com/docker/for-mac/issues",
    explains: ["E12", "E38", "E48", "E14"],
  },
  {
    code: "E58",
    title: "An emulator was given what it cannot run",
    severity: "error",
    signs: [
      { words: ["invalid elf image for this architecture"], pattern: /Invalid ELF image for this architecture/ },
      { words: ["uncaught target signal 5"], pattern: /uncaught target signal 5\b/ },
      { words: ["# unreachable code"], pattern: /^# unreachable code|Fatal error in .*# unreachable code/ },
    ],
    cause:
      'QEMU was started with a program of yet another architecture, the emulated program hit a trap (signal 5), or V8 stopped at "unreachable code": Node.js for arm/v7 that was installed or snapshotted under emulation.',
    fixes: [
      {
        text: "Compare the file (file PROGRAM) with the emulator that ran it, and the registrations (archway platforms). For Node.js on arm/v7: build on an ARM machine, or pin an older Node.js.",
      },
      nativeOrCross,
    ],
    url: "https://github.com/docker/setup-qemu-action/issues/17",
    explains: ["E13", "E55", "E38", "E48"],
  },
];
