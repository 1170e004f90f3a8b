import { is32Bit, isEmulated, isForeign } from "../conditions.ts";
import type { Entry, Evidence, Fix } from "../entry.ts";

const nativeOrCross: Fix = {
  text: "Best: build the platform on a machine of its own (archway build --node PLATFORM=ENDPOINT, or a job per platform that archway image create joins), or run the heavy step in a stage FROM --platform=$BUILDPLATFORM and copy the result.",
};
const newerEmulator: Fix = {
  text: "Else try another emulator: docker run --privileged --rm tonistiigi/binfmt --uninstall 'qemu-*', then --install all of a newer image (QEMU 9.2.2 or later); archway platforms shows the versions.",
};

/** A step that runs programs was going on for a foreign platform when the job was ended. */
function emulatedStepRan({ context, step }: Evidence): boolean {
  if (step && context.foreign(step.runsOn) === true) return true;
  return context
    .runningSteps()
    .some(({ command, runsOn }) => /^RUN /.test(command) && context.foreign(runsOn) === true);
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
    code: "E16",
    title: "32-bit programs cannot read the builder's file system",
    severity: "error",
    signs: [
      {
        words: ["value too large for defined data type"],
        pattern: /Value too large for defined data type/,
        when: (evidence) => evidence.platform === undefined || is32Bit(evidence),
        condition: "not for 64-bit platforms",
      },
    ],
    cause:
      "A 32-bit program (cargo, git, vcpkg for arm/v7 and the like) runs on a 64-bit kernel under QEMU, and the file system gives it numbers of 64 bits.",
    fixes: [
      {
        text: "Put the folder on a tmpfs (RUN --mount=type=tmpfs,target=/usr/local/cargo/registry), use cargo's sparse registry, or cross-compile in a stage FROM --platform=$BUILDPLATFORM.",
      },
    ],
    url: "https://github.com/rust-lang/cargo/issues/9545",
  },
  {
    code: "E17",
    title: "Signatures of packages fail on 32-bit platforms",
    severity: "error",
    signs: [
      {
        words: ["at least one invalid signature", "is not signed"],
        pattern: /At least one invalid signature was encountered|[Tt]he repository '.*' is not signed/,
        when: (evidence) => is32Bit(evidence) && !evidence.context.has("disk-full"),
        condition: "for 32-bit platforms, and no full disk",
      },
    ],
    cause:
      "The host's libseccomp or Docker is older than the 64-bit time system calls that new 32-bit programs use: the check of the signature fails, not the signature.",
    fixes: [
      {
        text: "Update libseccomp2 (2.4.4 or 2.5) and Docker on the host; as a stop-gap use an older base image for the 32-bit platform.",
      },
    ],
    url: "https://github.com/docker/buildx/issues/452",
  },
  {
    code: "E18",
    title: "setuid programs have no effect under the emulator",
    severity: "error",
    signs: [
      {
        words: ["effective uid is not 0"],
        pattern: /sudo: effective uid is not 0/,
        when: isEmulated,
        condition: "in an emulated step",
      },
      {
        words: ["newuidmap"],
        pattern: /newuidmap.*[Oo]peration not permitted/,
        when: isEmulated,
        condition: "in an emulated step",
      },
    ],
    cause:
      "The emulator is registered without flag C: the kernel takes the rights of the emulator, not those of sudo, su or newuidmap.",
    fixes: [
      {
        text: "Register with flag C (tonistiigi/binfmt does: docker run --privileged --rm tonistiigi/binfmt --install all; archway platforms shows the flags), or leave out sudo: build steps are root already.",
      },
    ],
    url: "https://github.com/multiarch/qemu-user-static/issues/17",
    explains: ["E38"],
  },
  {
    code: "E38",
    title: "A step failed in BuildKit's own emulator",
    severity: "error",
    signs: [
      {
        words: [".buildkit_qemu_emulator"],
        pattern: /process "\/dev\/\.buildkit_qemu_emulator .*did not complete successfully/,
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
    code: "E48",
    title: "An image of another platform runs emulated",
    severity: "warning",
    signs: [
      {
        words: ["does not match the detected host platform"],
        pattern: /requested image's platform \((?<platform>[^)]+)\) does not match the detected host platform/,
      },
      {
        words: ["does not match the expected platform"],
        pattern: /image platform \((?<platform>[^)]+)\) does not match the expected platform/,
      },
    ],
    cause:
      "The image has no entry for this machine, or a local image of another platform stands in its way. Where no emulator is there it will not start; with one it is slow and may crash.",
    fixes: [
      {
        text: "Take an image that has this platform (archway image inspect IMAGE lists them), pull with --platform, or say --platform to show that it is meant.",
      },
    ],
    url: "https://docs.docker.com/build/building/multi-platform/",
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
  {
    code: "E67",
    title: "Scripts of packages cannot run in a root of another architecture",
    severity: "error",
    signs: [
      {
        words: ["exited with error 127", "exited with error 126"],
        pattern: /\.(?:trigger|(?:pre|post)-(?:install|upgrade|deinstall)): (?:script )?exited with error 12[67]/,
        when: (evidence) => evidence.context.has("apk-root") || evidence.foreign !== false,
        condition: "in a foreign root, not on amd64 itself",
      },
    ],
    cause:
      "apk installed packages for another architecture (--root, --arch, or a foreign build step) and their scripts need programs that this machine cannot run: there is no emulator.",
    fixes: [
      {
        text: "Register emulators (docker run --privileged --rm tonistiigi/binfmt --install all, or the distribution's qemu-user-static), or install with apk --no-scripts.",
      },
    ],
    url: "https://github.com/lf-lang/reactor-c/pull/552",
  },
  {
    code: "E68",
    title: "The network seems slow because the step is emulated",
    severity: "error",
    signs: [
      {
        words: [
          "etimedout",
          "trouble with your network connection",
          "network timeout",
          "err_socket_timeout",
          "eidletimeout",
          "read timed out",
          "timed out",
        ],
        pattern:
          /ES?O?C?K?E?T?TIMEDOUT|There appears to be trouble with your network connection|network timeout at|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|Read timed out|operation timed out/,
        when: (evidence) => isForeign(evidence) && !evidence.context.has("network-down"),
        rank: "consequence",
        condition: "in an emulated step, while names resolve",
      },
    ],
    cause:
      "Package managers under emulation are so slow that their own time limits pass; the network is not at fault when other platforms download well.",
    fixes: [
      {
        text: "Raise the limits (yarn --network-timeout 600000, npm --fetch-timeout=600000), or better download in a stage FROM --platform=$BUILDPLATFORM.",
      },
      nativeOrCross,
    ],
    url: "https://github.com/nodejs/docker-node/issues/1335",
  },
];
