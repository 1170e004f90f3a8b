import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { amd64, arm64, makeElf } from "../../../verify/program/test-elf.ts";
import { makePe } from "../../../verify/program/test-program.ts";
import { brief, findingsIn } from "../../test-check.ts";

async function found(files: Readonly<Record<string, string | Uint8Array>>): Promise<string[]> {
  const own = (await findingsIn(files)).filter(({ rule }) => rule === "committed-binary");
  return brief(own).map((text, index) => `${own[index]?.severity ?? ""} ${text}`);
}

const program = makeElf(amd64);

describe("programs that are kept in the repository", () => {
  test("a file that is copied by its name", async () => {
    assert.deepEqual(await found({ Dockerfile: "FROM debian\nCOPY tools/init /init\n", "tools/init": program }), [
      "error committed-binary Dockerfile:2",
    ]);
    assert.deepEqual(await found({ Dockerfile: "FROM debian\nCOPY tools/init* /\n", "tools/init-1.2": program }), [
      "note committed-binary Dockerfile:2",
    ]);
  });

  test("the message names the file and what it is for", async () => {
    const [finding] = await findingsIn({ Dockerfile: "FROM debian\nCOPY init /init\n", init: program });
    assert.match(finding?.message ?? "", /^init is for linux\/amd64 by the header, but goes .* for linux\/arm64 too/);
    assert.deepEqual(finding?.platforms, [{ os: "linux", architecture: "arm64" }]);
  });

  test("a folder: an error when something uses a program in it, else a note", async () => {
    const folder = { "rootfs/opt/init": program, "rootfs/etc/conf": "" };
    assert.deepEqual(await found({ ...folder, Dockerfile: "FROM debian\nCOPY rootfs/ /\n" }), [
      "note committed-binary Dockerfile:2",
    ]);
    assert.deepEqual(
      await found({ ...folder, Dockerfile: 'FROM debian\nCOPY rootfs/ /\nENTRYPOINT ["/opt/init"]\n' }),
      ["error committed-binary Dockerfile:2"],
    );
    assert.deepEqual(await found({ ...folder, Dockerfile: "FROM debian\nCOPY rootfs/ /\nRUN /opt/init --version\n" }), [
      "error committed-binary Dockerfile:2",
    ]);
    assert.deepEqual(await found({ "bin/init": program, Dockerfile: "FROM debian\nCOPY bin /usr/local/bin\n" }), [
      "error committed-binary Dockerfile:2",
    ]);
  });

  test("siblings, other systems, hidden files and test data raise nothing", async () => {
    const copyAll = { Dockerfile: "FROM debian\nCOPY . /app\n" };
    assert.deepEqual(await found({ ...copyAll, "a/lib-amd64.so": program, "a/lib-arm64.so": makeElf(arm64) }), []);
    assert.deepEqual(
      await found({ ...copyAll, "linux-x86_64/libx.so": program, "linux-aarch64/libx.so": makeElf(arm64) }),
      [],
    );
    assert.deepEqual(await found({ ...copyAll, "tool.exe": makePe({ machine: 0x8664 }) }), []);
    assert.deepEqual(await found({ ...copyAll, "pkg/testdata/tool": program }), []);
    assert.deepEqual(await found({ ...copyAll, "bin/tool": program, ".dockerignore": "bin\n" }), []);
    assert.deepEqual(await found({ ...copyAll, "bin/tool": "#!/bin/sh\n" }), []);
  });

  test("the file of the platform raises nothing", async () => {
    assert.deepEqual(
      await found({
        Dockerfile: "FROM debian\nARG TARGETARCH\nCOPY init-${TARGETARCH} /init\n",
        "init-amd64": program,
        "init-arm64": makeElf(arm64),
      }),
      [],
    );
  });
});
