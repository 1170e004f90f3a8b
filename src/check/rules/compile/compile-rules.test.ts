import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckFinding } from "../../check.ts";
import { findingsIn } from "../../test-check.ts";
import { compileRules } from "./compile-rules.ts";

const own = new Set(compileRules.map(({ id }) => id).filter((id) => id !== "emulated-compile"));

async function findings(files: Record<string, string>, platforms = "linux/amd64,linux/arm64"): Promise<CheckFinding[]> {
  return (await findingsIn(files, { platforms })).filter(({ rule }) => own.has(rule));
}

async function found(files: Record<string, string>, platforms?: string): Promise<string[]> {
  const brief = ({ rule, path, line, severity }: CheckFinding): string => `${severity} ${rule} ${path}:${line ?? 0}`;
  return (await findings(files, platforms)).map(brief).toSorted();
}

const image = (build: string, from = "golang:1.24"): string =>
  `FROM ${from} AS build\nWORKDIR /src\n${build}\nFROM scratch\nCOPY --from=build /src/app /app\n`;

test("a fixed GOARCH in a RUN, in ENV and in ARG is found where it is written", async () => {
  assert.deepEqual(await found({ Dockerfile: image("RUN CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o app .") }), [
    "error goarch-hardcoded Dockerfile:3",
  ]);
  assert.deepEqual(await found({ Dockerfile: image("ENV GOARCH=amd64\nCOPY . .\nRUN go build -o app .") }), [
    "error goarch-hardcoded Dockerfile:3",
  ]);
  assert.deepEqual(await found({ Dockerfile: image("RUN export GOARCH=amd64 && \\\n go build -o app .") }), [
    "error goarch-hardcoded Dockerfile:3",
  ]);
  assert.deepEqual(await found({ Dockerfile: image("RUN env GOARCH=arm64 go build -o app .") }), [
    "error goarch-hardcoded Dockerfile:3",
  ]);
  const [finding] = await findings({ Dockerfile: image("RUN GOARCH=amd64 go build -o app .") });
  assert.deepEqual(
    finding?.platforms.map(({ architecture }) => architecture),
    ["arm64"],
  );
  assert.deepEqual(
    finding.problems[0]?.spots?.map(({ text, place }) => [text, place.column]),
    [["amd64", 12]],
  );
});

test("a fixed GOARCH is found in a script that a RUN calls", async () => {
  assert.deepEqual(
    await found({
      Dockerfile: image("COPY . .\nRUN ./hack/build.sh"),
      "hack/build.sh*": "#!/bin/sh\nset -e\nCGO_ENABLED=0 GOARCH=amd64 go build -o app .\n",
    }),
    ["error goarch-hardcoded hack/build.sh:3"],
  );
});

test("guards, TARGETARCH, loops with siblings and other systems raise nothing", async () => {
  for (const build of [
    "ARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build -o app .",
    "RUN go build -o app .",
    "ARG TARGETARCH\nRUN if [ $TARGETARCH = amd64 ]; then GOARCH=amd64 go build -o app .; else GOARCH=arm64 go build -o app .; fi",
    "RUN for arch in amd64 arm64; do GOARCH=$arch go build -o app-$arch .; done",
    "RUN GOOS=windows GOARCH=amd64 go build -o app.exe .",
    "RUN GOOS=darwin GOARCH=amd64 go build -o app-darwin .",
    "RUN GOARCH=$(go env GOARCH) go build -o app .",
    "RUN GOARCH=$(dpkg --print-architecture) go build -o app .",
    "RUN GOARCH=amd64 go version",
  ])
    assert.deepEqual(await found({ Dockerfile: image(build) }), [], build);
  assert.deepEqual(await found({ Dockerfile: image("RUN GOARCH=amd64 go build -o app .") }, "linux/amd64"), []);
  assert.deepEqual(await found({ "Dockerfile.arm64": image("RUN GOARCH=arm64 go build -o app .") }), []);
});

test("recipes and scripts on somebody's machine are warnings, and release lists nothing", async () => {
  assert.deepEqual(await found({ Makefile: "build:\n\tGOOS=linux GOARCH=amd64 go build -o bin/app .\n" }), [
    "warning goarch-hardcoded Makefile:2",
  ]);
  assert.deepEqual(
    await found({ Makefile: "GOARCH ?= amd64\nbuild:\n\tGOOS=linux GOARCH=$(GOARCH) go build -o bin/app .\n" }),
    [],
  );
  assert.deepEqual(
    await found({
      Makefile:
        "amd:\n\tGOOS=linux GOARCH=amd64 go build -o bin/app-amd64 .\narm:\n\tGOOS=linux GOARCH=arm64 go build -o bin/app-arm64 .\n",
    }),
    [],
  );
  assert.deepEqual(await found({ Makefile: "w:\n\tGOOS=windows GOARCH=amd64 go build -o bin/app.exe .\n" }), []);
});

test("cross compilers of one architecture are found with their installation", async () => {
  const [finding, ...more] = await findings({
    Dockerfile: image(
      "RUN apt-get update && apt-get install -y gcc-arm-linux-gnueabihf\nENV CC=arm-linux-gnueabihf-gcc \\\n  CGO_ENABLED=1 \\\n  GOARCH=arm\nRUN go build -o app .",
    ),
  });
  assert.deepEqual(more, []);
  assert.equal(finding?.rule, "goarch-hardcoded");
  assert.equal(finding.line, 6);
  assert.deepEqual(
    finding.related.map(({ line }) => line).toSorted((a, b) => a - b),
    [3, 4, 7],
  );
  assert.deepEqual(await found({ Dockerfile: image("RUN make CC=x86_64-linux-gnu-gcc", "debian:12") }), [
    "error goarch-hardcoded Dockerfile:3",
  ]);
});

test("options of other build tools", async () => {
  for (const build of [
    "RUN dotnet publish -r linux-x64 -o app",
    "RUN cmake -DCMAKE_SYSTEM_PROCESSOR=x86_64 .",
    "RUN ./configure --host=x86_64-linux-gnu && make",
  ])
    assert.deepEqual(
      await found({ Dockerfile: image(build, "debian:12") }),
      ["error goarch-hardcoded Dockerfile:3"],
      build,
    );
  for (const build of [
    'RUN ./configure --build="$(dpkg-architecture --query DEB_BUILD_GNU_TYPE)"',
    "RUN gox -osarch=linux/amd64 -osarch=linux/arm64",
    "RUN dotnet publish -c Release -o app",
    "ARG TARGETARCH\nRUN dotnet publish -a $TARGETARCH",
  ])
    assert.deepEqual(await found({ Dockerfile: image(build, "debian:12") }), [], build);
});

test("a stage on the build platform has to pass the target on", async () => {
  const build = "--platform=$BUILDPLATFORM golang:1.24";
  assert.deepEqual(await found({ Dockerfile: image("RUN CGO_ENABLED=0 go build -o app .", build) }), [
    "error target-not-propagated Dockerfile:3",
  ]);
  for (const good of [
    "ARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build -o app .",
    "ARG TARGETARCH\nENV GOARCH=$TARGETARCH\nRUN go build -o app .",
    "RUN go install example.com/tool@v1.2.3",
    "RUN go build -o /tools/generator ./gen",
    "RUN go test ./...",
    "COPY --from=tonistiigi/xx / /\nARG TARGETPLATFORM\nRUN xx-go build -o app .",
    "RUN GOOS=windows go build -o app .",
  ])
    assert.deepEqual(await found({ Dockerfile: image(good, build) }), [], good);
  assert.deepEqual(await found({ Dockerfile: image("RUN go build -o app .") }), []);
  assert.deepEqual(
    await found({
      Dockerfile:
        "FROM --platform=$BUILDPLATFORM rust:1 AS build\nRUN cargo build --release\nFROM debian\nCOPY --from=build /app/target/release/app /app\n",
    }),
    ["error target-not-propagated Dockerfile:2"],
  );
});

test("a stage that compiles for the machine among siblings that cross-compile", async () => {
  const cross = "FROM golang:1 AS cross\nENV GOARCH=arm GOARM=7\n";
  const stage = (name: string, from: string): string =>
    `FROM ${from} AS ${name}\nRUN go build -o /out/${name} ./${name}\n`;
  const copies = ["a", "b", "c"].map((name) => `COPY --from=${name} /out/${name} /${name}\n`).join("");
  const file = (last: string): string =>
    `${cross}${stage("a", "cross")}${stage("b", "cross")}${stage("c", last)}FROM alpine\n${copies}`;
  const lines = await found({ Dockerfile: file("golang:1") });
  assert.ok(lines.includes("error target-not-propagated Dockerfile:7"), lines.join());
  assert.ok(!(await found({ Dockerfile: file("cross") })).some((line) => line.includes("target-not-propagated")));
});

test("a fixed target of Rust is found with the lines that repeat it", async () => {
  const rust = (build: string, folder: string): string =>
    `FROM rust:1 AS build\nWORKDIR /app\n${build}\nFROM debian\nCOPY --from=build /app/${folder}/app /app\n`;
  const triple = "x86_64-unknown-linux-musl";
  const [finding, ...more] = await findings({
    Dockerfile: rust(
      `RUN rustup target add ${triple}\nRUN cargo build --release --target ${triple}`,
      `target/${triple}/release`,
    ),
  });
  assert.deepEqual(more, []);
  assert.equal(finding?.rule, "rust-target-hardcoded");
  assert.equal(finding.line, 4);
  assert.deepEqual(
    finding.related.map(({ line }) => line).toSorted((a, b) => a - b),
    [3, 6],
  );
  assert.deepEqual(
    await found({ Dockerfile: rust(`ENV CARGO_BUILD_TARGET=${triple}\nRUN cargo build --release`, "target") }),
    ["error rust-target-hardcoded Dockerfile:3"],
  );
  assert.deepEqual(
    await found({
      Dockerfile: rust("COPY . .\nRUN cargo build --release", "target"),
      ".cargo/config.toml": `[build]\ntarget = "${triple}"\n`,
    }),
    ["error rust-target-hardcoded .cargo/config.toml:2"],
  );
  for (const good of [
    "RUN cargo build --release",
    "RUN cargo build --release --target $(uname -m)-unknown-linux-musl",
    "RUN cargo build --target wasm32-unknown-unknown",
    'ARG TARGETARCH\nRUN case $TARGETARCH in amd64) t=x86_64;; arm64) t=aarch64;; esac; cargo build --target "$t-unknown-linux-gnu"',
    `RUN cargo build --target ${triple} && cargo build --target aarch64-unknown-linux-musl`,
  ])
    assert.deepEqual(await found({ Dockerfile: rust(good, "target") }), [], good);
});

test("a table of triples is not the mistake: what was looked up in it is", async () => {
  assert.deepEqual(
    await found({
      Dockerfile:
        "FROM rust:1 AS build\nARG TARGETARCH=amd64\nCOPY . .\nRUN cargo build --target $(sh triple.sh)\nFROM debian\nCOPY --from=build /app /app\n",
      "triple.sh":
        "case $TARGETARCH in\n  amd64) echo x86_64-unknown-linux-gnu;;\n  arm64) echo aarch64-unknown-linux-gnu;;\nesac\n",
    }),
    [],
  );
});

test("cgo needs a C compiler of the target", async () => {
  const build = (run: string): string => image(`ARG TARGETARCH\n${run}`, "--platform=$BUILDPLATFORM golang:1.24");
  assert.deepEqual(await found({ Dockerfile: build("RUN CGO_ENABLED=1 GOARCH=$TARGETARCH go build -o app .") }), [
    "error cgo-cross-without-cc Dockerfile:4",
  ]);
  // Right on builders with amd64 alone.
  assert.deepEqual(
    await found({
      Dockerfile: build(
        "RUN if [ $TARGETARCH = arm64 ]; then CC=aarch64-linux-gnu-gcc; else CC=; fi; CGO_ENABLED=1 GOARCH=$TARGETARCH CC=$CC go build -o app .",
      ),
    }),
    ["warning cgo-cross-without-cc Dockerfile:4"],
  );
  assert.deepEqual(
    await found({
      Dockerfile: build(
        "RUN if [ $TARGETARCH = arm64 ]; then CC=aarch64-linux-gnu-gcc; fi; CGO_ENABLED=1 GOARCH=$TARGETARCH CC=$CC go build -o app .",
      ),
    }),
    ["warning cgo-cross-without-cc Dockerfile:4"],
  );
  for (const good of [
    "RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o app .",
    "RUN CGO_ENABLED=1 xx-go build -o app .",
    "RUN if [ $TARGETARCH = arm64 ]; then CC=aarch64-linux-gnu-gcc; else CC=x86_64-linux-gnu-gcc; fi; CGO_ENABLED=1 GOARCH=$TARGETARCH CC=$CC go build -o app .",
    'RUN CGO_ENABLED=1 GOARCH=$TARGETARCH CC="zig cc -target $TARGETARCH-linux" go build -o app .',
  ])
    assert.deepEqual(await found({ Dockerfile: build(good) }), [], good);
  assert.deepEqual(await found({ Dockerfile: image("RUN CGO_ENABLED=1 go build -o app .") }), []);
});

test("options of x86 compilers", async () => {
  const build = (run: string): string => `FROM debian:12\n${run}\n`;
  for (const bad of [
    "RUN gcc -m64 -o app app.c",
    'RUN CFLAGS="-O2 -mavx2" make',
    "ENV CXXFLAGS=-march=haswell\nRUN make",
    "RUN cmake -DCMAKE_C_FLAGS=-msse4.2 .",
    'RUN RUSTFLAGS="-C target-cpu=x86-64-v3" cargo build',
    "RUN make CFLAGS=-mtune=skylake",
  ])
    assert.deepEqual(await found({ Dockerfile: build(bad) }), ["error x86-compiler-flag Dockerfile:2"], bad);
  assert.deepEqual(await found({ Dockerfile: build("RUN gcc -march=native -o app app.c") }), [
    "warning x86-compiler-flag Dockerfile:2",
  ]);
  for (const good of [
    "RUN if [ $(uname -m) = x86_64 ]; then make CFLAGS=-mavx2; else make; fi",
    'RUN case $(uname -m) in x86_64) f=-msse4.2;; *) f=;; esac; CFLAGS="$f" make',
    "RUN gcc -march=armv8-a -o app app.c",
    "RUN mkdir -m755 /a && install -m 644 a b && useradd -m app",
    "RUN echo -m64 > notes && sed -i s/-mavx2// Makefile",
    "RUN python3 -m pip install x",
    "RUN gcc -mabi=lp64 -o app app.c",
  ])
    assert.deepEqual(await found({ Dockerfile: build(good) }), [], good);
  assert.deepEqual(await found({ Dockerfile: build("RUN gcc -m64 -o app app.c") }, "linux/amd64"), []);
});

test("jemalloc, hosts and constants in sources are notes", async () => {
  const cargo = '[dependencies]\ntikv-jemallocator = "0.5"\n';
  assert.deepEqual(
    await found({ "Cargo.toml": cargo, Dockerfile: "FROM rust:1\nCOPY . .\nRUN cargo build --release\n" }),
    ["note page-size-assumption Dockerfile:3"],
  );
  assert.deepEqual(
    await found({
      "Cargo.toml": cargo,
      Dockerfile: "FROM rust:1\nCOPY . .\nENV JEMALLOC_SYS_WITH_LG_PAGE=16\nRUN cargo build --release\n",
    }),
    [],
  );
  assert.deepEqual(await found({ Makefile: "app:\n\tCGO_ENABLED=0 GOOS=linux go build -o bin/app .\n" }), [
    "note goarch-implicit-host Makefile:2",
  ]);
  assert.deepEqual(
    await found({
      "pkg/registry/pull.go": 'package registry\n\nvar p = v1.Platform{\n\tOS: "linux", Architecture: "amd64",\n}\n',
      "seccomp.go":
        "package a\n\nvar s = specs.Seccomp{Architectures: []specs.Arch{\n\tspecs.ArchX86_64,\n\tspecs.ArchX86,\n}}\n",
      "image/good.go":
        "package a\n\nvar p = v1.Platform{Architecture: runtime.GOARCH}\nvar s = []specs.Arch{specs.ArchX86_64, specs.ArchAARCH64} // amd64\n",
      "registry/pull_test.go": 'package a\n\nvar p = v1.Platform{Architecture: "amd64"}\n',
    }),
    ["note source-platform-constant pkg/registry/pull.go:3", "note source-platform-constant seccomp.go:3"],
  );
});
