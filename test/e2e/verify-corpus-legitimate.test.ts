/** Images with foreign machine code that is at home there, and images of unusual kinds: none may have a single error or warning. */
import { after, before, describe, test } from "node:test";
import { unavailable } from "../bed/bed.ts";
import type { Row } from "./corpus-image.ts";
import { checkRow } from "./corpus-image.ts";
import {
  base,
  callerOfLibrary,
  compiled,
  copy,
  debugFile,
  fileOf,
  goProgram,
  jar,
  mergedPackages,
  objectFile,
  packages,
  sharedLibrary,
  Workshop,
} from "./corpus-material.ts";

type Architecture = "amd64" | "arm64" | "armhf";

/** BusyBox linked statically, with a link for each of its commands. */
const busybox = (architecture: Architecture) => base("busybox", architecture);
/** A slim Debian with shell, coreutils and glibc. */
const debian = (architecture: Architecture) => base("debian", architecture);
/** Debian's port for ARM v5 without floating-point unit. */
const armel = packages("armel", "libc6", "dash");

const hello = "/usr/local/bin/hello";
const staticArm64 = compiled("arm64", { options: ["-static"] });
const staticAmd64 = compiled("amd64", { options: ["-static"] });
const onPurpose = (path: string, why: string) => `foreign-code-expected ${path}: ${why}`;

const foreign: readonly Row[] = [
  {
    name: "the Go tool-chain with C cross compilers",
    platform: "linux/amd64",
    layers: [base("golang", "amd64")],
    command: ["bash"],
    environment: ["PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"],
    notes: [
      onPurpose("/usr/share/go-1.19/src/runtime/race/race_darwin_amd64.syso", "made for other systems"),
      onPurpose("/usr/aarch64-linux-gnu/lib/Mcrt1.o", "object file"),
      onPurpose("/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1", "a folder of its architecture"),
      onPurpose("/usr/share/go-1.19/src/debug/elf/testdata/gcc-386-freebsd-exec", "test data"),
    ],
  },
  {
    name: "Go's objects for its race detector",
    platform: "linux/arm64",
    layers: [
      busybox("arm64"),
      copy({ "/usr/local/go/src/runtime/race/internal/amd64v1/race_linux.syso": objectFile("amd64") }),
    ],
    command: ["sh"],
    notes: [onPurpose("/usr/local/go/src/runtime/race/internal/amd64v1/race_linux.syso", "object file")],
  },
  {
    name: "Rust's standard library for another target",
    platform: "linux/amd64",
    layers: [
      debian("amd64"),
      copy({ "/usr/local/rustup/lib/rustlib/aarch64-unknown-linux-gnu/lib/libstd-1a2b.so": sharedLibrary("arm64") }),
    ],
    command: ["bash"],
    notes: [
      onPurpose(
        "/usr/local/rustup/lib/rustlib/aarch64-unknown-linux-gnu/lib/libstd-1a2b.so",
        "a folder of its architecture",
      ),
    ],
  },
  {
    name: "libraries of a second architecture, as dpkg --add-architecture puts them",
    platform: "linux/amd64",
    layers: [debian("amd64"), mergedPackages("arm64", "libc6", "zlib1g")],
    command: ["bash"],
    notes: [onPurpose("/usr/lib/aarch64-linux-gnu/gconv/ANSI_X3.110.so", "a folder of its architecture")],
  },
  {
    name: "the same, the other way round",
    platform: "linux/arm64",
    layers: [debian("arm64"), mergedPackages("amd64", "libc6")],
    command: ["bash"],
    notes: [onPurpose("/usr/lib/x86_64-linux-gnu/gconv/ANSI_X3.110.so", "a folder of its architecture")],
  },
  {
    name: "an emulator that the build left behind",
    platform: "linux/arm64",
    layers: [
      busybox("arm64"),
      copy({ "/usr/bin/qemu-aarch64-static": compiled("amd64", { options: ["-static-pie"] }) }),
    ],
    command: ["sh"],
    notes: [onPurpose("/usr/bin/qemu-aarch64-static", "user-mode emulator")],
  },
  {
    name: "firmware of another architecture",
    platform: "linux/amd64",
    layers: [busybox("amd64"), packages("amd64", "opensbi")],
    command: ["sh"],
    notes: [onPurpose("/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.elf", "firmware")],
  },
  {
    name: "the boot loader GRUB for PCs",
    platform: "linux/arm64",
    layers: [busybox("arm64"), packages("amd64", "grub-pc-bin")],
    command: ["sh"],
    notes: [
      onPurpose("/usr/lib/grub/i386-pc/915resolution.mod", "object file"),
      onPurpose("/usr/lib/grub/i386-pc/grub-bios-setup", "boot loader"),
    ],
  },
  {
    name: "a kernel module",
    platform: "linux/arm64",
    layers: [busybox("arm64"), copy({ "/lib/modules/6.1.0/kernel/hello.ko": objectFile("amd64") })],
    command: ["sh"],
    notes: [onPurpose("/lib/modules/6.1.0/kernel/hello.ko", "object file")],
  },
  {
    name: "Valgrind's tools for 32-bit programs",
    platform: "linux/amd64",
    layers: [debian("amd64"), mergedPackages("amd64", "valgrind")],
    command: ["bash"],
    notes: [onPurpose("/usr/libexec/valgrind/cachegrind-x86-linux", "32-bit companion code")],
  },
  {
    name: "debug files of the target",
    platform: "linux/amd64",
    layers: [debian("amd64"), copy({ "/usr/lib/debug/.build-id/ab/cdef.debug": debugFile("arm64") })],
    command: ["bash"],
    notes: [onPurpose("/usr/lib/debug/.build-id/ab/cdef.debug", "debug file")],
  },
  {
    name: "test data of a reader of ELF files",
    platform: "linux/arm64",
    layers: [busybox("arm64"), copy({ "/app/testdata/hello-amd64": staticAmd64, "/app/test/fixtures/b": staticAmd64 })],
    command: ["sh"],
    notes: [onPurpose("/app/test/fixtures/b", "test data")],
  },
  {
    name: "eBPF programs",
    platform: "linux/amd64",
    layers: [debian("amd64"), mergedPackages("amd64", "libxdp1")],
    command: ["bash"],
    notes: [onPurpose("/usr/lib/x86_64-linux-gnu/bpf/xdp-dispatcher.o", "object file")],
  },
  {
    name: "guest agents for machines of each architecture",
    platform: "linux/arm64",
    layers: [
      busybox("arm64"),
      copy({
        "/usr/local/share/lima/lima-guestagent.Linux-x86_64": goProgram({ GOARCH: "amd64" }),
        "/usr/local/share/lima/lima-guestagent.Linux-aarch64": goProgram({ GOARCH: "arm64" }),
      }),
    ],
    command: ["sh"],
    notes: [onPurpose("/usr/local/share/lima/lima-guestagent.Linux-x86_64", "one of a set")],
  },
  {
    name: "add-ons of Node prebuilt for each architecture",
    platform: "linux/arm64",
    layers: [
      base("node", "arm64", "18-slim"),
      copy({
        "/app/node_modules/answer/prebuilds/linux-x64/answer.glibc.node": sharedLibrary("amd64"),
        "/app/node_modules/answer/prebuilds/linux-arm/answer.armv7.glibc.node": sharedLibrary("armhf"),
        "/app/node_modules/answer/prebuilds/linux-arm64/answer.glibc.node": sharedLibrary("arm64"),
      }),
    ],
    command: ["node"],
    notes: [onPurpose("/app/node_modules/answer/prebuilds/linux-arm/answer.armv7.glibc.node", "one of a set")],
  },
  {
    name: "a jar with native libraries for each architecture",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({
        "/app/lib/answer.jar": jar({
          "native/Linux/x86_64/libanswer.so": sharedLibrary("amd64"),
          "native/Linux/aarch64/libanswer.so": sharedLibrary("arm64"),
        }),
      }),
    ],
    command: ["bash"],
    notes: [onPurpose("/app/lib/answer.jar!/native/Linux/x86_64/libanswer.so", "one of a set")],
  },
];

const kinds: readonly Row[] = [
  {
    name: "static, from scratch",
    platform: "linux/arm64",
    layers: [copy({ "/app": staticArm64 })],
    entrypoint: ["/app"],
  },
  {
    name: "static and position-independent",
    platform: "linux/arm64",
    layers: [copy({ "/app": compiled("arm64", { options: ["-static-pie"] }) })],
    entrypoint: ["/app"],
  },
  {
    name: "musl, static",
    platform: "linux/amd64",
    layers: [copy({ "/app": compiled("musl", { options: ["-static"] }) })],
    entrypoint: ["/app"],
  },
  {
    name: "musl, whose loader is a link to its C library",
    platform: "linux/amd64",
    layers: [busybox("amd64"), packages("amd64", "musl"), copy({ [hello]: compiled("musl") })],
    entrypoint: ["hello"],
  },
  {
    name: "pure Go for ARM v6",
    platform: "linux/arm/v6",
    layers: [copy({ "/app": goProgram({ GOARCH: "arm", GOARM: "6" }) })],
    entrypoint: ["/app"],
  },
  {
    name: "pure Go for ARM v5 in an image for arm/v7",
    platform: "linux/arm/v7",
    layers: [copy({ "/app": goProgram({ GOARCH: "arm", GOARM: "5" }) })],
    entrypoint: ["/app"],
  },
  {
    name: "Go that says it is for amd64/v3",
    platform: "linux/amd64/v3",
    layers: [copy({ "/app": goProgram({ GOARCH: "amd64", GOAMD64: "v3" }) })],
    entrypoint: ["/app"],
  },
  {
    name: "Debian's armel says that it is for arm/v5",
    platform: "linux/arm/v5",
    layers: [armel],
    command: ["dash"],
  },
  {
    name: "static code without floating point on a base with it",
    platform: "linux/arm/v7",
    layers: [debian("armhf"), copy({ [hello]: compiled("armel", { options: ["-static"] }) })],
    entrypoint: ["hello"],
  },
  {
    name: "Rust from Debian, with the libraries that it needs",
    platform: "linux/arm64",
    layers: [debian("arm64"), mergedPackages("arm64", "ripgrep")],
    entrypoint: ["rg", "--version"],
  },
  {
    name: "distroless: a C library, one program and no shell",
    platform: "linux/arm64",
    layers: [packages("arm64", "libc6"), copy({ "/app": compiled("arm64") })],
    environment: [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "SSL_CERT_FILE=/etc/ssl/certs/ca.crt",
    ],
    entrypoint: ["/app"],
  },
  { name: "BusyBox for ARM v7", platform: "linux/arm/v7", layers: [busybox("armhf")], command: ["sh"] },
  {
    name: "nothing but scripts on a base",
    platform: "linux/arm64",
    layers: [busybox("arm64"), copy({ "/usr/local/bin/run": '#!/bin/sh -e\nexec awk "BEGIN {}"\n' })],
    entrypoint: ["run"],
  },
  {
    name: "data without a program",
    platform: "linux/arm64",
    layers: [copy({ "/charts/a.yaml": "a: 1\n" }, "COPY charts /charts # buildkit", 0o644)],
    notes: ["no-machine-code /"],
  },
];

const reached: readonly Row[] = [
  {
    name: "a command with arguments that name no files",
    platform: "linux/arm64",
    layers: [base("python", "arm64"), copy({ "/app.py": "print()\n" }, "COPY app.py /", 0o644)],
    entrypoint: ["python3", "-u", "/app.py"],
    command: ["--port", "80"],
  },
  {
    name: "an entrypoint script that hands over to options of its own",
    platform: "linux/arm64",
    layers: [debian("arm64"), copy({ "/usr/local/bin/docker-entrypoint.sh": '#!/bin/bash\nexec app "$@"\n' })],
    entrypoint: ["docker-entrypoint.sh"],
    command: ["--no-such-program"],
  },
  {
    name: "a relative entrypoint in the working directory",
    platform: "linux/arm64",
    layers: [copy({ "/srv/app": staticArm64 })],
    workingDirectory: "/srv",
    entrypoint: ["./app"],
  },
  {
    name: "a command of BusyBox, named by a link or as its argument",
    platform: "linux/arm64",
    layers: [busybox("arm64")],
    entrypoint: ["/bin/busybox", "httpd"],
    command: ["-f", "-p", "80"],
    healthcheck: ["CMD-SHELL", "wget -q -O- http://localhost/ || exit 1"],
  },
  {
    name: "a library beside the program, by $ORIGIN",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({
        "/opt/app/bin/app": callerOfLibrary("arm64", "-Wl,-rpath,$ORIGIN/../lib"),
        "/opt/app/lib/libanswer.so.1": sharedLibrary("arm64"),
      }),
    ],
    entrypoint: ["/opt/app/bin/app"],
  },
  {
    name: "a library in LD_LIBRARY_PATH",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({ [hello]: callerOfLibrary("arm64"), "/opt/lib/libanswer.so.1": sharedLibrary("arm64") }),
    ],
    environment: ["PATH=/usr/local/bin:/usr/bin", "LD_LIBRARY_PATH=/opt/none:/opt/lib"],
    entrypoint: ["hello"],
  },
  {
    name: "a library that LD_PRELOAD names by its file, and one by its place",
    platform: "linux/arm64",
    layers: [debian("arm64"), copy({ [hello]: compiled("arm64"), "/usr/lib/libanswer.so.1": sharedLibrary("arm64") })],
    environment: ["LD_PRELOAD=libanswer.so.1:/usr/$LIB/libc.so.6"],
    entrypoint: ["hello"],
  },
  {
    name: "a library that LD_PRELOAD brings before the program asks for it",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({ [hello]: callerOfLibrary("arm64"), "/opt/answer/answer-2.0.so": sharedLibrary("arm64") }),
    ],
    environment: ["LD_PRELOAD=/opt/answer/answer-2.0.so"],
    entrypoint: ["hello"],
  },
  {
    name: "a library that a link leads to, whose own library is beside the link",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({
        [hello]: compiled("arm64", { options: ["-Wl,-rpath,/opt/links,--enable-new-dtags,--no-as-needed", "-lm"] }),
        "/opt/libm/libm.so.6": callerOfLibrary("arm64", "-shared", "-fPIC", "-Wl,-rpath,$ORIGIN,--enable-new-dtags"),
        "/opt/links/libm.so.6": "-> /opt/libm/libm.so.6",
        "/opt/links/libanswer.so.1": sharedLibrary("arm64"),
      }),
    ],
    entrypoint: ["hello"],
  },
  {
    name: "glibc in a folder of its own beside musl, as images on Alpine have it",
    platform: "linux/amd64",
    layers: [
      busybox("amd64"),
      packages("amd64", "musl"),
      copy({
        "/usr/glibc-compat/lib/ld-linux-x86-64.so.2": fileOf(
          "amd64",
          "libc6",
          "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        ),
        "/usr/glibc-compat/lib/libc.so.6": fileOf("amd64", "libc6", "/lib/x86_64-linux-gnu/libc.so.6"),
        "/lib64/ld-linux-x86-64.so.2": "-> /usr/glibc-compat/lib/ld-linux-x86-64.so.2",
        [hello]: compiled("amd64"),
      }),
    ],
    entrypoint: ["hello"],
  },
  {
    name: "a script of Node that env looks up",
    platform: "linux/arm64",
    layers: [base("node", "arm64", "18-slim"), copy({ "/app/server.mjs": "#!/usr/bin/env -S node --no-warnings\n" })],
    entrypoint: ["/app/server.mjs"],
  },
  {
    name: "a script of Perl",
    platform: "linux/arm64",
    layers: [
      packages("arm64", "libc6", "libcrypt1", "perl-base"),
      copy({ "/app.pl": "#!/usr/bin/perl -w\nprint 1;\n" }),
    ],
    entrypoint: ["/app.pl"],
  },
];

describe("images that must pass", { skip: (await unavailable("bases", "compilers")) || wrongMachine() }, () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop[Symbol.asyncDispose]());

  for (const [kind, rows] of Object.entries({ foreign, kinds, reached })) {
    describe(kind, () => {
      for (const row of rows) test(`${row.name} (${row.platform})`, () => checkRow(workshop, row));
    });
  }
});

function wrongMachine(): string | false {
  return process.arch === "x64" ? false : "the native compiler has to be that of amd64";
}
