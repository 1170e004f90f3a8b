import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import type { DockerEngine } from "../bed/docker.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";

const run = promisify(execFile);
const needs = ["registry", "docker", "qemu", "bases", "compilers", "make"] as const;

interface Listed {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly related: readonly { readonly path: string; readonly line: number }[];
}

/** Every line that findings name: `RULE PATH:LINE`, related lines with the rule of their finding. */
function linesOf(findings: readonly Listed[]): ReadonlySet<string> {
  return new Set(
    findings.flatMap(({ rule, path, line, related }) => [
      `${rule} ${path}:${line}`,
      ...related.map((place) => `${rule} ${place.path}:${place.line}`),
    ]),
  );
}

/** What `check` must find in a scenario, offline: all defects that the texts tell, and those that their authors missed. */
const seeds: Readonly<Record<string, readonly string[]>> = {
  "check-typha": [
    "base-image-missing-platform docker-image/Dockerfile:1",
    "copy-arch-path docker-image/Dockerfile:10",
    "copy-arch-path docker-image/Dockerfile:12",
    "build-arg-not-passed Makefile:28",
    "make-arch-branch-missing Makefile:3",
    "per-arch-tag Makefile:13",
    "per-arch-dockerfile Makefile:28",
  ],
  "check-felix": [
    "base-image-missing-platform docker-image/Dockerfile:1",
    "implicit-arch-download docker-image/Dockerfile:8",
    "implicit-arch-download docker-image/Dockerfile:9",
    "x86-only-package docker-image/Dockerfile:10",
    "x86-only-package docker-image/Dockerfile:11",
    "make-arch-branch-missing Makefile:2",
    "per-arch-tag Makefile:14",
    "unqualified-host-binary Makefile:24",
  ],
  "check-cni": [
    ...[3, 4, 5, 6, 7, 8].map((line) => `copy-arch-path Dockerfile:${line}`),
    "dockerignore-hides-arch .dockerignore:1",
    "dockerignore-hides-arch .dockerignore:3",
    "make-arch-branch-missing Makefile:2",
    "build-arg-not-passed Makefile:27",
    "per-arch-tag Makefile:11",
  ],
  "check-iceci": [
    "image-ref-arch-suffixed all-in-one-arm.yaml:14",
    "image-ref-arch-suffixed all-in-one-arm.yaml:19",
    "image-ref-arch-suffixed all-in-one-arm.yaml:21",
    "image-ref-arch-suffixed all-in-one-arm.yaml:36",
    "image-ref-single-arch all-in-one-arm.yaml:39",
    "image-ref-arch-suffixed all-in-one-arm.yaml:41",
  ],
  "check-concourse": [
    "goarch-hardcoded Dockerfile:6",
    "target-not-propagated Dockerfile:24",
    "cgo-cross-without-cc Dockerfile.cgo:7",
    "source-platform-constant registry/main.go:15",
    "source-platform-constant seccomp.json:3",
  ],
};

describe("the defects of the seeds", () => {
  for (const [scenario, expected] of Object.entries(seeds)) {
    test(`${scenario}: one run finds them all`, async () => {
      await using place = await workplace({ env: process.env }, { scenario });
      const { stdout, stderr, code } = await archway(
        ["check", ".", "--offline", "--platform", "linux/amd64,linux/arm64", "--format", "json"],
        { cwd: place.dir, env: place.env },
      );
      assert.notEqual(code, 2, stderr);
      const { findings } = JSON.parse(stdout) as { readonly findings: readonly Listed[] };
      const found = linesOf(findings);
      assert.deepEqual(
        expected.filter((line) => !found.has(line)),
        [],
        `found: ${[...found].join("\n")}`,
      );
    });
  }

  test("the ignore file and the copies of the CNI plugin are repaired together", async () => {
    await using place = await workplace({ env: process.env }, { scenario: "check-cni" });
    const options = { cwd: place.dir, env: place.env };
    const fixed = await archway(["check", ".", "--offline", "--fix"], options);
    assert.notEqual(fixed.code, 2, fixed.stderr);
    const dockerfile = await readFile(join(place.dir, "Dockerfile"), "utf8");
    assert.match(dockerfile, /^ARG TARGETARCH\nADD dist\/\$\{TARGETARCH\}\/calico \/opt\/cni\/bin\/calico$/m);
    assert.doesNotMatch(dockerfile, /amd64/);
    const ignore = await readFile(join(place.dir, ".dockerignore"), "utf8");
    for (const name of ["calico", "calico-ipam", "flannel", "loopback", "host-local", "portmap"]) {
      assert.ok(ignore.includes(`!dist/arm64/${name}\n`), ignore);
    }
  });
});

describe("Typha, repaired and built by its own Makefile", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let registry: Registry;
  let docker: DockerEngine;

  before(async () => {
    bed = await startBed({ need: needs });
    registry = await bed.registry();
    docker = await bed.docker();
  });
  after(() => bed.stop());

  test("one --fix, then make builds it for arm64 and amd64 with the architecture as an argument", async () => {
    await bed.base("alpine");
    await using place = await workplace(bed, { scenario: "check-typha", mirror: registry.host });
    const options = { cwd: place.dir, env: place.env };
    const fixed = await archway(["check", ".", "--fix"], options);
    assert.notEqual(fixed.code, 2, fixed.stderr);
    assert.match(fixed.stdout + fixed.stderr, /4 findings/);

    const file = join(place.dir, "docker-image", "Dockerfile");
    const dockerfile = await readFile(file, "utf8");
    assert.match(dockerfile, /^FROM alpine:3\.6$/m);
    // The registry of the bed stands for Docker Hub, and a program in C for the one that make compiles. tini would come from the network.
    const local = dockerfile
      .replace(/^FROM alpine:3\.6$/m, `FROM ${registry.host}/library/alpine:3.6`)
      .replace(/^RUN apk add .*\n/m, "");
    await writeFile(file, local);
    await mkdir(join(place.dir, "bin"));
    // Stands for Typha: it says what machine it runs on.
    const source =
      "#include <stdio.h>\n#include <sys/utsname.h>\nint main(void) { struct utsname u; uname(&u); puts(u.machine); }\n";
    await writeFile(join(place.dir, "typha.c"), source);
    for (const [architecture, compiler] of [
      ["amd64", "x86_64-linux-gnu-gcc"],
      ["arm64", "aarch64-linux-gnu-gcc"],
    ] as const) {
      const program = join(place.dir, "bin", `calico-typha-${architecture}`);
      await run(compiler, ["-static", "-o", program, join(place.dir, "typha.c")]);
      // Newer than its source, so that make takes it as it is.
      await run("touch", ["-d", "+1 minute", program]);
      const made = await run("make", [`ARCH=${architecture}`, "calico/typha"], {
        cwd: place.dir,
        env: { ...docker.env, PATH: `${docker.env["PATH"] ?? ""}:/usr/bin:/bin` },
      });
      assert.match(made.stdout, new RegExp(`--build-arg TARGETARCH=${architecture} `));
      const { stdout } = await run(
        "docker",
        ["run", "--rm", "--platform", `linux/${architecture}`, "--entrypoint", "/usr/bin/calico-typha", "calico/typha"],
        { env: docker.env },
      );
      assert.equal(stdout.trim(), architecture === "amd64" ? "x86_64" : "aarch64");
    }
  });
});
