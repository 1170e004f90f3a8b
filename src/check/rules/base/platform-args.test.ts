import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { found } from "./test-base.ts";

const golang = "FROM --platform=$BUILDPLATFORM golang AS build";

describe("platform-arg-shadowed", () => {
  const shadowed = (lines: readonly string[], more = {}): Promise<string[]> =>
    found("platform-arg-shadowed", lines, more);

  it("finds defaults that hide the platform", async () => {
    assert.deepEqual(await shadowed(["FROM alpine", 'ARG TARGETARCH="amd64"', "COPY $TARGETARCH /a"]), [
      "error Dockerfile:2",
    ]);
    assert.deepEqual(await shadowed(["FROM alpine", "ARG TARGETPLATFORM=linux/amd64"]), ["error Dockerfile:2"]);
    assert.deepEqual(await shadowed(["FROM alpine", "ARG TARGETARCH="]), ["error Dockerfile:2"]);
    assert.deepEqual(await shadowed(["ARG TARGETARCH=arm64", "FROM ${TARGETARCH}/alpine"]), ["error Dockerfile:1"]);
    assert.deepEqual(await shadowed(["ARG TARGETARCH=amd64", "FROM alpine", "ARG TARGETARCH"]), ["error Dockerfile:1"]);
  });
  it("finds ENV in the way", async () => {
    assert.deepEqual(await shadowed(["FROM alpine", "ARG TARGETARCH", "ENV TARGETARCH=amd64"]), ["error Dockerfile:3"]);
    assert.deepEqual(await shadowed(["FROM alpine", "ARG TARGETARCH", "ENV TARGETARCH=$TARGETARCH"]), []);
  });
  it("warns of the builder's, and mentions the operating system", async () => {
    assert.deepEqual(await shadowed(["ARG BUILDPLATFORM=linux/amd64", golang]), ["warning Dockerfile:1"]);
    assert.deepEqual(await shadowed(["FROM alpine", "ARG TARGETOS=linux TARGETARCH"]), ["note Dockerfile:2"]);
  });
  it("says nothing where the value is the platform's", async () => {
    for (const lines of [
      ["FROM alpine", "ARG TARGETARCH", "ENV A=${TARGETARCH:-amd64}"],
      ["ARG TARGETARCH=amd64", "FROM alpine"],
      ["FROM alpine", "ARG TARGETVARIANT="],
      ["FROM --platform=${BUILDPLATFORM:-linux/amd64} golang"],
      ["FROM alpine", "ARG ARCH=amd64"],
      ["ARG TARGETARCH=${TARGETARCH}", "FROM $TARGETARCH/alpine"],
    ])
      assert.deepEqual(await shadowed(lines), [], lines.join("; "));
  });
});

describe("platform-arg-undeclared", () => {
  const undeclared = (lines: readonly string[], more = {}): Promise<string[]> =>
    found("platform-arg-undeclared", lines, more);

  it("finds uses in words and scripts", async () => {
    assert.deepEqual(
      await undeclared([golang, "RUN CGO_ENABLED=0 GOOS=$TARGETOS \\", "  GOARCH=$TARGETARCH go build"]),
      ["error Dockerfile:2 +3"],
    );
    assert.deepEqual(await undeclared(["FROM alpine", "COPY bin/$TARGETARCH /a", "RUN x ${TARGETARCH}"]), [
      "error Dockerfile:2 +3",
    ]);
    assert.deepEqual(await undeclared(["FROM alpine", "RUN x $TARGETARCH", "ARG TARGETARCH"]), ["error Dockerfile:2"]);
    assert.deepEqual(
      await undeclared(["FROM alpine", "RUN <<EOF", 'if [ "$TARGETARCH" = arm64 ]; then x; fi', "EOF"]),
      ["error Dockerfile:3"],
    );
    assert.deepEqual(await undeclared(["FROM alpine", "RUN curl https://example.com/${TARGETARCH:-amd64}"]), [
      "error Dockerfile:2",
    ]);
    assert.deepEqual(await undeclared(["FROM alpine", "RUN make TARGETARCH=$TARGETARCH"]), ["error Dockerfile:2"]);
    assert.deepEqual(await undeclared(["FROM alpine", 'RUN ["sh", "-c", "x $TARGETARCH"]']), ["error Dockerfile:2"]);
  });
  it("finds architectures that nothing declares", async () => {
    assert.deepEqual(await undeclared(["FROM alpine", "COPY bin/${ARCH}/app /app"]), ["warning Dockerfile:2"]);
    assert.deepEqual(await undeclared(["FROM alpine", "ENV ARCH=x", "COPY bin/${ARCH}/app /app"]), []);
    assert.deepEqual(await undeclared(["FROM alpine", "ARG ARCH", "COPY bin/${ARCH}/app /app"]), []);
  });
  it("is lighter where the empty value does little", async () => {
    assert.deepEqual(await undeclared(["FROM golang", "RUN GOARCH=$TARGETARCH go build"]), ["warning Dockerfile:2"]);
    assert.deepEqual(await undeclared([golang, "RUN GOOS=$TARGETOS go build"]), ["note Dockerfile:2"]);
    assert.deepEqual(await undeclared(["FROM alpine", "LABEL a=$TARGETARCH"]), ["warning Dockerfile:2"]);
  });
  it("says nothing of what is declared, set, or not expanded", async () => {
    for (const lines of [
      ["FROM alpine", "ARG TARGETARCH", "RUN x $TARGETARCH"],
      ["FROM alpine AS a", "ARG TARGETARCH", "FROM a", "RUN x $TARGETARCH"],
      ["FROM x/$TARGETARCH", "RUN x"],
      ["FROM alpine", "RUN TARGETARCH=$(uname -m) && x $TARGETARCH"],
      ["FROM alpine", "RUN export A=1 TARGETARCH=b; x $TARGETARCH"],
      ["FROM alpine", "RUN for TARGETARCH in a b; do x $TARGETARCH; done"],
      ["FROM alpine", "ENV TARGETARCH=x", "RUN x $TARGETARCH"],
      ["FROM alpine", "RUN x '$TARGETARCH' \\$TARGETARCH # $TARGETARCH"],
      ["FROM alpine", 'RUN ["x", "$TARGETARCH"]'],
      ["FROM alpine", "RUN x ${TARGETARCH:-$(uname -m)}"],
      ["FROM alpine", 'RUN if [ -n "$TARGETARCH" ]; then x; fi'],
      ["FROM alpine", "# $TARGETARCH", "CMD x $TARGETARCH"],
    ])
      assert.deepEqual(await undeclared(lines), [], lines.join("; "));
  });
});

describe("global-arg-not-in-stage", () => {
  const lost = (lines: readonly string[]): Promise<string[]> => found("global-arg-not-in-stage", lines);

  it("finds ARGs that a stage does not declare again", async () => {
    assert.deepEqual(await lost(["ARG ARCH=amd64", "FROM $ARCH/alpine", "COPY bin/$ARCH/a /a"]), [
      "error Dockerfile:3 +1",
    ]);
    assert.deepEqual(
      await lost(["ARG KIND=linux-x64", "FROM alpine", "RUN curl https://example.com/$KIND", "RUN x $KIND"]),
      ["error Dockerfile:3 +4 +1"],
    );
    assert.deepEqual(await lost(["ARG T=$TARGETARCH", "FROM alpine", "RUN x $T"]), ["error Dockerfile:3 +1"]);
  });
  it("mentions those that the base image may set", async () => {
    assert.deepEqual(await lost(["ARG VERSION=1", "FROM node:$VERSION", "RUN x $VERSION"]), ["note Dockerfile:3 +1"]);
  });
  it("says nothing of others", async () => {
    for (const lines of [
      ["ARG ARCH=amd64", "FROM $ARCH/alpine", "ARG ARCH", "COPY $ARCH /a"],
      ["ARG ARCH=amd64", "FROM $ARCH/alpine", "RUN ARCH=$(uname -m); x $ARCH"],
      ["ARG ARCH=amd64", "FROM $ARCH/alpine", "RUN . /env && x $ARCH"],
      ["ARG ARCH=amd64", "FROM $ARCH/alpine", "COPY ${ARCH:-x} /a"],
      ["ARG ARCH=amd64", "FROM $ARCH/alpine AS a", "ARG ARCH", "FROM a", "COPY $ARCH /a"],
      ["ARG VERSION=1", "FROM scratch", "COPY a /a"],
      ["ARG ARCH", "FROM alpine", "ARG ARCH", "ARG B=${ARCH:-x}", "COPY ${ARCH:-a} /a"],
    ])
      assert.deepEqual(await lost(lines), [], lines.join("; "));
  });
});

describe("arch-arg-default", () => {
  const fixed = (lines: readonly string[], more = {}): Promise<string[]> => found("arch-arg-default", lines, more);

  it("finds defaults that something is fetched, copied or begun by", async () => {
    assert.deepEqual(await fixed(["ARG ARCH=amd64", "FROM ${ARCH}/alpine"]), ["warning Dockerfile:1 +2"]);
    assert.deepEqual(await fixed(["FROM alpine", "ARG ARCH=arm64", "COPY bin/$ARCH /a"]), ["warning Dockerfile:2 +3"]);
    assert.deepEqual(
      await fixed([
        "FROM alpine",
        "ENV KIND=linux-x64 \\",
        "  V=1",
        "ENV FILE=tool-$V-$KIND.tgz",
        "RUN curl -O https://example.com/$FILE && \\",
        "  tar xf $FILE",
      ]),
      ["warning Dockerfile:2 +5 +6"],
    );
    assert.deepEqual(
      await fixed([
        golang,
        "ARG ARCH=amd64",
        "RUN curl https://example.com/$ARCH",
        "FROM alpine",
        "COPY --from=build /a /a",
      ]),
      ["warning Dockerfile:2 +3"],
    );
  });
  it("says nothing of values that follow the platform, or do nothing", async () => {
    for (const lines of [
      ["FROM alpine", "ARG ARCH=amd64"],
      ["FROM alpine", "ARG TARGETARCH", "ENV ARCH=$TARGETARCH", "COPY $ARCH /a"],
      ["FROM alpine", "ARG ARCH=amd64", "RUN echo $ARCH"],
      [
        "FROM alpine",
        "ENV A=amd64 B=arm64",
        "ARG TARGETARCH",
        'RUN if [ "$TARGETARCH" = amd64 ]; then curl x/$A; else curl x/$B; fi',
      ],
      ["FROM alpine", "ARG TARGETARCH", "ENV SUM_amd64=1 SUM_arm64=2", "RUN x SUM_${TARGETARCH}"],
      ["FROM alpine", "ARG ARCH", "COPY bin/$ARCH /a"],
      ["FROM alpine", "COPY bin/amd64 /a"],
      ["FROM alpine", 'ENV ALL="amd64 s390x"', "RUN ./build $ALL"],
    ])
      assert.deepEqual(await fixed(lines), [], lines.join("; "));
  });
});

describe("the rules on anything", () => {
  it("never throw", async () => {
    const line = fc.constantFrom(
      "ARG A*[=x86_64",
      "ARG TARGETARCH=$A",
      "FROM $A/x:${TARGETARCH}",
      "FROM --platform=$BUILDPLATFORM a AS b",
      "FROM --platform=linux/amd64 amd64/c@sha256:1",
      "ENV ARCH=amd64 B=$ARCH-$C",
      "COPY --from=b $B/$ARCH ${D[/}",
      "RUN curl https://example.com/$B '$TARGETARCH' \\",
      "RUN <<E",
      "E",
      "ONBUILD COPY $ARCH /a",
      "# OS/ARCH: linux/amd64",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 10 }), async (lines) => {
        assert.ok(Array.isArray(await found("platform-arg-undeclared", lines)));
      }),
      { numRuns: 150 },
    );
  });
});
