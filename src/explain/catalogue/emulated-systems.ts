import { nativeOrCross } from "../advice.ts";
import { is32Bit, isEmulated, isForeign } from "../conditions.ts";
import type { Entry, Evidence } from "../entry.ts";

/** Ubuntu's mirror of what is not x86 sends lists whose signature is not accepted. */
function isPortsSignature({ near }: Evidence): boolean {
  return near(/ports\.ubuntu\.com/) && near(/At least one invalid signature was encountered/);
}

/** What systems and package managers do not do under emulation. */
export const emulatedSystems: readonly Entry[] = [
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
        when: (evidence) =>
          !evidence.context.has("disk-full") &&
          (is32Bit(evidence) || (!evidence.platform && isPortsSignature(evidence))),
        condition: "for 32-bit platforms or Ubuntu's ports, and no full disk",
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
          "timedout",
          "trouble with your network connection",
          "network timeout",
          "err_socket_timeout",
          "eidletimeout",
          "read timed out",
          "timed out",
        ],
        pattern:
          /E(?:SOCKET)?TIMEDOUT|There appears to be trouble with your network connection|network timeout at|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|Read timed out|operation timed out/,
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
