/**
 * What a log mentions on its way, besides errors: the tools that speak in it and circumstances that decide what an error means. Each is searched by words first,
 * by a pattern in the unwrapped line then.
 */

/** The programs whose logs are told apart. */
export type Engine =
  | "BuildKit"
  | "buildx"
  | "Docker"
  | "Docker Compose"
  | "Buildah"
  | "Podman"
  | "kaniko"
  | "skopeo"
  | "containerd"
  | "CRI-O"
  | "Kubernetes";

/** Circumstances. */
export type Circumstance =
  /** An emulator is installed, registered or speaking. */
  | "emulator"
  /** The log begins on Alpine or speaks of musl. */
  | "musl"
  /** glibc's loader is spoken of. */
  | "glibc"
  /** `apk --root` or `--arch`: packages of another root. */
  | "apk-root"
  /** Go compiles for another platform than its own. */
  | "go-cross"
  /** `podman manifest add`, `buildah manifest add`. */
  | "manifest-add"
  /** A container builder of buildx: it does not see the images of the local store. */
  | "container-builder"
  /** The classic builder, which knows no platforms. */
  | "classic-builder"
  /** Rosetta runs amd64 programs. */
  | "rosetta"
  /** A disk is full. */
  | "disk-full"
  /** A job that tries several platforms of the same image. */
  | "many-platforms"
  /** A pod is tied to an architecture. */
  | "arch-selector"
  /** CI says that the job was good. */
  | "job-succeeded"
  /** CI or a tool says that it was not. */
  | "job-failed"
  /** CI ended the job because it took too long. */
  | "timed-out"
  /** Sanitizers and traps make programs end with SIGILL on purpose. */
  | "sanitizer"
  /** Name look-ups or connections fail in general. */
  | "network-down"
  /** The index of an image was shown. */
  | "index-seen";

/** What is looked for. */
export interface Note<Name> {
  readonly name: Name;
  readonly words: readonly string[];
  readonly pattern: RegExp;
}

export const engineNotes: readonly Note<Engine>[] = [
  {
    name: "BuildKit",
    words: ["[internal] load", "failed to solve", "buildkit"],
    pattern: /\[internal\] load|failed to solve|buildkit(?:d|:|\b)/i,
  },
  { name: "buildx", words: ["buildx", "build-push-action"], pattern: /buildx|build-push-action/i },
  { name: "Docker Compose", words: ["docker compose", "docker-compose"], pattern: /docker[ -]compose/ },
  {
    name: "Docker",
    words: [
      "docker build",
      "docker run",
      "docker pull",
      "docker push",
      "docker: ",
      "error response from daemon",
      "sending build context",
    ],
    pattern:
      /\bdocker (?:build|run|pull|push|image)\b|^docker: |Error response from daemon|Sending build context to Docker/,
  },
  { name: "Buildah", words: ["buildah"], pattern: /buildah/i },
  { name: "Podman", words: ["podman"], pattern: /podman/i },
  {
    name: "kaniko",
    words: ["kaniko", "info[0000]"],
    pattern: /kaniko|^INFO\[0000\] (?:Retrieving|Resolved|Executing|Built)/i,
  },
  { name: "skopeo", words: ["skopeo"], pattern: /skopeo/ },
  {
    name: "containerd",
    words: ["containerd", "failed to pull and unpack"],
    pattern: /containerd|nerdctl|failed to pull and unpack/,
  },
  { name: "CRI-O", words: ["cri-o:", " crio[", "\ncrio["], pattern: /cri-o:|crio\[/i },
  {
    name: "Kubernetes",
    words: [
      "kubelet",
      "failedscheduling",
      "crashloopbackoff",
      "errimagepull",
      "imagepullbackoff",
      "default-scheduler",
      "nodes are available",
      "kubectl",
    ],
    pattern:
      /kubelet|FailedScheduling|CrashLoopBackOff|ErrImagePull|ImagePullBackOff|default-scheduler|nodes are available|kubectl/,
  },
];

export const circumstanceNotes: readonly Note<Circumstance>[] = [
  {
    name: "emulator",
    words: [
      "qemu-x",
      "qemu-a",
      "qemu-i",
      "qemu-p",
      "qemu-s",
      "qemu-r",
      "qemu-u",
      "-qemu-",
      "qemu: ",
      "binfmt",
      "buildkit_qemu",
    ],
    pattern:
      /qemu-(?:x86_64|aarch64|arm|i386|ppc64le|s390x|riscv64|user|static)|setup-qemu|qemu:|tonistiigi\/binfmt|binfmt_misc|buildkit_qemu_emulator|multiarch\/qemu/,
  },
  { name: "musl", words: ["alpine", "ld-musl", "linux-musl"], pattern: /alpine|ld-musl|-musl\b/i },
  { name: "glibc", words: ["ld-linux", "glibc_", "glibc "], pattern: /ld-linux|GLIBC_2|glibc/ },
  {
    name: "apk-root",
    words: ["apk add", "apk --root", "--initdb"],
    pattern: /apk\b.*(?:--root|--arch|--initdb|\s-p\s)/,
  },
  { name: "go-cross", words: ["goarch", "go install"], pattern: /GOARCH[=\s]|go install/ },
  { name: "manifest-add", words: ["manifest add", "manifest_add"], pattern: /manifest add/ },
  {
    name: "container-builder",
    words: [
      "docker-container",
      "booting buildkit",
      "setup-buildx",
      "creating container buildx",
      "driver: kubernetes",
      "driver=kubernetes",
      "driver remote",
    ],
    pattern:
      /docker-container|booting buildkit|setup-buildx-action|creating container buildx|driver[:=\s]+(?:kubernetes|remote)/i,
  },
  {
    name: "classic-builder",
    words: ["sending build context", "docker_buildkit=0", "legacy builder"],
    pattern: /Sending build context to Docker|DOCKER_BUILDKIT=0|legacy builder/i,
  },
  { name: "rosetta", words: ["rosetta"], pattern: /rosetta/i },
  { name: "disk-full", words: ["no space left"], pattern: /no space left/i },
  {
    name: "arch-selector",
    words: ["kubernetes.io/arch", "arch=arm", "arch=amd64", "architecture"],
    pattern: /kubernetes\.io\/arch|node-selectors?:.*arch/i,
  },
  {
    name: "job-succeeded",
    words: ["job succeeded", "finished: success", "build succeeded", "pipeline succeeded"],
    pattern: /^(?:\[?Job succeeded|Finished: SUCCESS|Build succeeded|Pipeline succeeded)/,
  },
  {
    name: "job-failed",
    words: [
      "job failed",
      "finished: failure",
      "finished: aborted",
      "completed with exit code",
      "failed to solve",
      "build failed",
      "script returned exit code",
      "exited with code",
    ],
    pattern:
      /Job failed|Finished: (?:FAILURE|ABORTED)|completed with exit code [1-9]|failed to solve|BUILD FAILED|script returned exit code [1-9]|exited with code [1-9]/,
  },
  {
    name: "timed-out",
    words: [
      "maximum execution time",
      "execution took longer than",
      "timeout has been exceeded",
      "too long with no output",
      "no output has been received",
      "the operation was canceled",
      "operation was cancelled",
      "cancelling nested steps due to timeout",
      "timed out after",
      "exceeded the time limit",
      "exceeded the timeout",
      "sigterm, cancelling",
    ],
    pattern:
      /maximum execution time|execution took longer than|[Tt]imeout has been exceeded|[Tt]oo long with no output|No output has been received|The operation was cancell?ed|Cancelling nested steps due to timeout|(?:job|step|build|task)\b.*timed out after|exceeded the (?:time limit|timeout)/i,
  },
  {
    name: "sanitizer",
    words: ["addresssanitizer", "undefinedbehaviorsanitizer", "-fsanitize", "__builtin_trap"],
    pattern: /AddressSanitizer|UndefinedBehaviorSanitizer|-fsanitize|__builtin_trap/,
  },
  {
    name: "network-down",
    words: ["enotfound", "temporary failure in name resolution", "could not resolve host", "no such host"],
    pattern: /ENOTFOUND|Temporary failure in name resolution|Could not resolve host|no such host/,
  },
  {
    name: "index-seen",
    words: ["image.index.v1+json", "manifest.list.v2+json"],
    pattern: /[Mm]edia[Tt]ype"?: *"?application\/vnd\.(?:oci\.image\.index|docker\.distribution\.manifest\.list)/,
  },
];
