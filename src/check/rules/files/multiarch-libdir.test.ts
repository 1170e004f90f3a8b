import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namesIn } from "../../../platform/architecture-words.ts";
import { brief, findingsIn } from "../../test-check.ts";
import { isLibraryFolder } from "./library-folder.ts";

async function found(...lines: readonly string[]): Promise<string[]> {
  const findings = await findingsIn({ Dockerfile: `FROM debian AS a\nFROM debian\n${lines.join("\n")}\n` });
  const own = findings.filter(({ rule }) => rule === "multiarch-libdir");
  return brief(own).map((text, index) => `${own[index]?.severity ?? ""} ${text}`);
}

describe("folders of libraries of one architecture", () => {
  test("in COPY, RUN and ENV", async () => {
    assert.deepEqual(await found("COPY --from=a /usr/lib/x86_64-linux-gnu/libz.so.1 /usr/lib/"), [
      "error multiarch-libdir Dockerfile:3",
    ]);
    assert.deepEqual(await found("COPY libz.so.1 /usr/lib/x86_64-linux-gnu/"), ["error multiarch-libdir Dockerfile:3"]);
    assert.deepEqual(await found("RUN echo a \\", " && ln -s /lib64/ld-linux-x86-64.so.2 /lib/ld.so"), [
      "error multiarch-libdir Dockerfile:4",
    ]);
    assert.deepEqual(await found("RUN echo /opt/lib > /etc/ld-musl-x86_64.path"), [
      "error multiarch-libdir Dockerfile:3",
    ]);
    assert.deepEqual(await found("ENV LD_LIBRARY_PATH=/opt/lib:/usr/lib/x86_64-linux-gnu"), [
      "warning multiarch-libdir Dockerfile:3",
    ]);
  });

  test("a variable is told where it is written", async () => {
    assert.deepEqual(await found("ENV DIR=/usr/lib/x86_64-linux-gnu", "RUN ls $DIR"), [
      "error multiarch-libdir Dockerfile:3",
    ]);
  });

  test("what asks the machine, lists and conditions raise nothing", async () => {
    assert.deepEqual(await found("RUN ln -s /usr/lib/$(uname -m)-linux-gnu/libz.so.1 /usr/lib/"), []);
    assert.deepEqual(await found("COPY --from=a /usr/lib/*-linux-gnu/libz.so.1 /usr/lib/"), []);
    assert.deepEqual(await found("ENV LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu:/usr/lib/aarch64-linux-gnu"), []);
    assert.deepEqual(
      await found('RUN if [ "$(uname -m)" = x86_64 ]; then ln -s /lib64/ld-linux-x86-64.so.2 /lib/ld.so; fi'),
      [],
    );
    assert.deepEqual(
      await found("RUN if [ -e /lib64/ld-linux-x86-64.so.2 ]; then ln -s /lib64/ld-linux-x86-64.so.2 /lib/ld.so; fi"),
      [],
    );
  });

  test("a port to another architecture is a note", async () => {
    assert.deepEqual(await found("RUN ls /usr/lib/arm-linux-gnueabihf/pkgconfig"), [
      "note multiarch-libdir Dockerfile:3",
    ]);
  });

  test("removing what is not there is a note", async () => {
    assert.deepEqual(await found("RUN rm -rf /usr/lib/x86_64-linux-gnu/perl"), ["note multiarch-libdir Dockerfile:3"]);
  });

  test("names that are none", () => {
    const isFolder = (text: string) => namesIn(text).some((name) => isLibraryFolder(text, name));
    assert.ok(isFolder("/usr/lib/x86_64-linux-gnu"));
    assert.ok(isFolder("-L/usr/lib/aarch64-linux-gnu/"));
    assert.ok(isFolder("-I/usr/include/x86_64-linux-gnu"));
    assert.ok(isFolder("/lib/ld-linux-aarch64.so.1"));
    assert.ok(!isFolder("/opt/x86_64-linux-gnu/bin"));
    assert.ok(!isFolder("gcc-x86-64-linux-gnu"));
    assert.ok(!isFolder("target/x86_64-unknown-linux-gnu/release"));
    assert.ok(!isFolder("/usr/lib/x86_64-linux-gnu-extra"));
  });
});
