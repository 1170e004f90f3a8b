import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatform } from "../../platform/platform.ts";
import { findingsIn, type KnownFacts } from "../test-check.ts";

/** What is found that weighs more than a note, as `RULE PATH`. */
async function weighty(files: Readonly<Record<string, string>>, facts: KnownFacts = {}): Promise<string[]> {
  const findings = await findingsIn(files, { facts });
  return findings.filter(({ severity }) => severity !== "note").map(({ rule, path }) => `${rule} ${path}`);
}

const amd64Alone = { images: { "example/old:1": { platforms: [parsePlatform("linux/amd64")] } } };

test("a loop over architectures gets and builds what each of them needs", async () => {
  const makefile = [
    "ARCHES := amd64 arm arm64",
    "get:",
    "\tfor arch in $(ARCHES); do curl -fLO https://example.org/tool_linux_$${arch}.tgz; done",
    "image:",
    "\tfor arch in $(ARCHES); do \\",
    "\t  cp Dockerfile build/$${arch}; \\",
    "\t  docker build --platform=linux/$${arch} -t example/tool:$${arch}-1 build/$${arch}; \\",
    "\t  docker push example/tool:$${arch}-1; \\",
    "\tdone",
    "tool:",
    "\tgo build -o tool .",
    "ifdef RELEASE",
    "join:",
    "\tdocker manifest create example/tool:1 example/tool:amd64-1 example/tool:arm64-1",
    "endif",
  ].join("\n");
  assert.deepEqual(await weighty({ Makefile: makefile, Dockerfile: "FROM scratch\nCOPY tool /tool\n" }), []);
  assert.deepEqual(
    await weighty({
      Makefile: "get:\n\tfor arch in amd64; do curl -fLO https://example.org/tool_linux_$${arch}.tgz; done\n",
    }),
    ["hardcoded-arch-download Makefile"],
  );
});

test("a sum that a branch prints was chosen by the platform", async () => {
  const sums = ["a", "b"].map((letter) => letter.repeat(64));
  const run = (check: string): string =>
    `FROM debian\nARG TARGETARCH\nRUN curl -fLo /tool https://example.org/tool_linux_\${TARGETARCH} && ${check} | sha256sum -c -\n`;
  const chosen = `case "\${TARGETARCH}" in amd64) echo '${sums[0] ?? ""}  /tool' ;; arm64) echo '${sums[1] ?? ""}  /tool' ;; esac`;
  assert.deepEqual(await weighty({ Dockerfile: run(chosen) }), []);
  assert.deepEqual(await weighty({ Dockerfile: run(`echo '${sums[0] ?? ""}  /tool'`) }), [
    "single-arch-checksum Dockerfile",
  ]);
});

test("GoReleaser gives the arguments of its images", async () => {
  const Dockerfile =
    "FROM debian\nARG ARCH=linux/amd64\nRUN curl -fLo /usr/bin/tool https://example.org/bin/${ARCH}/tool\n";
  const entry = (arch: string): string =>
    `- goarch: ${arch}\n  dockerfile: Dockerfile\n  build_flag_templates:\n  - "--build-arg=ARCH=linux/{{ .Arch }}"\n  - "--platform=linux/${arch}"\n`;
  assert.deepEqual(
    await weighty({ Dockerfile, ".goreleaser.yml": `dockers:\n${entry("amd64")}${entry("arm64")}` }),
    [],
  );
  assert.notDeepEqual(await weighty({ Dockerfile }), []);
});

test("packages of npm for one processor each stand beside each other", async () => {
  const named = (cpu: string): string =>
    JSON.stringify({
      name: `@me/linux-${cpu}`,
      cpu: [cpu],
      optionalDependencies: { [`@me/lib-linux-${cpu}`]: "1.0.0" },
    });
  assert.deepEqual(
    await weighty({ "npm/linux-x64/package.json": named("x64"), "npm/linux-arm64/package.json": named("arm64") }),
    [],
  );
  assert.deepEqual(await weighty({ "package.json": JSON.stringify({ name: "me", cpu: ["x64"] }) }), [
    "npm-native-no-arm64 package.json",
  ]);
});

test("selectors that name no processor, and fixtures, are no mistakes", async () => {
  const pod = (arch: string): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  nodeSelector:\n    kubernetes.io/arch: "${arch}"\n  containers:\n  - image: example/app:1\n`;
  assert.deepEqual(await weighty({ "a.yaml": pod("no-such-arch"), "b.yaml": pod("{{inputs.parameters.arch}}") }), []);
  assert.deepEqual(await weighty({ "a.yaml": pod("amd64") }), ["k8s-arch-pinned a.yaml"]);
  const old = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - image: example/old:1\n";
  const found = await weighty({ "pkg/testdata/a.yaml": old }, amd64Alone);
  assert.deepEqual(found, []);
  assert.ok((await weighty({ "a.yaml": old }, amd64Alone)).includes("image-ref-single-arch a.yaml"));
  assert.deepEqual(
    await weighty({ "docker-compose.yml": "services:\n  a:\n    image: busybox\n    platform: linux/s390x\n" }),
    [],
  );
});

test("stages that are named after architectures are for them", async () => {
  const stage = (arch: string): string =>
    `FROM golang AS build-${arch}\nENV GOOS=linux GOARCH=${arch}\nENV BIN=/out/tool-linux-${arch}\nRUN go build -o "$BIN" .\n`;
  const copies = ["amd64", "arm64"].map((arch) => `COPY --from=build-${arch} /out /out\n`).join("");
  assert.deepEqual(await weighty({ Dockerfile: `${stage("amd64")}${stage("arm64")}FROM scratch\n${copies}` }), []);
  assert.notDeepEqual(
    await weighty({ Dockerfile: `${stage("amd64")}FROM scratch\nCOPY --from=build-amd64 /out /out\n` }),
    [],
  );
});

test("what make and scripts translate from other systems' names", async () => {
  const ladder = (other: string): string =>
    `M := $(shell uname -m)\nifeq ($(M),arm64)\nA := aarch64\nelse\nA := ${other}\nendif\nall:\n\techo $(A)\n`;
  assert.deepEqual(await weighty({ Makefile: ladder("$(M)") }), []);
  assert.deepEqual(await weighty({ Makefile: ladder("x86_64") }), ["arch-token-mismatch Makefile"]);
});

test("an image that goes back to where it came from, and sources that a stage compiles", async () => {
  const pull = "pull:\n\tdocker pull example.org/app:1\n\tdocker tag example.org/app:1 app:1\n";
  const push = (name: string): string => `push:\n\tdocker tag app:1 ${name}\n\tdocker push ${name}\n`;
  assert.deepEqual(await weighty({ Makefile: `${pull}${push("example.org/app:1")}` }), []);
  assert.deepEqual(await weighty({ Makefile: `${pull}${push("example.net/app:1")}` }), [
    "docker-pull-no-platform Makefile",
  ]);
  assert.deepEqual(
    await weighty({
      Makefile: "tool:\n\tgo build -o main/tool ./main\n",
      "main/main.go": "package main\n",
      Dockerfile: "FROM golang\nCOPY main/ main/\nRUN go build -o /tool ./main\n",
    }),
    [],
  );
});

test("what a script is told, and what runs on labelled machines", async () => {
  const script = (own: string): string =>
    `#!/bin/sh\nif [ "$KIND" = arm ]; then\n  image=${own}\nelse\n  image=example/build-x86_64:1\nfi\ndocker run "$image" make\n`;
  assert.deepEqual(await weighty({ "build.sh": script("example/build-aarch64:1") }), []);
  assert.deepEqual(await weighty({ "build.sh": script("example/build-x86_64:2") }), [
    "image-ref-arch-suffixed build.sh",
  ]);
  const drone = (more: string): string =>
    `kind: pipeline\nname: a\nplatform:\n  os: linux\n  arch: amd64\n${more}steps:\n- name: b\n  image: example/tool:1-arm64\n`;
  assert.deepEqual(await weighty({ ".drone.yml": drone("node:\n  arch: arm64\n") }), []);
  const names =
    'all:\n\tfor s in linux-amd64 linux-arm64 linux-armv6; do export GOOS=linux GOARCH=$$(echo $$s | cut -d- -f2); \\\n\tif [ "$$GOARCH" = armv6 ]; then \\\n\tGOARCH=arm; fi; \\\n\tgo build -o tool-$$s .; done\n';
  assert.deepEqual(await weighty({ Makefile: names }), []);
});
