import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brief, findingsIn } from "../../test-check.ts";

/** The findings of the two rules, with their severities. */
async function found(files: Readonly<Record<string, string>>): Promise<string[]> {
  const findings = (await findingsIn(files)).filter(({ rule }) => /^(?:stage-)?copy-arch-path$/.test(rule));
  return brief(findings).map((text, index) => `${findings[index]?.severity ?? ""} ${text}`);
}

const dockerfile = (...lines: readonly string[]) => ({ Dockerfile: `FROM debian\n${lines.join("\n")}\n` });

describe("files named after an architecture", () => {
  test("a fixed name is found at its line, and its kin are related", async () => {
    assert.deepEqual(
      await found(dockerfile("COPY bin/tool-amd64 /tool", "COPY conf /etc", "ADD bin/more-amd64 /more")),
      ["error copy-arch-path Dockerfile:2 +4"],
    );
    assert.deepEqual(await found(dockerfile("COPY dist/x86_64/tool /tool")), ["error copy-arch-path Dockerfile:2"]);
  });

  test("the platforms, the exact place and the advice", async () => {
    const [finding] = await findingsIn(dockerfile("COPY a bin/tool-amd64 /tool/"));
    assert.deepEqual(finding?.platforms, [{ os: "linux", architecture: "arm64" }]);
    assert.match(finding?.message ?? "", /^bin\/tool-amd64 is for amd64 by its name, .* for linux\/arm64 too/);
    assert.equal(finding?.fix?.title, "Declare ARG TARGETARCH and copy bin/tool-${TARGETARCH}.");
    const [spot] = finding?.problems[0]?.spots ?? [];
    assert.deepEqual([spot?.text, spot?.place.line, spot?.place.column], ["amd64", 2, 17]);
  });

  test("names by the platform and guards raise nothing", async () => {
    assert.deepEqual(await found(dockerfile("ARG TARGETARCH", "COPY bin/tool-${TARGETARCH} /tool")), []);
    assert.deepEqual(
      await found({
        Dockerfile:
          "FROM debian AS base\nFROM base AS for-amd64\nCOPY a-x86_64 /a\nFROM base AS for-arm64\nCOPY a-aarch64 /a\nARG TARGETARCH\nFROM for-${TARGETARCH}\n",
      }),
      [],
    );
  });

  test("siblings for all platforms raise nothing", async () => {
    assert.deepEqual(await found(dockerfile("COPY lib-x86_64.so lib-aarch64.so /opt/")), []);
    assert.deepEqual(await found(dockerfile("COPY lib-amd64.so /opt/", "COPY lib-arm64.so /opt/")), []);
    assert.deepEqual(await found(dockerfile("COPY lib-amd64.so /opt/", "COPY lib-ppc64le.so /opt/")), [
      "error copy-arch-path Dockerfile:2",
      "note copy-arch-path Dockerfile:3",
    ]);
  });

  test("sources, emulators and Dockerfiles of one architecture raise nothing", async () => {
    assert.deepEqual(await found(dockerfile("COPY src/start.amd64.S /src/", "COPY qemu-arm-static /usr/bin/")), []);
    assert.deepEqual(await found({ "Dockerfile.amd64": "FROM debian\nCOPY bin/tool-amd64 /tool\n" }), []);
  });

  test("texts are a note", async () => {
    assert.deepEqual(await found(dockerfile("COPY install-amd64.sh /")), ["note copy-arch-path Dockerfile:2"]);
  });

  test("what a variable brings is told at the variable", async () => {
    assert.deepEqual(await found(dockerfile("ARG BINARY=bin/tool-amd64", "COPY $BINARY /tool")), [
      "error copy-arch-path Dockerfile:2 +3",
    ]);
  });

  test("a stage on the build platform: a warning, because it shows only on another builder", async () => {
    assert.deepEqual(
      await found({
        Dockerfile:
          "FROM --platform=$BUILDPLATFORM debian AS build\nCOPY tools/gen-amd64 /gen\nRUN /gen\nFROM debian\nCOPY --from=build /out /out\n",
      }),
      ["warning copy-arch-path Dockerfile:2"],
    );
  });

  test("URLs and unknown names raise nothing", async () => {
    assert.deepEqual(await found(dockerfile("ADD https://example.org/tool-amd64 /tool")), []);
    assert.deepEqual(await found(dockerfile("ARG NAME", "COPY bin/$NAME /tool")), []);
  });
});

describe("paths of other stages that are named after an architecture", () => {
  test("found", async () => {
    assert.deepEqual(
      await found({
        Dockerfile:
          "FROM rust AS build\nFROM debian\nCOPY --from=build /src/target/x86_64-unknown-linux-musl/release/tool /tool\n",
      }),
      ["error stage-copy-arch-path Dockerfile:3"],
    );
  });

  test("folders of libraries are another rule's", async () => {
    assert.deepEqual(
      await found({
        Dockerfile: "FROM debian AS a\nFROM debian\nCOPY --from=a /usr/lib/x86_64-linux-gnu/libz.so.1 /usr/lib/\n",
      }),
      [],
    );
  });
});
