import { archInName, crossTool, isProbe } from "../conditions.ts";
import type { Entry, Evidence } from "../entry.ts";

const missing = String.raw`(?:not found|command not found|No such file or directory|executable file not found|is not a full path|cannot execute|does not exist|not installed|was not found)`;

/** The path that was to be copied or read names an architecture. */
function namesArch({ match, text, context }: Evidence): boolean {
  const file = match.groups?.["file"] ?? match.groups?.["file2"] ?? "";
  if (!archInName.test(file.replace(/^\/var\/lib\/docker\/\S*?docker-builder\d+/, ""))) return false;
  return !(context.has("go-cross") && /\/go\/bin\//.test(file)) && !/node_modules/.test(text);
}

/** Compilers, linkers and what they leave behind. */
export const compilers: readonly Entry[] = [
  {
    code: "E32",
    title: "A file with an architecture in its name is not there",
    severity: "error",
    signs: [
      {
        words: ["failed to compute cache key", "failed to calculate checksum", "checksum of ref"],
        pattern: /failed to (?:compute cache key|calculate checksum of ref).*?"?(?<file>\/[^":\s]+)"?: not found/,
        when: namesArch,
      },
      {
        words: [": not found"],
        pattern: /^(?:ERROR: )?(?:failed to solve: )?"?(?<file>\/[^":\s]+)"?: not found$/,
        when: (evidence) =>
          evidence.context.engines.has("BuildKit") &&
          /^(?:COPY|ADD) /.test(evidence.step?.command ?? "") &&
          namesArch(evidence),
      },
      {
        words: ["no such file or directory", "file does not exist", "no such file"],
        pattern:
          /(?:l?stat|copier: stat:|fileinfo for|(?:COPY|ADD) failed:.*?stat) \\*"?(?<file>[^":\s\\]+)\\*"?: (?:no such file or directory|file does not exist)/,
        when: namesArch,
      },
      { words: ["no items matching glob"], pattern: /no items matching glob \\*"(?<file>[^"\\]+)/, when: namesArch },
      {
        words: ["excluded by .dockerignore"],
        pattern:
          /Attempting to \w+ file "(?<file>[^"]+)" that is excluded by \.dockerignore|excluded by \.dockerignore: stat (?<file2>\S+): file does not exist/,
        when: namesArch,
      },
    ],
    cause:
      "COPY or ADD names a file by its architecture. It was not built for this one, or .dockerignore keeps it out (lists of what is allowed often have amd64 alone).",
    fixes: [
      {
        text: "Look at .dockerignore first, then at the step that should make the file: does it make one for every platform, under the name that $TARGETARCH gives (arm64, not aarch64)?",
      },
    ],
    url: "https://docs.docker.com/reference/build-checks/copy-ignored-file/",
  },
  {
    code: "E33",
    title: "The compiler is not the target's",
    severity: "error",
    signs: [
      {
        words: ["command line option", "command-line option", "unknown argument", "unsupported option"],
        pattern:
          /(?:unrecogni[sz]ed command[- ]line option|unsupported option|unknown argument:?) ['‘`"]?-m(?:arm|thumb|64|32|abi\S*|fpu\S*|float-abi\S*|cpu\S*|tune\S*|no-unaligned-access|general-regs-only|cmodel\S*)['’"]?/,
        when: (evidence) => !isProbe(evidence),
        condition: "not when a configuration script tries it",
      },
      {
        words: [
          "for '-march",
          "for ‘-march",
          "for ‘-mcpu",
          "for '-mcpu",
          "switch",
          "for '-mtune",
          "unsupported argument",
        ],
        pattern:
          /(?:bad value|unknown value) ['‘(`][^'’)`]*['’)`]+ for ['‘`]?-m(?:arch|cpu|tune|fpu|abi)|unsupported argument '\S+' to option '-?-m(?:arch|cpu)=?'/,
      },
      {
        words: ["-gcc", "-g++", "-clang", "-cc", "-ld", "-ar", "-strip", "-as"]
          .map((tool) => `gnu${tool}`)
          .concat([
            "eabi-gcc",
            "eabihf-gcc",
            "eabihf-g++",
            "eabihf-ld",
            "musl-gcc",
            "musl-g++",
            "gnueabihf",
            "gnueabi-",
          ]),
        pattern: new RegExp(`["\`'‘]?${crossTool}["\`'’]?:? ?.*${missing}|C compiler "?${crossTool}"? not found`),
        when: ({ text }) => !/linker|cc-rs|failed to find tool/i.test(text),
      },
      {
        words: ["gnu-gcc", "gnu-g++", "eabihf-gcc", "eabihf-g++", "musl-gcc", "linux-gnu-"],
        pattern: new RegExp(`^\\s*${crossTool}\\s*$`),
        when: ({ near }) => near(/is not a full path and was not found|is not able to compile|could not find compiler/),
      },
      {
        words: ["bits/libc-header-start.h", "bits/wordsize.h", "gnu/stubs-"],
        pattern: /(?:bits\/(?:libc-header-start|wordsize)|gnu\/stubs-\w+)\.h: No such file or directory/,
      },
      {
        words: ["no such instruction"],
        pattern:
          /Error: no such instruction: [`'](?:stp|ldp|adrp|mrs|msr|ldr|str|bl|vld1|cbz|cbnz|dmb|svc|mov x|add x|push \{|pop \{)/,
      },
    ],
    cause:
      "The host's compiler was given options or code of the target (or the target's compiler is not installed): CC still names gcc where aarch64-linux-gnu-gcc or the like is meant.",
    fixes: [
      {
        text: "Install the cross compiler (crossbuild-essential-arm64, gcc-aarch64-linux-gnu, gcc-arm-linux-gnueabihf) and name it: CC=aarch64-linux-gnu-gcc; or use tonistiigi/xx (xx-clang, xx-go), which chooses by $TARGETPLATFORM.",
      },
    ],
    url: "https://github.com/tonistiigi/xx",
    explains: ["E64"],
  },
  {
    code: "E34",
    title: "Objects of different architectures are linked",
    severity: "error",
    signs: [
      {
        words: ["is incompatible with"],
        pattern: /(?:ld(?:\.\w+)?|mold|collect2|\.o|\.a|\.so\S*|\.rlib)\b.* is incompatible with/,
      },
      {
        words: [
          "file in wrong format",
          "relocations in generic elf",
          "skipping incompatible",
          "incompatible target",
          "emulation mode",
          "architecture of input file",
          "incompatible file type",
          "file format not recogni",
          "built for ",
        ],
        pattern:
          /file in wrong format|[Rr]elocations in generic ELF \(EM: \d+\)|skipping incompatible \S+|incompatible target|unrecogni[sz]ed emulation mode|architecture of input file|incompatible file type: \w+|file format not recogni[sz]ed|(?:attempting to link with|linking) file built for|building for '?[\w-]+'?, but linking/,
      },
    ],
    cause:
      'The linker got objects or libraries of another machine: a wrong linker, sysroot or library path, or objects left from a build for another platform. In "EM: N" 183 is arm64, 62 is amd64, 40 is arm.',
    fixes: [
      {
        text: "Name the target's linker and sysroot (CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc, PKG_CONFIG_PATH and -L of the target), install the libraries for it (apt-get install libssl-dev:arm64, xx-apt), and give cache mounts an id per $TARGETPLATFORM.",
      },
    ],
    url: "https://github.com/tonistiigi/xx",
  },
  {
    code: "E63",
    title: "Rust lacks the target or its compiler",
    severity: "error",
    signs: [
      {
        words: ["target may not be installed"],
        pattern: /the [`'‘](?<target>[\w.-]+)[`'’] target may not be installed/,
      },
      {
        words: ["can't find crate for"],
        pattern: /can't find crate for `(?:std|core|alloc)`/,
        when: ({ near, text }) => near(/target may not be installed|rustup target add|--target/) || /E0463/.test(text),
      },
      { words: ["linker `"], pattern: new RegExp(`linker \`${crossTool}\` not found`) },
      {
        words: ["failed to find tool"],
        pattern: new RegExp(`[Ff]ailed to find tool(?:\\. Is)? ["\`]${crossTool}["\`]`),
      },
      {
        words: ["support cross-compilation"],
        pattern: /pkg-config has not been configured to support cross-compilation/,
      },
      {
        words: ["may not be able to run on this system"],
        pattern: /toolchain '\S+' may not be able to run on this system/,
      },
    ],
    cause:
      "cargo builds for another target: its standard library is not installed, or a crate with C code (cc-rs, openssl-sys) finds no compiler for it.",
    fixes: [
      {
        text: "rustup target add TARGET; install the cross compiler and name it (CC_aarch64_unknown_linux_gnu, CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER); or xx-cargo of tonistiigi/xx, or cargo-zigbuild, which bring it.",
      },
    ],
    url: "https://rust-lang.github.io/rustup/cross-compilation.html",
    explains: ["E34", "E33"],
  },
  {
    code: "E64",
    title: "The source is written for x86 alone",
    severity: "error",
    signs: [
      {
        words: ["mmintrin.h", "immintrin.h", "x86intrin.h", "cpuid.h", "nmmintrin", "intrin.h", "sys/io.h"],
        pattern:
          /(?:fatal )?error: '?(?:[\w./]*\/)?(?:\w*mmintrin|immintrin|x86intrin|x86gprintrin|cpuid|avx\w*intrin|sys\/io|asm\/msr)\.h'?(?::\s+[Nn]o such file or directory| file not found)|'(?:\w*mmintrin|immintrin|x86intrin)\.h' file not found/,
      },
      { words: ["only meant to be used on x86"], pattern: /only meant to be used on x86/ },
      {
        words: [
          "impossible constraint in",
          "unknown register name",
          "unknown mnemonic",
          "invalid instruction mnemonic",
          "unrecognized instruction",
          "no such instruction",
        ],
        pattern:
          /impossible constraint in ['‘]asm['’]|unknown register name ['‘"]%?[re]?(?:[abcd]x|[sd]i|[sb]p|[abcd]l|x?mm\d+)['’"]|unknown mnemonic [`'‘](?:mov[lqb]|push[lq]|pop[lq]|lea[lq]|cpuid|rdtsc|pause|xchg\w?|lock|rep|call\w?|ret[lq]?|add[lq]|sub[lq]|xor[lq]|v?mov\w+|in[bwl]|out[bwl]|int)/,
      },
      {
        words: ["command line option", "command-line option", "unsupported option", "unknown argument"],
        pattern:
          /(?:unrecogni[sz]ed command[- ]line option|unsupported option|unknown argument:?) ['‘`"]?-m(?:sse\S*|ssse3|avx\S*|aes|fma|bmi\d?|popcnt|pclmul|f16c|mmx|3dnow|lzcnt|rdrnd|sha|fpmath\S*|stackrealign|red-zone|no-red-zone|no-sse\S*|no-mmx|no-avx\S*)['’"]?/,
        when: (evidence) => !isProbe(evidence),
        condition: "not when a configuration script tries it",
      },
      {
        words: ["undeclared identifier", "unknown type name", "implicit declaration of function", "was not declared"],
        pattern:
          /(?:undeclared identifier|unknown type name|implicit declaration of function) [`'‘](?:__m(?:64|128|256|512)[id]?|_mm\d*_\w+|__cpuid\w*|__rdtscp?|_xgetbv|__builtin_ia32_\w+)['’]|[`'‘](?:__m(?:128|256|512)[id]?|_mm\d*_\w+|__cpuid\w*)['’] was not declared/,
      },
      {
        words: ["narrowing conversion of"],
        pattern: /narrowing conversion of ['‘]?\(?-\d+\)?['’]? from ['‘]int['’] to ['‘]char['’]/,
      },
      {
        words: ["`x86_64` in `arch`", "arch::x86_64", "in `core::arch`", "`__m128", "`__m256"],
        pattern: /could not find `x86(?:_64)?` in `arch`|unresolved import `(?:core|std)::arch::x86/,
      },
      {
        words: [
          "expected `*const u8`",
          "expected `*mut u8`",
          "found `*const i8`",
          "found `*mut i8`",
          "expected `*const i8`",
          "found `*const u8`",
        ],
        pattern: /expected `\*(?:const|mut) [iu]8`, found `\*(?:const|mut) [iu]8`/,
      },
      {
        words: ["undefined: syscall.", "undefined: unix."],
        pattern:
          /undefined: (?:syscall|unix)\.(?:SYS_\w+|Dup2|Iopl|Ioperm|Select|EpollCreate|Renameat|Ustat|Time|InotifyInit|Pause|Fork|Getpgrp|Utime)\b/,
      },
      {
        words: ["undeclared", "not declared in this scope"],
        pattern:
          /['‘`]?(?:__NR_|SYS_)(?:open|stat|lstat|poll|access|pipe|dup2|fork|vfork|select|unlink|mkdir|rmdir|rename|readlink|arch_prctl|epoll_wait|time|iopl|ioperm)['’`]? (?:undeclared|was not declared)|['‘`]?REG_(?:RIP|RSP|RBP|EIP|ESP|RAX)['’`]? (?:undeclared|was not declared)/,
      },
    ],
    cause:
      "The code uses what only x86 has (SSE and AVX intrinsics and options, its assembler, registers, old system calls), or takes char for signed, which it is not on ARM.",
    fixes: [
      {
        text: "Put the x86 part under #if defined(__x86_64__) (cfg(target_arch) in Rust, _amd64.go files in Go) with a portable other half; sse2neon or SIMDe translate intrinsics; -fsigned-char makes char signed. Take the version of the library that supports the platform.",
      },
    ],
    url: "https://learn.arm.com/learning-paths/cross-platform/",
  },
  {
    code: "E69",
    title: "go install for another platform writes elsewhere",
    severity: "error",
    signs: [
      {
        words: ["cannot install cross-compiled binaries"],
        pattern: /cannot install cross-compiled binaries when GOBIN is set/,
      },
      {
        words: [": not found", "no such file or directory"],
        pattern: /"?\/(?:root\/)?go\/bin\/[\w.-]+"?: (?:not found|no such file or directory)/,
        when: ({ context, step }) =>
          context.has("go-cross") && (step === undefined || /^(?:COPY|ADD) /.test(step.command)),
        condition: "where Go cross-compiles",
      },
    ],
    cause:
      "With GOOS or GOARCH of another platform go install writes to bin/GOOS_GOARCH/, not to bin/; the COPY that follows finds nothing there.",
    fixes: [{ text: "Use go build -o /out/NAME instead, and copy that." }],
    url: "https://pkg.go.dev/cmd/go#hdr-Compile_and_install_packages_and_dependencies",
    explains: ["E32"],
  },
];
