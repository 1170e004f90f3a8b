import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findingsIn } from "../../test-check.ts";

/** Findings of one rule, in short. */
async function found(
  rule: string,
  files: Readonly<Record<string, string>>,
  platforms?: string,
): Promise<readonly string[]> {
  const findings = await findingsIn(files, platforms === undefined ? {} : { platforms });
  return findings
    .filter((finding) => finding.rule === rule)
    .map(({ severity, path, line, platforms: broken }) => {
      const names = broken.map(({ architecture }) => architecture).join(",");
      return `${severity} ${path}:${line ?? 0} ${names}`;
    });
}

/** Findings of one rule in a RUN. */
async function inRun(
  rule: string,
  script: string,
  head = "FROM debian:12\nARG TARGETARCH TARGETPLATFORM",
): Promise<readonly string[]> {
  const lines = script.split("\n").join(" \\\n");
  return found(rule, { Dockerfile: `${head}\nRUN ${lines}\n` });
}

describe("arch-case-incomplete", () => {
  const rule = "arch-case-incomplete";

  test("a ladder that ends the script", async () => {
    assert.deepEqual(
      await inRun(
        rule,
        'case "$(uname -m)" in x86_64) A=amd64 ;;\n*) echo no; exit 1 ;;\nesac; curl -O https://example.com/app-$A',
      ),
      ["error Dockerfile:3 arm64"],
    );
    assert.deepEqual(await inRun(rule, '[ "$TARGETARCH" = amd64 ] || exit 1'), ["error Dockerfile:3 arm64"]);
    assert.deepEqual(await inRun(rule, 'if [ "$TARGETARCH" != amd64 ]; then echo no; exit 1; fi'), [
      "error Dockerfile:3 arm64",
    ]);
    assert.deepEqual(await inRun(rule, "die() { echo $*; exit 1; }; case $TARGETARCH in amd64) ;; *) die no;; esac"), [
      "error Dockerfile:3 arm64",
    ]);
  });

  test("a variable that stays empty", async () => {
    assert.deepEqual(
      await inRun(
        rule,
        "case $TARGETARCH in amd64) A=x64 ;; s390x) A=s390x ;; esac; curl -O https://example.com/app-$A.tgz",
      ),
      ["error Dockerfile:3 arm64"],
    );
    assert.deepEqual(
      await inRun(rule, "A=''; if [ $TARGETARCH = amd64 ]; then A=x64; fi; curl -O https://example.com/app-$A.tgz"),
      ["error Dockerfile:3 arm64"],
    );
  });

  test("a default for another architecture", async () => {
    assert.deepEqual(
      await inRun(
        rule,
        "case $TARGETARCH in s390x) A=s390x ;; *) A=amd64 ;; esac; curl -O https://example.com/app-$A.tgz",
      ),
      ["error Dockerfile:3 arm64"],
    );
    assert.deepEqual(
      await inRun(
        rule,
        "if [ $TARGETARCH = arm ]; then A=armhf; else A=x86_64; fi; curl -O https://example.com/app-$A.tgz",
      ),
      ["error Dockerfile:3 arm64"],
    );
  });

  test("a table without the key", async () => {
    assert.deepEqual(
      await inRun(
        rule,
        'URL_amd64=https://example.com/a; v=URL_$TARGETARCH; curl -O "${!v}"',
        'FROM debian:12\nARG TARGETARCH\nSHELL ["/bin/bash", "-c"]',
      ),
      ["error Dockerfile:4 arm64"],
    );
  });

  test("complete ladders, options and messages raise nothing", async () => {
    for (const script of [
      "case $(uname -m) in x86_64) A=amd64;; aarch64|arm64) A=arm64;; *) exit 1;; esac; curl -O https://example.com/app-$A",
      "case $TARGETARCH in arm64) E=--slow;; esac; make $E",
      "case $TARGETARCH in arm64) S=-arm64;; esac; curl -O https://example.com/app$S.tgz",
      "if [ $TARGETARCH = amd64 ]; then A=x64; else A=arm64; fi; curl -O https://example.com/app-$A.tgz",
      "[ $TARGETARCH = amd64 ] && curl -O https://example.com/app-amd64.tgz || true",
      "case $TARGETARCH in amd64) apt-get install x;; esac",
      "case $TARGETARCH in amd64|arm64) ;; *) exit 1;; esac",
      "u_amd64=a u_arm64=b; eval v=\\$u_$TARGETARCH; curl -O https://example.com/$v",
    ])
      assert.deepEqual(await inRun(rule, script), [], script);
  });

  test("a script that somebody runs by itself weighs less", async () => {
    const ends = "*) exit 1 ;;\nesac\n";
    assert.deepEqual(await found(rule, { "get.sh": `#!/bin/sh\ncase "$(uname -m)" in\nx86_64 | s390x) ;;\n${ends}` }), [
      "warning get.sh:2 arm64",
    ]);
    assert.deepEqual(await found(rule, { "push.sh": `#!/bin/sh\ncase "$(uname -m)" in\nx86_64*) ;;\n${ends}` }), [
      "note push.sh:2 arm64",
    ]);
  });
});

describe("arch-token-mismatch", () => {
  const rule = "arch-token-mismatch";

  test("a comparison with a name that is never printed", async () => {
    assert.deepEqual(await inRun(rule, 'case "$(uname -m)" in x86_64) A=amd64;;\narmv8) A=arm64;;\n*) exit 1;; esac'), [
      "error Dockerfile:4 arm64",
    ]);
    assert.deepEqual(
      await inRun(rule, 'if [ "$(uname -m)" = aarm64 ]; then A=arm64; fi; curl -O https://example.com/app-$A.tgz'),
      ["error Dockerfile:3 arm64"],
    );
    assert.deepEqual(await inRun(rule, '[ "$(uname -m)" = arm64 ] && apt-get install x'), [
      "warning Dockerfile:3 arm64",
    ]);
  });

  test("names that Go and Docker do not know", async () => {
    assert.deepEqual(await inRun(rule, "GOARCH=$(uname -m) go build ."), ["error Dockerfile:3 amd64,arm64"]);
    assert.deepEqual(await inRun(rule, "export GOARCH=aarch64 GOARM=v7; go build ."), [
      "error Dockerfile:3 amd64,arm64",
      "error Dockerfile:3 amd64,arm64",
    ]);
    assert.deepEqual(await found(rule, { "push.sh": "docker manifest annotate a/b:1 a/b:1-arm --arch arm64v8\n" }), [
      "warning push.sh:1 amd64,arm64",
    ]);
    assert.deepEqual(await found(rule, { "push.sh": "docker build --platform linux/arm64v8 .\n" }), [
      "warning push.sh:1 amd64,arm64",
    ]);
  });

  test("right names raise nothing", async () => {
    for (const script of [
      "GOARCH=$TARGETARCH go build .",
      "case $(uname -m) in x86_64) A=amd64;; aarch64) A=arm64;; armv7l) A=arm;; esac; GOARCH=$A go build",
      "case $(uname -m) in x86_64|amd64) A=amd64;; arm64|aarch64) A=arm64;; esac; echo $A",
      "GOARCH=${A:-amd64} make",
    ])
      assert.deepEqual(await inRun(rule, script), [], script);
    assert.deepEqual(
      await found(rule, {
        "a.sh":
          'case "$(uname -m)" in x86_64) A=x;; arm64) A=y;; *) A=$(uname -m);; esac\ndocker build --platform linux/aarch64,linux/amd64 .\n',
      }),
      [],
    );
  });
});

describe("arch-branch-broken", () => {
  test("a branch that calls a URL", async () => {
    const rule = "arch-branch-broken";
    assert.deepEqual(await inRun(rule, "if [ $TARGETARCH = arm64 ]; then\nhttps://example.com/app-arm64 -o app; fi"), [
      "error Dockerfile:4 arm64",
    ]);
    assert.deepEqual(
      await inRun(rule, "if [ $TARGETARCH = arm64 ]; then curl https://example.com/app-arm64 -o app; fi"),
      [],
    );
    assert.deepEqual(await inRun(rule, "[ -f x ] && https://example.com/app"), []);
  });
});

describe("arch-var-not-exported", () => {
  const rule = "arch-var-not-exported";
  const head = "FROM --platform=$BUILDPLATFORM golang:1.25 AS build\nARG TARGETARCH";
  const tail = "\nFROM alpine:3.22\nCOPY --from=build /app /app";

  async function inBuild(script: string): Promise<readonly string[]> {
    return found(rule, { Dockerfile: `${head}\nRUN ${script}${tail}\n` });
  }

  test("a plain variable in front of a build", async () => {
    assert.deepEqual(await inBuild("GOARCH=$TARGETARCH && go build -o /app ."), ["error Dockerfile:3 amd64,arm64"]);
    assert.deepEqual(
      await inBuild("case $TARGETARCH in amd64) GOARCH=amd64;; arm64) GOARCH=arm64;; esac && VERSION=1 make build"),
      ["error Dockerfile:3 amd64,arm64"],
    );
    assert.deepEqual(
      await inBuild(
        "if [ $TARGETARCH = arm64 ]; then CC=aarch64-linux-gnu-gcc; fi; export GOARCH=$TARGETARCH; go build -o /app .",
      ),
      ["error Dockerfile:3 arm64"],
    );
  });

  test("what reaches the build raises nothing", async () => {
    for (const script of [
      "export GOARCH=$TARGETARCH && go build -o /app .",
      "GOARCH=$TARGETARCH go build -o /app .",
      "set -a; GOARCH=$TARGETARCH; go build -o /app .",
      "GOARCH=$TARGETARCH; make GOARCH=$GOARCH build",
      "GOARCH=$TARGETARCH; env GOARCH=$GOARCH go build -o /app .",
      "GOARCH=$TARGETARCH; export GOARCH; go build -o /app .",
      "GOARCH=$TARGETARCH; go version",
      "GOARCH=$(go env GOARCH); go build -o /app-$GOARCH .",
    ])
      assert.deepEqual(await inBuild(script), [], script);
  });
});

describe("run-export-lost", () => {
  const rule = "run-export-lost";

  test("a variable of an earlier RUN", async () => {
    assert.deepEqual(
      await found(rule, {
        Dockerfile:
          "FROM debian:12\nRUN export ARCH=$(dpkg --print-architecture)\nRUN curl -O https://example.com/app-$ARCH.tgz\n",
      }),
      ["error Dockerfile:2 amd64,arm64"],
    );
    assert.deepEqual(
      await found(rule, {
        Dockerfile:
          "FROM --platform=$BUILDPLATFORM golang:1.25 AS b\nARG TARGETARCH\nRUN export GOARCH=$TARGETARCH\nRUN go build -o /app .\nFROM alpine:3.22\nCOPY --from=b /app /app\n",
      }),
      ["error Dockerfile:3 amd64,arm64"],
    );
  });

  test("what is set again or declared raises nothing", async () => {
    for (const text of [
      "FROM debian:12\nRUN ARCH=$(dpkg --print-architecture) && curl -O https://example.com/app-$ARCH.tgz\nRUN ARCH=$(uname -m) && echo $ARCH\n",
      "FROM debian:12\nENV ARCH=any\nRUN export ARCH=$(dpkg --print-architecture)\nRUN echo $ARCH\n",
      "FROM debian:12\nRUN ARCH=$(dpkg --print-architecture) && echo $ARCH\nRUN echo ${ARCH:-none}\n",
      "FROM golang:1.25\nRUN export GOARCH=$(go env GOARCH)\nRUN go build -o /app .\n",
    ])
      assert.deepEqual(await found(rule, { Dockerfile: text }), [], text);
  });
});
