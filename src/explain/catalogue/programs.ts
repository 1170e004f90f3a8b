import { isForeign, scriptName } from "../conditions.ts";
import type { Entry, Evidence } from "../entry.ts";

/** A script without `#!` makes the kernel say the same as a program of another machine. */
function isForeignProgram(evidence: Evidence): boolean {
  const { text, step, context, foreign } = evidence;
  if (/\.so\b[^:]*: Exec format|Error loading shared library|insmod|modprobe|could not insert module/i.test(text))
    return false;
  if (/^qemu-\w+/.test(text)) return false;
  if (isForeign(evidence)) return true;
  if (
    evidence.near(
      /shebang|missing interpreter|\bno #!|dos2unix|\bCRLF\b|: (?:ASCII text|HTML document|empty$|Unicode text|JSON (?:text )?data|very short file|.*script(?:, \w+)* text executable)|<!DOCTYPE html|<html/i,
    )
  )
    return false;
  // A Ruby trace begins with the script that ran the program.
  if (!scriptName.test(text.replace(/^\S+:\d+:in \S+ /, ""))) return true;
  if (/Errno 8|error=8|os error 8|fork\/exec|ENOEXEC|system error -8/i.test(text) && !/entrypoint/.test(text))
    return false;
  if (step && context.ranBefore(step)) return false;
  return foreign !== false;
}

/** A shell does not find a program that was listed, or whose libraries were: what it lacks is its loader. */
function isThereThough({ match, near }: Evidence): boolean {
  const file = match.groups?.["file"] ?? "";
  const name = file.slice(file.lastIndexOf("/") + 1).replaceAll(/[^\w.-]/g, "");
  if (scriptName.test(file) || name === "") return false;
  const listed = new RegExp(`-rwx.*${name.replaceAll(".", "\\.")}|${name.replaceAll(".", "\\.")}: ELF `);
  return near(listed) || near(/\/ld-(?:linux|musl)\S* \(0x|dynamically linked, interpreter/);
}

/** A program that is there and whose loader or interpreter is not. */
function lacksLoader(evidence: Evidence): boolean {
  const { text, context, step } = evidence;
  if (/stat \/|executable file|chdir|mounting|open \/dev|bad interpreter/.test(text)) return false;
  if (isForeign(evidence)) return true;
  if (evidence.near(/\bCRLF\b|dos2unix|\^M|\\r\b|with CRLF|bad interpreter|carriage return/)) return false;
  if (scriptName.test(text)) return false;
  if (/exec user process/.test(text)) {
    const starts = context.steps.filter(({ command }) => /^(?:ENTRYPOINT|CMD) /.test(command)).at(-1) ?? step;
    return !(starts && scriptName.test(starts.command)) && !evidence.near(/entrypoint\.sh|start\.sh|run\.sh/);
  }
  return true;
}

/** The kernel refuses a program, or a shell takes it for a script. */
export const programs: readonly Entry[] = [
  {
    code: "E01",
    title: "A program of another architecture cannot be run",
    severity: "error",
    signs: [
      {
        words: ["exec format error"],
        pattern:
          /(?:^|: |caused:? ?\\*["'“]|\] |error=8, |- |\(|err(?:or)?=\\*")\\*["']?exec format error(?:\b|(?=(?:sub)?process))/i,
        when: isForeignProgram,
        condition:
          "a script is meant only where the platform is foreign or nothing ran there before: without #! it says the same",
      },
      {
        words: ["cannot execute binary file"],
        pattern: /: cannot execute binary file(?!: Exec format)/,
        when: isForeignProgram,
      },
      {
        words: ["enoexec", "unknown system error -8"],
        pattern: /\bspawn (?:\S+ )?(?:ENOEXEC|Unknown system error -8)|\bENOEXEC\b/,
        when: isForeignProgram,
      },
      { words: ["bad cpu type in executable"], pattern: /bad CPU type in executable/i },
      { words: ["not executable: "], pattern: /: not executable: (?:32|64)-bit ELF file/ },
      { words: ["could not be run by the operating system"], pattern: /could not be run by the operating system/ },
    ],
    cause:
      "The kernel was given a program for another CPU. In a build step: nothing on the builder runs the step's platform. When a container starts: the image, or the file that it starts, is not of the node's architecture. The kernel says the same of a script without #! and of an empty or HTML file.",
    fixes: [
      {
        engines: ["BuildKit", "buildx", "Docker", "Docker Compose"],
        text: "In a build: build the platform on a machine of its own (archway build --node PLATFORM=ENDPOINT), or cross-compile with FROM --platform=$BUILDPLATFORM, or register emulators: docker run --privileged --rm tonistiigi/binfmt --install all.",
      },
      {
        engines: ["Buildah", "Podman", "kaniko"],
        text: "In a build: install qemu-user-static on the host (kaniko cannot emulate: run it on a node of the platform), or cross-compile in a stage of the build platform.",
      },
      {
        engines: ["Kubernetes"],
        text: "In a cluster: publish an image index with the node's platform, or tie the pod to nodes that fit with nodeSelector: kubernetes.io/arch.",
      },
      {
        text: "Look at what is in the image: archway verify IMAGE names every file of another architecture, and file PROGRAM tells what one file is.",
      },
    ],
    url: "https://docs.docker.com/build/building/multi-platform/",
    explains: ["E38", "E48", "E67"],
  },
  {
    code: "E21",
    title: "A program of another architecture is inside an image of the right one",
    severity: "error",
    signs: [
      {
        words: ["could not open '/lib", "could not open '/usr/lib", "failed to open elf at"],
        pattern:
          /(?:[\w.-]*(?:qemu|binfmt)[\w.-]*: |rosetta.*)(?:[Cc]ould not open|failed to open elf at) '?\/\S*ld(?:64|-linux|-musl|\.so)\S*/,
      },
    ],
    cause:
      "An emulator started a program whose loader is not in the image: the program is of another architecture than the image. Usually a download with amd64 or x64 in its URL, node_modules from another machine, or the output of a builder stage for the wrong target. The library is not what is missing.",
    fixes: [
      {
        text: "Find the file: archway verify IMAGE. Then download by $TARGETARCH, run npm ci in a stage of the target platform, and check GOARCH and the stage's --platform.",
      },
    ],
    url: "https://github.com/thecodingmachine/docker-images-nodejs/issues/19",
    explains: ["E38", "E48", "E01"],
  },
  {
    code: "E22",
    title: "The loader or the emulator of a program is not in the image",
    severity: "error",
    signs: [
      {
        words: ["exec user process caused"],
        pattern: /exec user process caused:? ?\\*["']?no such file or directory/i,
        when: lacksLoader,
        condition: "not where a script is started, unless its platform is foreign",
      },
      {
        words: ["no such file or directory"],
        pattern: /(?:^|: |")exec:? \\*["']?\/[^\s:"']+\\*["']?: no such file or directory/i,
        when: lacksLoader,
      },
      { words: ["missing dynamic library?"], pattern: /exec container process \(missing dynamic library\?\)/ },
      {
        words: ["'-f' flag might have not set"],
        pattern: /platforms? (?<platform>linux\/[\w/]+) cannot pass the validation, '-F' flag/,
      },
      {
        words: ["'-f' flag might have not set"],
        pattern: /platforms? (?!linux\/)\S+ cannot pass the validation, '-F' flag/,
      },
      {
        words: ["required file not found"],
        pattern: /: cannot execute: required file not found/,
        when: ({ text }) => !scriptName.test(text),
      },
      {
        words: ["error loading shared library ld-linux", "error loading shared library ld64"],
        pattern: /Error loading shared library ld(?:-linux|64)[\w.-]*: No such file/,
        when: ({ text }) => !/\.node\b|node_modules|UnsatisfiedLinkError/.test(text),
      },
      {
        words: [": not found"],
        pattern: /(?:^|\b(?:sh|ash): )(?:line )?(?:\d+: )?(?<file>\.{0,2}\/[^\s:]+): not found$/,
        when: isThereThough,
        condition: "where the file was seen to be there",
      },
      {
        words: ["no such file or directory"],
        pattern: /^-?(?:ba|z|a|da)?sh: (?:line \d+: )?(?<file>\.{0,2}\/[^\s:]+): No such file or directory$/,
        when: isThereThough,
        condition: "where the file was seen to be there",
      },
      {
        words: ["error relocating"],
        // What glibc has and musl has not.
        pattern:
          /Error relocating (?!\S*(?:node_modules|\.node\b))\S+: (?:__res_init|__\w+_chk|__\w+_finite|__isoc\d\w*|__strdup|__register_atfork|__libc_\w+|gnu_get_libc_version|posix_getdents|backtrace\w*|mallinfo2?|\w+64|\w+_np): symbol not found/,
      },
    ],
    cause:
      "The program is there, and what should start it is not. Either the emulator was registered without flag F, so that the kernel looks for it inside the container; or the program needs a loader that the image does not have: a glibc program on Alpine (musl), or one of another architecture. (A script whose #! line ends in CR LF says the same.)",
    fixes: [
      {
        engines: ["BuildKit", "buildx", "Docker", "Docker Compose"],
        text: "Register the emulators with flag F: docker run --privileged --rm tonistiigi/binfmt --install all; archway platforms shows the flags.",
      },
      {
        engines: ["Buildah", "Podman"],
        text: "Install qemu-user-static of the distribution (it registers with flag F) and restart systemd-binfmt; archway platforms shows the flags.",
      },
      {
        text: "Look at the program's loader with file PROGRAM or readelf -l PROGRAM: build it for musl or statically (CGO_ENABLED=0), or take a base image with glibc.",
      },
    ],
    url: "https://github.com/amazonlinux/container-images/issues/18",
    explains: ["E38", "E48", "E67"],
  },
  {
    code: "E23",
    title: "The kernel has no binfmt_misc",
    severity: "error",
    signs: [
      {
        words: ["miscellaneous binary may have not enabled"],
        pattern:
          /(?:platform (?<platform>linux\/[\w/]+) cannot pass|kernel support for miscellaneous binary may have not enabled)/,
      },
    ],
    cause: "BuildKit cannot run the platform: the kernel cannot hand programs of other architectures to an emulator.",
    fixes: [
      {
        text: "Load the module (modprobe binfmt_misc) and mount its file system on the host, then install the emulators; or build the platform on a machine of its own.",
      },
    ],
    url: "https://docs.kernel.org/admin-guide/binfmt-misc.html",
  },
  {
    code: "E24",
    title: "An old BuildKit cannot run steps of the platform",
    severity: "error",
    signs: [
      {
        words: ["runtime execution on platform"],
        pattern: /runtime execution on platform (?<platform>\S+) not supported/,
      },
    ],
    cause: "BuildKit before 0.8 refuses to run steps of a platform for which no emulator is registered.",
    fixes: [
      {
        text: "Update BuildKit, and register emulators (docker run --privileged --rm tonistiigi/binfmt --install all) or build on a machine of the platform.",
      },
    ],
    url: "https://github.com/docker/buildx/issues/138",
  },
  {
    code: "E36",
    title: "A shell reads a program of another architecture as a script",
    severity: "error",
    signs: [
      {
        words: [": not found", "command not found"],
        pattern: /: (?:line )?\d+: [^:]{0,12}ELF[^:]*: (?:command )?not found/,
      },
      {
        words: ["syntax error: "],
        pattern:
          /(?:^|[\s:])(?<file>[^\s:]+): (?:line )?(?<line>\d+): [Ss]yntax error: (?:unexpected (?:"\("|"\)"|word|end of file|redirection|newline|"&"|"\|"|";")|"[()&;|]" unexpected|word unexpected|end of file unexpected|[Uu]nterminated quoted string|newline unexpected|redirection unexpected|EOF in backquote substitution)/,
        when: (evidence) => {
          const { file = "", line } = evidence.match.groups ?? {};
          if (evidence.near(/[\u0000-\u0008\u007f\ufffd]|\bELF\b/)) return true;
          if (
            Number(line) > 3 ||
            scriptName.test(file) ||
            /(?:^|\/)(?:sh|bash|dash|ash|configure|eval|gradlew|mvnw)$/.test(file)
          )
            return false;
          return isForeign(evidence) || /\/s?bin\//.test(file);
        },
        condition: "in the first lines of a file that is no script",
      },
    ],
    cause:
      "A shell was told to run a file, the kernel refused it, and the shell tried to read it as a script: it is a program of another architecture (a package, download or helper that exists for x86 only).",
    fixes: [
      {
        text: "Get the program for the step's platform: choose the package or download by $TARGETARCH; file PROGRAM shows what it is.",
      },
    ],
    url: "https://github.com/moonrepo/setup-toolchain/issues/22",
    explains: ["E38", "E48"],
  },
];
