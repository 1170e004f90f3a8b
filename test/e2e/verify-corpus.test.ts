/** Images that are wrong, each made of real files: what the verifier has to find, and that it finds nothing else. */
import { after, before, describe, test } from "node:test";
import { unavailable } from "../bed/bed.ts";
import type { Row } from "./corpus-image.ts";
import { checkRow } from "./corpus-image.ts";
import {
  base,
  callerOfLibrary,
  compiled,
  copy,
  fileOf,
  goProgram,
  jar,
  mergedPackages,
  packages,
  sharedLibrary,
  Workshop,
} from "./corpus-material.ts";

/** BusyBox linked statically, with a link for each of its commands. */
const busybox = (architecture: "amd64" | "arm64" | "armhf") => base("busybox", architecture);
/** A slim Debian with shell, coreutils and glibc. */
const debian = (architecture: "amd64" | "arm64" | "armhf") => base("debian", architecture);
/** What Alpine has of it: musl's loader, which is its C library, and BusyBox. */
const musl = (architecture: "amd64" | "arm64" | "armhf") => [busybox(architecture), packages(architecture, "musl")];
/** Debian's port for ARM v5 without floating-point unit. */
const armel = packages("armel", "libc6", "dash");

const hello = "/usr/local/bin/hello";
const staticArm64 = compiled("arm64", { options: ["-static"] });
const staticAmd64 = compiled("amd64", { options: ["-static"] });

const starting: readonly Row[] = [
  {
    name: "the entrypoint itself",
    platform: "linux/arm64",
    layers: [debian("arm64"), copy({ "/app": compiled("amd64") })],
    entrypoint: ["/app"],
    errors: ["entrypoint-wrong-architecture /app: exec format error"],
    cause: "S04",
  },
  {
    name: "an entrypoint that PATH finds",
    platform: "linux/arm64",
    layers: [debian("arm64"), copy({ [hello]: goProgram({ GOARCH: "amd64" }) })],
    entrypoint: ["hello", "--port", "80"],
    errors: [`entrypoint-wrong-architecture ${hello}: ENTRYPOINT "hello"`],
  },
  {
    name: "a command behind symlinks, one of them absolute",
    platform: "linux/arm64",
    layers: [
      busybox("arm64"),
      copy({ "/code/app-amd64": staticAmd64, "/usr/bin/app": "-> /code/app", "/code/app": "-> app-amd64" }),
    ],
    command: ["app"],
    errors: ["entrypoint-wrong-architecture /code/app-amd64"],
  },
  {
    name: "the interpreter of a script",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({ "/opt/dash": fileOf("amd64", "dash", "/bin/dash"), "/run.sh": "#!/opt/dash -e\necho\n" }),
    ],
    entrypoint: ["/run.sh"],
    errors: ["entrypoint-wrong-architecture /opt/dash: interpreter of /run.sh"],
  },
  {
    name: "what env looks up for a script",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({ "/usr/local/bin/python3": fileOf("amd64", "python3.11-minimal", "/usr/bin/python3.11") }),
      copy({ "/app.py": "#!/usr/bin/env python3\nprint()\n" }),
    ],
    entrypoint: ["/app.py"],
    errors: ["entrypoint-wrong-architecture /usr/local/bin/python3: interpreter of /app.py"],
  },
  {
    name: "a command behind tini, which is right",
    platform: "linux/arm64",
    layers: [debian("arm64"), mergedPackages("arm64", "tini"), copy({ [hello]: staticAmd64 })],
    entrypoint: ["/usr/bin/tini", "-g", "--"],
    command: ["hello"],
    errors: [`entrypoint-wrong-architecture ${hello}`],
  },
  {
    name: "tini itself, before a right program",
    platform: "linux/arm64",
    layers: [debian("arm64"), mergedPackages("amd64", "tini"), copy({ [hello]: staticArm64 })],
    entrypoint: ["/usr/bin/tini", "--", "hello"],
    errors: [
      "entrypoint-wrong-architecture /usr/bin/tini",
      "executable-wrong-architecture /usr/bin/tini-static: in PATH",
    ],
  },
  {
    name: "a program that gosu starts as another user",
    platform: "linux/arm64",
    layers: [busybox("arm64"), packages("arm64", "gosu"), copy({ [hello]: staticAmd64 })],
    entrypoint: ["gosu", "nobody", "hello"],
    errors: [`entrypoint-wrong-architecture ${hello}: "gosu" → "hello"`],
  },
  {
    name: "a program in the text of sh -c, after cd",
    platform: "linux/arm64",
    layers: [busybox("arm64"), copy({ "/srv/app": staticAmd64 })],
    command: ["/bin/sh", "-c", "cd /srv && exec ./app --flag"],
    errors: ["entrypoint-wrong-architecture /srv/app"],
  },
  {
    name: "a program in the text of a shell in the text of a shell, with variables",
    platform: "linux/arm64",
    layers: [busybox("arm64"), copy({ "/srv/app": staticAmd64 })],
    command: ["/bin/sh", "-c", 'exec /bin/sh -c "/srv/app --config $CONFIG"'],
    errors: ["entrypoint-wrong-architecture /srv/app"],
  },
  {
    name: "a relative entrypoint in the working directory",
    platform: "linux/arm64",
    layers: [busybox("arm64"), copy({ "/srv/bin/app": staticAmd64 })],
    workingDirectory: "/srv",
    entrypoint: ["./bin/app"],
    errors: ["entrypoint-wrong-architecture /srv/bin/app"],
  },
  {
    name: "the command that an entrypoint script hands over to",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({ "/docker-entrypoint.sh": '#!/bin/sh\nset -e\nexec "$@"\n', [hello]: compiled("amd64") }),
    ],
    entrypoint: ["/docker-entrypoint.sh"],
    command: ["hello", "--serve"],
    errors: [`entrypoint-wrong-architecture ${hello}: CMD "hello"`],
  },
  {
    name: "the health check",
    platform: "linux/arm64",
    layers: [busybox("arm64"), copy({ "/app": staticArm64, "/probe": staticAmd64 })],
    entrypoint: ["/app"],
    healthcheck: ["CMD", "/probe", "--once"],
    errors: ["healthcheck-wrong-architecture /probe: the health check always fails"],
  },
  {
    name: "an entrypoint that is not there: the link names another architecture",
    platform: "linux/arm64",
    layers: [busybox("arm64"), copy({ "/code/app-amd64": staticAmd64, "/usr/bin/app": "-> /code/app-arm64" })],
    command: ["app"],
    errors: ["entrypoint-missing /: app"],
    warnings: ["native-build-missing /code/app-amd64"],
  },
];

const linking: readonly Row[] = [
  {
    name: "a glibc program on a musl base",
    platform: "linux/arm64",
    layers: [...musl("arm64"), copy({ [hello]: compiled("arm64") })],
    entrypoint: ["hello"],
    errors: [`loader-missing ${hello}: the image has /lib/ld-musl-aarch64.so.1`],
    cause: "loader-missing",
  },
  {
    name: "a musl program on a glibc base",
    platform: "linux/amd64",
    layers: [debian("amd64"), copy({ [hello]: compiled("musl") })],
    entrypoint: ["hello"],
    errors: [`loader-missing ${hello}: the image has /lib64/ld-linux-x86-64.so.2`],
  },
  {
    name: "a dynamic program in an image from scratch",
    platform: "linux/arm64",
    layers: [copy({ "/app": compiled("arm64") })],
    entrypoint: ["/app"],
    errors: ["loader-missing /app: no such file or directory"],
  },
  {
    name: "a loader of another architecture in the loader's place",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({ [hello]: compiled("arm64") }),
      copy({
        "/usr/lib/ld-linux-aarch64.so.1": fileOf("amd64", "libc6", "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
      }),
    ],
    entrypoint: ["hello"],
    errors: ["loader-wrong-architecture /usr/lib/ld-linux-aarch64.so.1"],
  },
  {
    name: "a library that is not in the image",
    platform: "linux/arm64",
    layers: [debian("arm64"), copy({ [hello]: callerOfLibrary("arm64") })],
    entrypoint: ["hello"],
    errors: [`library-missing ${hello}: libanswer.so.1`],
  },
  {
    name: "a library that is there, but where no loader looks",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({ [hello]: callerOfLibrary("arm64"), "/opt/answer/libanswer.so.1": sharedLibrary("arm64") }),
    ],
    entrypoint: ["hello"],
    warnings: [`library-missing ${hello}: it is at /opt/answer/libanswer.so.1`],
  },
  {
    name: "a library of another architecture in the loader's folder",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({ [hello]: callerOfLibrary("arm64"), "/usr/local/lib/libanswer.so.1": sharedLibrary("amd64") }),
    ],
    entrypoint: ["hello"],
    errors: ["library-wrong-architecture /usr/local/lib/libanswer.so.1: there is no other"],
  },
  {
    name: "a library of another architecture that LD_PRELOAD names",
    platform: "linux/arm64",
    layers: [debian("arm64"), copy({ [hello]: compiled("arm64"), "/opt/libjemalloc.so.2": sharedLibrary("amd64") })],
    environment: ["LD_PRELOAD=/opt/libjemalloc.so.2"],
    entrypoint: ["hello"],
    warnings: ["library-wrong-architecture /opt/libjemalloc.so.2: LD_PRELOAD"],
  },
];

const reachable: readonly Row[] = [
  {
    name: "a userland of another architecture",
    platform: "linux/arm64",
    layers: [debian("amd64")],
    command: ["bash"],
    errors: [
      "entrypoint-wrong-architecture /usr/bin/bash",
      "userland-wrong-architecture /usr/bin/[: its root file system is of another architecture",
    ],
    cause: "S01",
  },
  {
    name: "a userland of another architecture under a right program",
    platform: "linux/arm64",
    layers: [debian("amd64"), copy({ [hello]: staticArm64 })],
    entrypoint: ["hello"],
    errors: ["userland-wrong-architecture /usr/bin/["],
    cause: "S01",
  },
  {
    name: "BusyBox of another architecture: one file that is all commands",
    platform: "linux/arm/v7",
    layers: [busybox("amd64")],
    command: ["sh"],
    errors: ["entrypoint-wrong-architecture /bin/busybox: CMD", "userland-wrong-architecture /bin/busybox: of another"],
    cause: "S01",
  },
  {
    name: "a second program in PATH",
    platform: "linux/arm64",
    layers: [busybox("arm64"), copy({ [hello]: staticArm64, "/usr/local/bin/tool": goProgram({ GOARCH: "amd64" }) })],
    entrypoint: ["hello"],
    errors: ["executable-wrong-architecture /usr/local/bin/tool: in PATH"],
  },
  {
    name: "a library in the loader's folder that only dlopen would load",
    platform: "linux/arm64",
    layers: [debian("arm64"), copy({ [hello]: compiled("arm64"), "/usr/lib/libanswer.so.1": sharedLibrary("amd64") })],
    entrypoint: ["hello"],
    errors: ["library-wrong-architecture /usr/lib/libanswer.so.1"],
  },
  {
    name: "a compiled module of Python for another architecture",
    platform: "linux/arm64",
    layers: [base("python", "arm64"), mergedPackages("amd64", "python3-yaml")],
    command: ["python3"],
    warnings: [
      "wheel-wrong-architecture /usr/lib/python3/dist-packages/PyYAML-6.0.dist-info/WHEEL: linux/arm64",
      "python-extension-mismatch /usr/lib/python3/dist-packages/yaml/_yaml.cpython-311-x86_64-linux-gnu.so: linux/arm64",
    ],
  },
  {
    name: "a native add-on of Node for another architecture",
    platform: "linux/arm64",
    layers: [
      base("node", "arm64", "18-slim"),
      copy({ "/app/node_modules/answer/build/Release/answer.node": sharedLibrary("amd64") }),
      copy({ "/app/index.js": "#!/usr/bin/env node\n" }),
    ],
    entrypoint: ["node", "/app/index.js"],
    warnings: ["executable-wrong-architecture /app/node_modules/answer/build/Release/answer.node"],
  },
];

const sets: readonly Row[] = [
  {
    name: "add-ons of Node prebuilt for others",
    platform: "linux/arm64",
    layers: [
      base("node", "arm64", "18-slim"),
      copy({
        "/app/node_modules/answer/prebuilds/linux-x64/answer.glibc.node": sharedLibrary("amd64"),
        "/app/node_modules/answer/prebuilds/linux-arm/answer.armv7.glibc.node": sharedLibrary("armhf"),
      }),
    ],
    command: ["node"],
    errors: [
      "native-build-missing /app/node_modules/answer/prebuilds/linux-arm/answer.armv7.glibc.node: no build for linux/arm64",
    ],
  },
  {
    name: "node_modules of another machine",
    platform: "linux/arm64",
    layers: [
      base("node", "arm64", "18-slim"),
      copy({ "/app/node_modules/@esbuild/linux-x64/bin/esbuild": goProgram({ GOARCH: "amd64" }) }),
    ],
    command: ["node"],
    errors: ["native-build-missing /app/node_modules/@esbuild/linux-x64/bin/esbuild: none for linux/arm64"],
  },
  {
    name: "a jar with native libraries for others",
    platform: "linux/arm64",
    layers: [
      debian("arm64"),
      copy({
        "/app/lib/answer.jar": jar({
          "native/Linux/x86_64/libanswer.so": sharedLibrary("amd64"),
          "native/Linux/armv7/libanswer.so": sharedLibrary("armhf"),
        }),
      }),
    ],
    command: ["bash"],
    errors: ["native-build-missing /app/lib/answer.jar: linux/arm64"],
  },
];

const variants: readonly Row[] = [
  {
    name: "Debian's armhf in an image for arm/v6",
    platform: "linux/arm/v6",
    layers: [debian("armhf")],
    command: ["bash"],
    errors: ["variant-too-new /usr/bin/bash: needs v7"],
    cause: "variant-too-new",
  },
  {
    name: "one static program for ARM v7 in an image for arm/v6",
    platform: "linux/arm/v6",
    layers: [copy({ "/app": compiled("armhf", { options: ["-static"] }) })],
    entrypoint: ["/app"],
    errors: ["variant-too-new /app: v7 by its ARM attributes"],
  },
  {
    name: "Go compiled with GOARM=7 in an image for arm/v6",
    platform: "linux/arm/v6",
    layers: [copy({ "/app": goProgram({ GOARCH: "arm", GOARM: "7" }) })],
    entrypoint: ["/app"],
    errors: ["variant-too-new /app: v7 by GOARM=7"],
  },
  {
    name: "Debian's armel, with soft float, in an image for arm/v7",
    platform: "linux/arm/v7",
    layers: [armel],
    command: ["dash"],
    errors: ["float-abi-mismatch /bin/dash: soft float"],
    cause: "float-abi-mismatch",
  },
  {
    name: "a program with soft float on a base with hard float",
    platform: "linux/arm/v7",
    layers: [debian("armhf"), copy({ [hello]: compiled("armel") })],
    entrypoint: ["hello"],
    errors: [`float-abi-mismatch ${hello}`, `loader-missing ${hello}: /lib/ld-linux.so.3`],
  },
  {
    name: "a program for x86-64-v3 in an image for amd64",
    platform: "linux/amd64",
    layers: [debian("amd64"), copy({ [hello]: compiled("amd64", { options: ["-Wl,-z,x86-64-v3"] }) })],
    entrypoint: ["hello"],
    errors: [`variant-too-new ${hello}: v3 by its GNU property`],
    cause: "variant-too-new",
  },
  {
    name: "a library for x86-64-v3 that the entrypoint needs",
    platform: "linux/amd64",
    layers: [
      debian("amd64"),
      copy({
        [hello]: callerOfLibrary("amd64"),
        "/usr/local/lib/libanswer.so.1": sharedLibrary("amd64", "-Wl,-z,x86-64-v3"),
      }),
    ],
    entrypoint: ["hello"],
    errors: ["variant-too-new /usr/local/lib/libanswer.so.1: v3 by its GNU property"],
  },
  {
    name: "Go compiled with GOAMD64=v3 in an image for amd64",
    platform: "linux/amd64",
    layers: [copy({ "/app": goProgram({ GOARCH: "amd64", GOAMD64: "v3" }) })],
    entrypoint: ["/app"],
    errors: ["variant-too-new /app: v3 by GOAMD64=v3"],
  },
];

const platforms: readonly Row[] = [
  {
    name: "the config says another platform",
    platform: "linux/arm64",
    configPlatform: "linux/amd64",
    layers: [copy({ "/app": staticArm64 })],
    entrypoint: ["/app"],
    errors: ["config-platform-mismatch /: its config says linux/amd64"],
    cause: "config-platform-mismatch",
  },
  {
    name: "the config says another variant",
    platform: "linux/arm/v6",
    configPlatform: "linux/arm/v7",
    layers: [copy({ "/app": goProgram({ GOARCH: "arm", GOARM: "6" }) })],
    entrypoint: ["/app"],
    warnings: ["config-platform-mismatch /: only the variant differs"],
  },
];

describe("wrong images", { skip: (await unavailable("bases", "compilers")) || wrongMachine() }, () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop[Symbol.asyncDispose]());

  for (const [kind, rows] of Object.entries({ starting, linking, reachable, sets, variants, platforms })) {
    describe(kind, () => {
      for (const row of rows) test(`${row.name} (${row.platform})`, () => checkRow(workshop, row));
    });
  }
});

function wrongMachine(): string | false {
  return process.arch === "x64" ? false : "the native compiler has to be that of amd64";
}
