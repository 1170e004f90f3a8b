import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import type { BaseName } from "../bed/base/recipes.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import type { BuildkitNode } from "../bed/buildkit.ts";
import type { DockerEngine } from "../bed/docker.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";

const run = promisify(execFile);
const needs = ["registry", "buildkit", "docker", "qemu", "bases", "crane"] as const;
const platforms = ["linux/amd64", "linux/arm64"] as const;
const machines = { "linux/amd64": "x86_64", "linux/arm64": "aarch64" } as const;

/** Says in C what machine it runs on. */
const uname =
  "#include <stdio.h>\n#include <sys/utsname.h>\nint main(void) { struct utsname u; uname(&u); puts(u.machine); return 0; }\n";

interface Sample {
  readonly title: string;
  readonly bases: readonly BaseName[];
  readonly files: Readonly<Record<string, string>>;
  /** A line of the Dockerfile that the rewrite must have made. */
  readonly has: RegExp;
}

const samples: readonly Sample[] = [
  {
    title: "Go",
    bases: ["golang", "debian"],
    files: {
      "go.mod": "module example.org/app\n\ngo 1.19\n",
      "main.go":
        'package main\n\nimport (\n\t"fmt"\n\t"runtime"\n)\n\nfunc main() {\n\tfmt.Println(map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH])\n}\n',
      Dockerfile:
        "FROM golang AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/app .\n\nFROM debian:bookworm-slim\nCOPY --from=build /out/app /usr/local/bin/app\n",
    },
    has: /^RUN GOOS=\$TARGETOS GOARCH=\$TARGETARCH go build -o \/out\/app \.$/m,
  },
  {
    title: "Go with C",
    bases: ["golang", "debian"],
    files: {
      "go.mod": "module example.org/app\n\ngo 1.19\n",
      "main.go":
        'package main\n\n// #include <stdio.h>\n// #include <sys/utsname.h>\n// static void tell(void) { struct utsname u; uname(&u); puts(u.machine); fflush(stdout); }\nimport "C"\n\nfunc main() {\n\tC.tell()\n}\n',
      Dockerfile:
        "FROM golang AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/app .\n\nFROM debian:bookworm-slim\nCOPY --from=build /out/app /usr/local/bin/app\n",
    },
    has: /CGO_ENABLED=1 CC="\$triplet-gcc" go build/,
  },
  {
    title: "Rust",
    bases: ["rust", "debian"],
    files: {
      "Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n',
      "src/main.rs": 'fn main() {\n    println!("{}", std::env::consts::ARCH);\n}\n',
      Dockerfile:
        "FROM rust AS build\nWORKDIR /src\nCOPY . .\nRUN cargo build --release --offline\n\nFROM debian:bookworm-slim\nCOPY --from=build /src/target/release/app /usr/local/bin/app\n",
    },
    has: /CARGO_BUILD_TARGET="\$target"/,
  },
  {
    title: "C with configure and make",
    bases: ["golang", "debian"],
    files: {
      "app.c": uname,
      configure:
        '#!/bin/sh\nhost=\nfor word; do case "$word" in --host=*) host="${word#--host=}-" ;; esac; done\necho "CC = ${host}gcc" > config.mk\n',
      Makefile: "include config.mk\napp: app.c\n\t$(CC) -O2 -o app app.c\n",
      Dockerfile:
        "FROM golang AS build\nWORKDIR /src\nCOPY . .\nRUN sh ./configure --prefix=/usr && make\n\nFROM debian:bookworm-slim\nCOPY --from=build /src/app /usr/local/bin/app\n",
    },
    has: /make CC="\$triplet-gcc"$/m,
  },
  {
    title: "C by the compiler alone",
    bases: ["golang", "debian"],
    files: {
      "app.c": uname,
      Dockerfile:
        "FROM golang AS build\nCOPY app.c /src/app.c\nRUN gcc -O2 -o /app /src/app.c\n\nFROM debian:bookworm-slim\nCOPY --from=build /app /usr/local/bin/app\n",
    },
    has: /"\$triplet-gcc" -O2 -o \/app/,
  },
];

describe("emulated compile stages, rewritten to cross-compile", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let registry: Registry;
  let node: BuildkitNode;
  let docker: DockerEngine;

  before(async () => {
    bed = await startBed({ need: needs });
    registry = await bed.registry();
    node = await bed.buildkit("a");
    docker = await bed.docker();
  });
  after(() => bed.stop());

  for (const { title, bases, files, has } of samples) {
    test(`${title}: the rewrite is made only when it is asked for, is cross-compiled, and runs on both platforms`, async () => {
      for (const base of bases) await bed.base(base);
      await using place = await workplace(bed, { mirror: registry.host });
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(place.dir, path)), { recursive: true });
        await writeFile(join(place.dir, path), text);
      }
      const options = { cwd: place.dir, env: { ...place.env, BUILDKIT_HOST: node.endpoint } };
      const plain = await archway(["check", ".", "--offline", "--fix"], options);
      assert.notEqual(plain.code, 2, plain.stderr);
      assert.equal(await readFile(join(place.dir, "Dockerfile"), "utf8"), files["Dockerfile"]);

      const fixed = await archway(["check", ".", "--offline", "--fix=emulated-compile"], options);
      assert.equal(fixed.code, 0, fixed.stdout + fixed.stderr);
      const dockerfile = await readFile(join(place.dir, "Dockerfile"), "utf8");
      assert.match(dockerfile, /^FROM --platform=\$BUILDPLATFORM /);
      assert.match(dockerfile, has);

      const image = `${registry.host}/samples/cross:${title.toLowerCase().replaceAll(/\W+/g, "-")}`;
      const built = await archway(
        [
          "build",
          ".",
          "--platform",
          platforms.join(","),
          "-t",
          image,
          "--push",
          "--format",
          "json",
          "--progress",
          "plain",
        ],
        options,
      );
      assert.equal(built.code, 0, built.stderr);
      const result = JSON.parse(built.stdout) as { platforms: { strategy: string; verdict: string }[] };
      assert.deepEqual(
        result.platforms.map(({ verdict }) => verdict),
        ["pass", "pass"],
      );
      assert.equal(result.platforms[1]?.strategy, "cross");
      for (const platform of platforms) {
        const digest = await run("crane", ["digest", "--insecure", "--platform", platform, image], { env: bed.env });
        const reference = `${image.replace(/:[^:/]+$/, "")}@${digest.stdout.trim()}`;
        const { stdout } = await run("docker", ["run", "--rm", "--platform", platform, reference, "app"], {
          env: docker.env,
        });
        assert.equal(stdout.trim(), machines[platform]);
      }
    });
  }
});
