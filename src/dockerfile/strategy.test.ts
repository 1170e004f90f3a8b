import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPlatform, parsePlatform, samePlatform } from "../platform/platform.ts";
import { evaluateDockerfile } from "./evaluate.ts";
import { parseDockerfile } from "./parse.ts";
import { stageStrategies, type StageStrategy } from "./strategy.ts";

/** The stages of a build for `platform` on an amd64 node that runs nothing else. */
function strategies(text: string, platform = "linux/arm64"): StageStrategy[] {
  const dockerfile = parseDockerfile(text);
  const amd64 = parsePlatform("linux/amd64");
  const evaluation = evaluateDockerfile(dockerfile, { targetPlatform: parsePlatform(platform), buildPlatform: amd64 });
  return stageStrategies(dockerfile, evaluation, (each) => samePlatform(each, amd64));
}

function only(text: string, platform?: string): StageStrategy {
  return strategies(text, platform).at(-1) ?? assert.fail();
}

/** The languages that a RUN compiles, in a stage from `base`. */
function languages(run: string, base = "debian"): string[] {
  return only(`FROM ${base}\n${run}`).compiles.map(({ language }) => language);
}

describe("stageStrategies", () => {
  const text = [
    "FROM --platform=$BUILDPLATFORM golang:1 AS build",
    "ARG TARGETOS TARGETARCH",
    "RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app",
    "FROM alpine AS unused",
    "RUN make",
    "FROM alpine",
    "RUN apk add curl",
    "COPY --from=build /app /app",
  ].join("\n");

  it("tells native, cross and emulated stages, of those that are needed", () => {
    const seen = (platform: string): unknown[] =>
      strategies(text, platform).map(({ stage, strategy, runs }) => [stage.label, strategy, runs]);
    assert.deepEqual(seen("linux/arm64"), [
      ["build", "cross", 1],
      ["stage-2", "emulated", 1],
    ]);
    assert.deepEqual(seen("linux/amd64"), [
      ["build", "native", 1],
      ["stage-2", "native", 1],
    ]);
  });

  it("says that a cross stage uses the target", () => {
    const [build] = strategies(text);
    assert.equal(build?.target, "used");
    assert.equal(build.suspicious, undefined);
    assert.deepEqual(build.compiles, [
      {
        language: "go",
        program: "go",
        text: "GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app",
        line: 3,
        makesProgram: true,
        choosesTarget: true,
      },
    ]);
  });

  it("suspects a cross stage that compiles and knows no target, when its files are used", () => {
    const ignoring = (run: string, more = ""): string =>
      `FROM --platform=$BUILDPLATFORM golang AS build\n${run}\nFROM build AS test\nFROM scratch\nCOPY --from=build /a /a${more}`;
    const suspicion = (run: string): string | undefined => strategies(ignoring(run))[0]?.suspicious;
    assert.match(
      suspicion("RUN go build -o /a") ?? "",
      /build compiles on linux\/amd64 \(line 2: go build.*not for linux\/arm64/,
    );
    assert.match(suspicion("ARG TARGETARCH\nRUN cargo build") ?? "", /cargo build/);
    for (const fine of [
      "ARG TARGETARCH\nRUN make",
      "ARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build",
      "ARG TARGETPLATFORM\nRUN xx-go build",
      "ARG TARGETARCH\nRUN cargo build --target $(./triple.sh)",
      "ARG TARGETARCH\nENV GOARCH=$TARGETARCH\nRUN go build",
      "RUN go test ./...",
      "RUN npm ci",
      "RUN mvn package",
      "RUN echo",
    ]) {
      assert.equal(suspicion(fine), undefined, fine);
    }
    const unused =
      "FROM --platform=$BUILDPLATFORM golang AS build\nRUN go build\nFROM scratch\nRUN --mount=from=build,target=/x y";
    assert.equal(strategies(unused)[0]?.suspicious, undefined);
    const byName = ignoring("RUN go build").replace("golang AS", "golang-$TARGETARCH AS");
    assert.equal(strategies(byName)[0]?.suspicious, undefined);
  });

  it("hints how to cross-compile what is emulated, in lines that hold in a Dockerfile", () => {
    const hint = only("FROM golang:1.24 AS app\nRUN go build -o /app .\n").hint ?? "";
    assert.match(hint, /^FROM --platform=\$BUILDPLATFORM golang:1.24 AS app\nARG TARGETOS TARGETARCH TARGETVARIANT\n/);
    assert.match(hint, /GOARM=\$\{TARGETVARIANT#v\} go build/);
    for (const run of [
      "CGO_ENABLED=1 go build",
      "cargo build",
      "gcc a.c",
      "npm ci",
      "pip wheel .",
      "mvn package",
      "dotnet build",
      "mix compile",
    ]) {
      for (const base of ["debian", "alpine:3"]) {
        const stage = only(`FROM ${base}\nRUN ${run}`);
        const lines = stage.hint ?? assert.fail(run);
        parseDockerfile(lines.startsWith("FROM") ? lines : `FROM ${base}\n${lines}`);
        assert.equal(/\bapk\b/.test(lines) && base === "debian", false);
      }
    }
    assert.equal(only("FROM alpine\nRUN apk add curl").hint, undefined);
    assert.equal(only("FROM golang\nRUN go build", "linux/amd64").hint, undefined);
  });

  it("cross-compiles with its own hint", () => {
    const hint = only("FROM golang:1.24 AS app\nRUN go build -o /app .\n").hint ?? "";
    const [build] = strategies(`${hint}\nFROM scratch\nCOPY --from=app /out/app /app\n`, "linux/arm/v7");
    assert.deepEqual([build?.strategy, build?.target, build?.suspicious], ["cross", "used", undefined]);
    const run = build?.stage.instructions.at(-1);
    assert.equal(run?.environment.get("TARGETVARIANT"), "v7");
    assert.equal(formatPlatform(build?.stage.platform ?? assert.fail()), "linux/amd64");
  });
});

describe("what compiles", () => {
  const cases: readonly (readonly [run: string, ...languages: string[]])[] = [
    ["RUN go mod download && go build ./...", "go"],
    ["RUN go version && go env"],
    ["RUN CGO_ENABLED=1 go build", "go-cgo"],
    ["ENV CGO_ENABLED=1\nRUN go install x@latest", "go-cgo"],
    ["RUN cargo build --release && cargo --version", "rust"],
    ["RUN cargo chef prepare && cargo chef cook", "rust"],
    ["RUN ./configure && make -j4 && make install", "native", "native", "native"],
    ["RUN gcc --version; aarch64-linux-gnu-gcc -o a a.c; g++-12 b.cc", "native", "native"],
    ["RUN cmake -B build && cmake --build build", "native", "native"],
    ["RUN npm ci && npm run lint", "node"],
    ["RUN yarn --frozen-lockfile", "node"],
    ["RUN yarn test"],
    ["RUN pip install requests"],
    ["RUN apt-get install -y gcc python3-dev && pip3 install -r r.txt", "python"],
    ["RUN pip install --no-binary :all: x && python setup.py install", "python", "python"],
    ["RUN apk add build-base && pip install --only-binary=:all: x"],
    ["RUN ./mvnw -q package", "java"],
    ["RUN ./gradlew build", "java"],
    ["RUN dotnet publish -c Release", "dotnet"],
    ["RUN dotnet --info"],
    ["RUN bundle install", "other"],
    ['RUN ["make", "all"]', "native"],
    ['RUN ["sh", "-c", "cargo build"]', "rust"],
    ["RUN <<EOF\ncd src\nmake\nEOF", "native"],
    ["RUN <<EOF bash -e\nmake\nEOF", "native"],
    ["RUN bash <<EOF\nmake\nEOF", "native"],
    ["RUN python3 <<EOF\nmake\nEOF"],
    ["RUN <<EOF python3\nmake\nEOF"],
    ["RUN <<EOF\n#!/usr/bin/env python3\nmake\nEOF"],
    ["RUN apt-get install -y make gcc"],
    ["RUN echo 'make && go build'"],
    ["RUN if true; then (cd x; go build); fi", "go"],
  ];
  for (const [run, ...expected] of cases) {
    it(JSON.stringify(run), () => assert.deepEqual(languages(run), expected));
  }

  it("takes make for what the base image is for", () => {
    assert.deepEqual(languages("RUN make", "docker.io/library/golang:1.24-alpine"), ["go"]);
    assert.deepEqual(languages("RUN make", "rust"), ["rust"]);
  });

  it("knows the line of a command in a script over several lines", () => {
    const text = "FROM golang\nRUN set -e; \\\n  # first\n  go vet && \\\n  go build\nRUN <<EOF\n\ngo build x\nEOF";
    assert.deepEqual(
      only(text).compiles.map(({ line }) => line),
      [5, 8],
    );
  });
});
