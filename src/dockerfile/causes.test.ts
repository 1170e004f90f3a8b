import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import { parsePlatform } from "../platform/platform.ts";
import { architecturesIn, foreignName } from "./architecture-name.ts";
import { suspects, type WrongFile } from "./causes.ts";
import { evaluateDockerfile } from "./evaluate.ts";
import { traceFile } from "./file-origin.ts";
import { parseDockerfile } from "./parse.ts";
import type { Suspect } from "./suspect.ts";

interface Options extends WrongFile {
  readonly platform?: string;
  readonly buildArgs?: Record<string, string>;
}

/** What is suspected in a build for arm64 on an amd64 node. */
function suspected(text: string, { platform = "linux/arm64", buildArgs = {}, ...file }: Options = {}): Suspect[] {
  const dockerfile = parseDockerfile(text);
  const evaluation = evaluateDockerfile(dockerfile, {
    targetPlatform: parsePlatform(platform),
    buildPlatform: parsePlatform("linux/amd64"),
    buildArgs,
  });
  return suspects(dockerfile, evaluation, file);
}

/** `CODE LINE` of the first suspect. */
function first(text: string, options?: Options): string {
  const [suspect] = suspected(text, options);
  return suspect === undefined ? "none" : `${suspect.code} ${suspect.line}`;
}

const finalStage = "FROM alpine\nCOPY --from=build /out/app /usr/bin/app\n";

/** Dockerfiles that make the wrong file silently: what, text, wrong file, expected first suspect, words of its text. */
const failures: readonly (readonly [what: string, text: string, path: string, expected: string, says: RegExp])[] = [
  [
    "final stage on the build platform",
    "FROM golang AS build\nRUN go build -o /out/app\nFROM --platform=$BUILDPLATFORM alpine\nCOPY --from=build /out/app /app",
    "/bin/busybox",
    "S01 3",
    /final stage is on linux\/amd64 \(--platform=\$BUILDPLATFORM\)/,
  ],
  [
    "final stage from one on a constant platform",
    "FROM --platform=linux/amd64 alpine AS base\nFROM base\nRUN apk add curl",
    "/usr/bin/curl",
    "S01 1",
    /begins from stage base/,
  ],
  [
    "a default of TARGETARCH in the stage",
    `FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH=amd64\nRUN GOARCH=$TARGETARCH go build -o /out/app\n${finalStage}`,
    "/usr/bin/app",
    "S02 2",
    /ARG TARGETARCH has the default amd64.*automatic value arm64/,
  ],
  [
    "a default of TARGETARCH before the first FROM",
    "ARG TARGETARCH=amd64\nFROM alpine\nARG TARGETARCH\nCOPY app-$TARGETARCH /app",
    "/app",
    "S02 1",
    /has the default amd64/,
  ],
  [
    "a hard-coded GOARCH",
    `FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETOS\nRUN GOOS=$TARGETOS GOARCH=amd64 go build -o /out/app\n${finalStage}`,
    "/usr/bin/app",
    "S03 3",
    /GOARCH=amd64 compiles for amd64/,
  ],
  [
    "GOARCH in ENV",
    `FROM golang AS build\nENV CGO_ENABLED=0 GOARCH=amd64\nRUN go build -o /out/app\n${finalStage}`,
    "/usr/bin/app",
    "S03 2",
    /ENV GOARCH=amd64/,
  ],
  [
    "an argument with an architecture as default that reaches GOARCH",
    `FROM golang AS build\nARG MYARCH=amd64\nRUN export GOARCH=$MYARCH; go build -o /out/app\n${finalStage}`,
    "/usr/bin/app",
    "S03 3",
    /GOARCH=amd64/,
  ],
  [
    "a hard-coded Rust target",
    `FROM rust AS build\nRUN cargo build --target x86_64-unknown-linux-musl && mv target/*/release/app /out/app\n${finalStage}`,
    "/usr/bin/app",
    "S03 2",
    /x86_64-unknown-linux-musl/,
  ],
  [
    "a compiler of another architecture",
    `FROM debian AS build\nRUN make CC=x86_64-linux-gnu-gcc && cp app /out/app\n${finalStage}`,
    "/usr/bin/app",
    "S03 2",
    /CC=x86_64-linux-gnu-gcc/,
  ],
  [
    "a cross stage that ignores the target",
    `FROM --platform=$BUILDPLATFORM golang AS build\nCOPY . .\nRUN go build -o /out/app\n${finalStage}`,
    "/usr/bin/app",
    "S03 3",
    /Stage build compiles on linux\/amd64/,
  ],
  [
    "a prebuilt file of the context",
    "FROM alpine\nRUN apk add tini\nCOPY bin/app /usr/bin/app",
    "/usr/bin/app",
    "S04 3",
    /COPY bin\/app takes the same file/,
  ],
  [
    "a prebuilt file through another stage",
    `FROM scratch AS build\nCOPY dist /out/\n${finalStage}`,
    "/usr/bin/app",
    "S04 2",
    /COPY dist/,
  ],
  [
    "a download with a literal architecture",
    "FROM alpine\nARG V=1.2\nRUN apk add curl && curl -fsSL https://example.com/v$V/tool-linux-x86_64.tar.gz | tar xz -C /usr/bin tool",
    "/usr/bin/tool",
    "S05 3",
    /v1\.2\/tool-linux-x86_64/,
  ],
  [
    "ADD of a URL with a literal architecture",
    "FROM debian\nADD --chmod=755 https://example.com/tini-amd64 /tini",
    "/tini",
    "S05 2",
    /tini-amd64/,
  ],
  [
    "a download that names no architecture",
    "FROM debian\nRUN wget -O /tini https://example.com/v0.19/tini",
    "/tini",
    "S05 2",
    /names? has no architecture/,
  ],
  [
    "an automatic argument without ARG",
    `FROM --platform=$BUILDPLATFORM golang AS build\nRUN GOARCH=$TARGETARCH go build -o /out/app\n${finalStage}`,
    "/usr/bin/app",
    "S16 2",
    /no ARG TARGETARCH/,
  ],
  [
    "an automatic argument without ARG, with a default in the shell",
    "FROM alpine\nRUN wget -O /t https://example.com/t-${TARGETARCH:-amd64}",
    "/t",
    "S16 2",
    /\$TARGETARCH is used/,
  ],
  [
    "a base named for an architecture",
    "FROM amd64/alpine:3\nRUN true",
    "/bin/busybox",
    "base-arch-pinned 1",
    /amd64\/alpine:3/,
  ],
  [
    "a base pinned by digest",
    `FROM alpine@sha256:${"0".repeat(64)}`,
    "/bin/busybox",
    "base-digest-pinned 1",
    /pinned by a digest/,
  ],
  ["a base with foreign contents", "FROM alpine:3\nCOPY x /x", "/bin/busybox", "S06 1", /part of the image alpine:3/],
  [
    "a file of an image on the build platform",
    "FROM --platform=$BUILDPLATFORM busybox AS tools\nFROM alpine\nCOPY --from=tools /bin/busybox /bb",
    "/bb",
    "S01 1",
    /base of stage tools, which is on linux\/amd64/,
  ],
  [
    "a package of a stage on the build platform",
    "FROM --platform=$BUILDPLATFORM alpine AS tools\nRUN apk add jq\nFROM alpine\nCOPY --from=tools /usr/bin/jq /usr/bin/",
    "/usr/bin/jq",
    "S01 1",
    /made in stage tools, which runs on linux\/amd64/,
  ],
];

describe("suspects", () => {
  for (const [what, text, path, expected, says] of failures) {
    it(`finds ${what}`, () => {
      assert.equal(first(text, { path }), expected);
      const [suspect] = suspected(text, { path });
      assert.match(suspect?.text ?? "", says);
      assert.notEqual(suspect?.fix ?? "", "");
    });
  }

  it("finds them without a file too, but for those that only a file shows", () => {
    const shownByFile = ["S04", "S06", "a download that names no", "on the build platform$"];
    for (const [what, text, , expected] of failures) {
      const code = expected.split(" ")[0] ?? "";
      const alone = suspected(text).map(({ code, line }) => `${code} ${line}`);
      const needsFile = shownByFile.includes(code) || /names no|of an image on|of a stage on/.test(what);
      assert.equal(alone.includes(expected), !needsFile, `${what}: ${alone.join(", ")}`);
    }
  });

  it("blames a build argument that hides the automatic value", () => {
    const text = "FROM alpine\nARG TARGETARCH\nCOPY app-$TARGETARCH /app";
    const [suspect] = suspected(text, { path: "/app", buildArgs: { TARGETARCH: "amd64" } });
    assert.equal(suspect?.code, "S02");
    assert.match(suspect.fix, /Do not pass --build-arg TARGETARCH/);
  });

  it("suspects nothing in what is right", () => {
    const right = [
      `FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETOS TARGETARCH\nRUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/app\n${finalStage}`,
      `FROM golang AS build\nRUN go build -o /out/app\n${finalStage}`,
      `FROM --platform=$BUILDPLATFORM node AS build\nRUN npm ci && npm run build\nFROM nginx\nCOPY --from=build /app/dist /srv`,
      "FROM alpine\nARG TARGETARCH\nADD https://example.com/t-$TARGETARCH /t",
      "FROM alpine\nRUN curl -o /t https://example.com/t-$(uname -m) && M=`dpkg --print-architecture`; curl https://x/y_$M.deb",
      "FROM debian\nRUN apt-get install -y gcc-aarch64-linux-gnu && aarch64-linux-gnu-gcc -o /a a.c",
      "FROM alpine\nARG TARGETARCH\nCOPY bin/app-$TARGETARCH /app",
      "FROM --platform=$TARGETPLATFORM alpine\nRUN true",
      "FROM build-$TARGETARCH\nRUN make",
    ];
    for (const text of right) assert.deepEqual(suspected(text), [], text);
    // What is right for one platform of the failures is right.
    for (const [what, text] of failures) {
      if (/digest|constant|build platform|automatic|cross stage|of an image|download/.test(what)) continue;
      assert.deepEqual(suspected(text, { platform: "linux/amd64" }), [], what);
    }
  });

  it("puts a choice by architecture behind a fixed one", () => {
    const text = [
      "FROM debian",
      "RUN case $(uname -m) in aarch64) A=arm64;; x86_64) A=x64;; esac; curl -o /n https://example.com/node-linux-$A.tar.gz",
      "RUN if [ $(uname -m) = x86_64 ]; then curl -o /a https://example.com/a-amd64; fi",
      "RUN curl -o /b https://example.com/b-amd64",
    ].join("\n");
    assert.deepEqual(
      suspected(text).map(({ code, line }) => `${code} ${line}`),
      ["S05 4", "S05 3"],
    );
  });

  it("ranks by the file: the same Dockerfile, different causes", () => {
    const text = [
      "FROM --platform=$BUILDPLATFORM golang AS build",
      "RUN GOARCH=amd64 go build -o /out/app",
      "FROM alpine",
      "COPY --from=build /out/app /usr/bin/app",
      "COPY helper /usr/bin/",
      "RUN curl -o /usr/bin/tool https://example.com/tool-x86_64",
    ].join("\n");
    assert.equal(first(text, { path: "/usr/bin/app" }), "S03 2");
    assert.equal(first(text, { path: "/usr/bin/helper" }), "S04 5");
    assert.equal(first(text, { path: "/usr/bin/tool" }), "S05 6");
    assert.equal(first(text, { path: "/bin/busybox" }), "S06 3");
    const createdBy = "RUN /bin/sh -c curl -o /usr/bin/tool https://example.com/tool-x86_64 # buildkit";
    assert.equal(first(text, { path: "/usr/lib/other", createdBy }), "S05 6");
    assert.equal(first(text, { path: "/odd", createdBy: "COPY helper /usr/bin/ # buildkit" }), "S04 5");
  });
});

describe("traceFile", () => {
  function trace(text: string, path: string, createdBy?: string): unknown[] {
    const dockerfile = parseDockerfile(text);
    const platform = parsePlatform("linux/arm64");
    const evaluation = evaluateDockerfile(dockerfile, { targetPlatform: platform, buildPlatform: platform });
    const { origin, stages } = traceFile(evaluation, path, createdBy);
    return [origin.kind, origin.instruction?.line, stages];
  }
  const text = [
    "FROM debian AS sources",
    "WORKDIR /src",
    "COPY . .",
    "FROM sources AS build",
    "RUN make -C sub && make install DESTDIR=/root",
    "RUN touch log",
    "FROM scratch AS collect",
    "COPY --from=build /root/ /root/",
    "COPY --from=build /src/assets/*.so /lib/",
    "FROM alpine",
    "RUN apk add curl",
    "COPY --from=collect /root /",
    "COPY --from=collect /lib/ /usr/lib/",
    "COPY --from=nginx /etc/nginx /etc/nginx",
    "COPY a b /opt/",
  ].join("\n");

  it("follows copies through stages", () => {
    assert.deepEqual(trace(text, "/opt/b"), ["copy", 15, [3]]);
    assert.deepEqual(trace(text, "/etc/nginx/x/y"), ["image", 14, [3]]);
    assert.deepEqual(trace(text, "/usr/lib/libx.so"), ["copy", 3, [3, 2, 0]]);
    assert.deepEqual(trace("FROM a AS b\nRUN make -o /out/x\nFROM c\nCOPY --from=b /out/x /x", "/x"), [
      "run",
      2,
      [1, 0],
    ]);
    assert.deepEqual(trace("FROM a AS b\nCOPY . .\nRUN make\nFROM c\nCOPY --from=b /out/x /x", "/x"), [
      "run",
      3,
      [1, 0],
    ]);
    assert.deepEqual(trace("FROM a AS b\nFROM c\nCOPY --from=b /out/x /x", "/x"), ["image", undefined, [1, 0]]);
  });

  it("believes the history of the image", () => {
    assert.deepEqual(trace(text, "/usr/lib/x", "RUN /bin/sh -c apk add curl # buildkit"), ["run", 11, [3]]);
    assert.deepEqual(trace(text, "/usr/lib/x", "RUN |1 A=b /bin/sh -c apk add curl # buildkit"), ["run", 11, [3]]);
    assert.deepEqual(trace("FROM a\nRUN <<EOF\nmake  x\nEOF", "/x", "RUN /bin/sh -c make  x\n # buildkit"), [
      "run",
      2,
      [0],
    ]);
  });
});

describe("names of architectures", () => {
  it("are words of their own", () => {
    const names = (text: string): string[] => architecturesIn(text).map(({ architecture }) => architecture);
    assert.deepEqual(names("app_Linux_x86_64.tar.gz"), ["amd64"]);
    assert.deepEqual(names("x86-64 x64 AMD64 linux64"), ["amd64", "amd64", "amd64", "amd64"]);
    assert.deepEqual(names("aarch64-linux-gnu-gcc arm64v8/a armv7l armhf i686 linux-386"), [
      "arm64",
      "arm64",
      "arm",
      "arm",
      "386",
      "386",
    ]);
    assert.deepEqual(names("s390x ppc64el riscv64 powerpc64le"), ["s390x", "ppc64le", "riscv64", "ppc64le"]);
    assert.deepEqual(names("alarm swarm helm 0x64 charm64 version-1.386 x86_643"), []);
  });

  it("are foreign unless the platform's own stands beside them", () => {
    const arm64 = parsePlatform("linux/arm64");
    assert.equal(foreignName("a-amd64", arm64), "amd64");
    assert.equal(foreignName("a-aarch64", arm64), undefined);
    assert.equal(foreignName("amd64=x arm64=y", arm64), undefined);
    assert.equal(foreignName("a-armv7", parsePlatform("linux/arm/v6")), undefined);
  });
});

describe("suspects on anything", () => {
  it("answers for every Dockerfile that can be evaluated", () => {
    const line = fc.constantFrom(
      "ARG TARGETARCH=amd64",
      "ENV GOARCH=$TARGETARCH",
      "RUN go build -o /a '",
      "RUN curl https://x/amd64 > /a && $(cat <<E",
      "COPY --from=s0 /a /b/",
      "COPY a* /b",
      "ADD https://x/x86_64 .",
      "WORKDIR $X",
      'RUN ["gcc", "-m64"]',
    );
    const stage = fc
      .tuple(
        fc.constantFrom("a", "s0", "scratch", "--platform=$BUILDPLATFORM amd64/a"),
        fc.array(line, { maxLength: 5 }),
      )
      .map(([base, lines]) => [base, ...lines].join("\n"));
    const path = fc.constantFrom("/a", "/b", "/b/a", "b", "/", "/usr/bin/x", "");
    fc.assert(
      fc.property(
        fc.array(stage, { minLength: 1, maxLength: 4 }),
        path,
        fc.option(fc.string()),
        (stages, path, line) => {
          const text = stages.map((each, n) => `FROM ${each.replace("\n", ` AS s${n}\n`)}\n`).join("");
          try {
            for (const suspect of suspected(text, { path, createdBy: line ?? "" })) {
              assert.ok(suspect.line >= 1 && suspect.line <= text.split("\n").length);
            }
          } catch (error) {
            assert.ok(error instanceof ArchwayError && error.code === "DOCKERFILE_INVALID", String(error));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
