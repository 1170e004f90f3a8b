import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePlatform } from "../../../platform/platform.ts";
import type { ImageFact } from "../../facts/facts.ts";
import { found } from "./test-base.ts";

function image(platforms: string, more: { readonly isIndex?: boolean } = { isIndex: true }): ImageFact {
  return { platforms: platforms.split(" ").map((text) => parsePlatform(text)), ...more };
}

const old = image("linux/amd64");
const all = image("linux/amd64 linux/arm64");
const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("base-image-missing-platform", () => {
  const facts = {
    images: {
      "alpine:3.4": old,
      "alpine:3.6": all,
      "single:1": image("linux/amd64", { isIndex: false }),
      "gone:1": null,
      "old32:1": image("linux/amd64 linux/arm/v7"),
    },
  };
  const missing = (lines: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string[]> =>
    found("base-image-missing-platform", lines, more, facts);

  it("finds images without a platform", async () => {
    assert.deepEqual(await missing(["FROM alpine:3.4"]), ["error Dockerfile:1"]);
    assert.deepEqual(await missing(["ARG V=3.4", "FROM alpine:${V}"]), ["error Dockerfile:2 +1"]);
    assert.deepEqual(await missing(["FROM scratch", "COPY --from=alpine:3.4 /bin/x /x"]), ["error Dockerfile:2"]);
    assert.deepEqual(await missing(["FROM alpine:3.6", "RUN --mount=from=alpine:3.4,target=/x y"]), [
      "error Dockerfile:2",
    ]);
    assert.deepEqual(await missing(["FROM old32:1"]), ["error Dockerfile:1"]);
    assert.deepEqual(await missing(["FROM single:1 AS a", "FROM scratch", "COPY --from=a /x /x"]), [
      "error Dockerfile:1",
    ]);
  });
  it("is lighter where it does little", async () => {
    assert.deepEqual(
      await missing(["FROM --platform=$BUILDPLATFORM alpine:3.4 AS b", "FROM scratch", "COPY --from=b /x /x"]),
      ["note Dockerfile:1"],
    );
    assert.deepEqual(await missing(["FROM scratch", "COPY --from=single:1 /usr/share/nginx/html/ /w/"]), [
      "note Dockerfile:2",
    ]);
  });
  it("says nothing of what is there, not known, or another platform's by choice", async () => {
    for (const lines of [
      ["FROM alpine:3.6"],
      ["FROM unknown:1"],
      ["FROM gone:1"],
      ["ARG BASE", "FROM $BASE"],
      ["FROM alpine:3.4 AS build_amd64", "FROM alpine:3.6 AS build_arm64", "FROM build_$TARGETARCH"],
      ["FROM --platform=linux/amd64 alpine:3.4"],
      ["FROM scratch AS a", "FROM a"],
    ])
      assert.deepEqual(await missing(lines), [], lines.join("; "));
  });
});

describe("base-image-arch-pinned", () => {
  const pinned = (lines: readonly string[], facts = {}): Promise<string[]> =>
    found("base-image-arch-pinned", lines, {}, facts);

  it("finds names for one architecture", async () => {
    assert.deepEqual(await pinned(["FROM amd64/alpine:3"]), ["warning Dockerfile:1"]);
    assert.deepEqual(await pinned(["FROM arm64v8/debian"]), ["warning Dockerfile:1"]);
    assert.deepEqual(await pinned(["FROM example.com/nginx-amd64:1"]), ["warning Dockerfile:1"]);
    assert.deepEqual(await pinned(["FROM alpine", "COPY --from=app:1-amd64 /x /x"]), ["warning Dockerfile:2"]);
  });
  it("says nothing of names that follow the platform, of tools, and of indexes", async () => {
    for (const lines of [
      ["FROM ${TARGETARCH}/alpine"],
      ["FROM amd64/alpine AS build_amd64", "FROM arm64v8/alpine AS build_arm64", "FROM build_$TARGETARCH"],
      ["FROM --platform=$BUILDPLATFORM example.com/cc:x86_64-linux-gnu AS b", "FROM scratch", "COPY --from=b /a /a"],
      ["FROM multiarch/qemu-user-static:x86_64-aarch64"],
      ["FROM alpine"],
    ])
      assert.deepEqual(await pinned(lines), [], lines.join("; "));
    assert.deepEqual(await pinned(["FROM app:1-amd64"], { images: { "app:1-amd64": all } }), []);
  });
  it("mentions what is for an architecture that nobody asks for", async () => {
    assert.deepEqual(await pinned(["FROM arm32v7/alpine"]), ["note Dockerfile:1"]);
  });
  it("leaves a default to the rule about it", async () => {
    assert.deepEqual(await pinned(["ARG ARCH=amd64", "FROM $ARCH/alpine"]), []);
  });
});

describe("base-digest-single-arch", () => {
  const single = (lines: readonly string[], facts = {}): Promise<string[]> =>
    found("base-digest-single-arch", lines, {}, facts);
  const known = { images: { [`a:1@${digest}`]: image("linux/amd64", { isIndex: false }), [`b:1@${digest}`]: all } };

  it("finds digests of one platform's image", async () => {
    assert.deepEqual(await single([`FROM a:1@${digest}`], known), ["error Dockerfile:1"]);
    assert.deepEqual(await single([`ARG D=${digest}`, "FROM a:1@$D"], known), ["error Dockerfile:1 +2"]);
    assert.deepEqual(await single(["# OS/ARCH: linux/amd64", `FROM c@${digest}`]), ["error Dockerfile:2"]);
    assert.deepEqual(await single(["# amd64 digest, see the registry", `ARG D=${digest}`, "FROM c@$D"]), [
      "error Dockerfile:2 +3",
    ]);
  });
  it("says nothing of indexes, and without a sign", async () => {
    for (const lines of [
      [`FROM b:1@${digest}`],
      [`FROM c@${digest}`],
      ["# runs on amd64", `FROM c@${digest}`],
      ["# OS/ARCH: linux/amd64", "", `FROM c@${digest}`],
      [`FROM --platform=$BUILDPLATFORM a:1@${digest} AS b`, "FROM scratch", "COPY --from=b /a /a"],
      ["# OS/ARCH: linux/amd64", "FROM c:1"],
    ])
      assert.deepEqual(await single(lines, known), [], lines.join("; "));
  });
});

describe("from-platform-constant", () => {
  const constant = (lines: readonly string[], more = {}): Promise<string[]> =>
    found("from-platform-constant", lines, more);

  it("finds images of a fixed platform", async () => {
    assert.deepEqual(await constant(["FROM --platform=linux/amd64 alpine"]), ["error Dockerfile:1"]);
    assert.deepEqual(await constant(["FROM --platform=linux/amd64 alpine AS base", "FROM base"]), [
      "error Dockerfile:1",
    ]);
    assert.deepEqual(await constant(["ARG P=linux/amd64", "FROM --platform=$P alpine"]), ["warning Dockerfile:2"]);
  });
  it("mentions other stages", async () => {
    assert.deepEqual(
      await constant(["FROM --platform=linux/amd64 node AS web", "FROM alpine", "COPY --from=web /a /a"]),
      ["note Dockerfile:1"],
    );
  });
  it("says nothing of what follows the platform", async () => {
    for (const lines of [
      ["FROM --platform=$BUILDPLATFORM golang AS b", "FROM alpine", "COPY --from=b /a /a"],
      ["FROM --platform=$TARGETPLATFORM alpine"],
      ["FROM --platform=linux/$TARGETARCH alpine"],
      [
        "FROM --platform=linux/amd64 alpine AS build_amd64",
        "FROM --platform=linux/arm64 alpine AS build_arm64",
        "FROM build_$TARGETARCH",
      ],
      ["ARG P", "FROM --platform=$P alpine"],
      ["FROM alpine AS a", "FROM --platform=linux/amd64 a"],
    ])
      assert.deepEqual(await constant(lines), [], lines.join("; "));
  });
});

describe("final-stage-build-platform", () => {
  const builders = (lines: readonly string[]): Promise<string[]> => found("final-stage-build-platform", lines);

  it("finds images of the builder's platform", async () => {
    assert.deepEqual(await builders(["FROM --platform=$BUILDPLATFORM alpine", "CMD x"]), ["error Dockerfile:1"]);
    assert.deepEqual(
      await builders(["FROM --platform=$BUILDPLATFORM alpine AS base", "FROM base", 'ENTRYPOINT ["x"]']),
      ["error Dockerfile:1"],
    );
  });
  it("mentions images that nothing shows to be for others, and other targets", async () => {
    assert.deepEqual(await builders(["FROM --platform=$BUILDPLATFORM golangci", "RUN lint"]), ["note Dockerfile:1"]);
    assert.deepEqual(await builders(["FROM --platform=$BUILDPLATFORM alpine AS test", "CMD x", "FROM alpine"]), [
      "note Dockerfile:1",
    ]);
  });
  it("says nothing of build stages", async () => {
    for (const lines of [
      ["FROM --platform=$BUILDPLATFORM golang AS b", "FROM alpine", "COPY --from=b /a /a", "CMD x"],
      ["FROM --platform=$BUILDPLATFORM golang AS b", "FROM scratch", "COPY --from=b /a /a"],
      ["FROM --platform=$TARGETPLATFORM alpine", "CMD x"],
      ["FROM --platform=$BUILDPLATFORM golang AS b", "FROM b AS test", "FROM alpine", "COPY --from=b /a /a", "CMD x"],
    ])
      assert.deepEqual(
        (await builders(lines)).filter((each) => !each.startsWith("note")),
        [],
        lines.join("; "),
      );
  });
});
