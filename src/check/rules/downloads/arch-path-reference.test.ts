import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brief, findingsIn } from "../../test-check.ts";

async function found(...lines: readonly string[]): Promise<string[]> {
  const findings = await findingsIn({ Dockerfile: ["FROM debian:12", ...lines].join("\n") });
  return brief(findings)
    .map((text, index) => `${findings[index]?.severity ?? ""} ${text}`)
    .filter((text) => /arch-path-reference|download/.test(text));
}

describe("lines that repeat the name of a file", () => {
  test("belong to the download of the same name, not to another", async () => {
    assert.deepEqual(
      await found(
        "RUN curl -LO https://example.org/one-linux-amd64.tar.gz",
        "RUN curl -LO https://example.org/two-linux-amd64.tar.gz",
        "RUN tar xzf one-linux-amd64.tar.gz",
        "RUN tar xzf two-linux-amd64.tar.gz",
      ),
      ["error hardcoded-arch-download Dockerfile:2 +4", "error hardcoded-arch-download Dockerfile:3 +5"],
    );
  });

  test("belong to the nearest download when they name only its folder", async () => {
    assert.deepEqual(
      await found(
        "RUN curl https://example.org/tool-v1-linux-amd64.tar.gz | tar xz",
        "RUN mv linux-amd64/tool /usr/bin",
      ),
      ["error hardcoded-arch-download Dockerfile:2 +3"],
    );
  });

  test("are no part of a download of another stage", async () => {
    assert.deepEqual(
      await found(
        "RUN curl -LO https://example.org/tool-v1-linux-amd64.tar.gz",
        "FROM debian:12",
        "RUN mv linux-amd64/other /usr/bin",
      ),
      ["error hardcoded-arch-download Dockerfile:2", "note arch-path-reference Dockerfile:4"],
    );
  });

  test("are a note without a download", async () => {
    assert.deepEqual(await found("RUN ln -s /opt/tool-x86_64 /opt/tool"), ["note arch-path-reference Dockerfile:2"]);
  });

  test("are a warning for the folder of Debian's JDK", async () => {
    assert.deepEqual(await found("ENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64"), [
      "warning arch-path-reference Dockerfile:2",
    ]);
  });

  test("are nothing when the platform chooses, or no file is named", async () => {
    assert.deepEqual(await found("RUN mv tool-$(uname -m) /usr/bin/tool"), []);
    assert.deepEqual(await found("RUN rm -f tool-amd64 tool-arm64", "RUN echo amd64 arm64"), [
      "note arch-path-reference Dockerfile:2",
    ]);
    assert.deepEqual(await found("RUN echo amd64", "RUN strip --target=x86_64-linux-gnu x"), []);
    assert.deepEqual(await found("RUN if [ $(uname -m) = x86_64 ]; then mv tool-amd64 tool; fi"), []);
  });
});
