import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { requireDestinations } from "./destinations.ts";

describe("what a build writes has a place before anything is built", () => {
  let cwd: string;
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), "archway-destinations-"));
    await mkdir(join(cwd, "folder"));
    await writeFile(join(cwd, "file"), "");
  });
  after(() => rm(cwd, { recursive: true }));

  const refusals = [
    ["a metadata file without its folder", { metadataFile: "missing/m.json" }, /there is no folder .*missing/],
    ["a metadata file below a file", { metadataFile: "file/m.json" }, /there is no folder/],
    ["a metadata file that is a folder", { metadataFile: "folder" }, /it is a folder/],
    ["an OCI archive", { output: { kind: "oci", dest: "missing/i.tar", tar: true } }, /there is no folder/],
    ["an OCI layout below a file", { output: { kind: "oci", dest: "file/a/b", tar: false } }, /file is not a folder/],
    ["a Docker archive", { output: { kind: "docker", dest: "missing/i.tar" } }, /there is no folder/],
  ] as const;
  for (const [name, wanted, message] of refusals) {
    test(`${name} is refused`, async () => {
      const found = await requireDestinations(cwd, wanted).then(
        () => assert.fail("accepted"),
        (error: unknown) => error,
      );
      assert.ok(found instanceof Error && "code" in found && "kind" in found);
      assert.deepEqual([found.code, found.kind], ["FILE_UNWRITABLE", "input"]);
      assert.match(found.message, message);
    });
  }

  test("what can be written is left alone, and nothing is made", async () => {
    const before = await readdir(cwd);
    await requireDestinations(cwd, { metadataFile: "file", output: { kind: "oci", dest: "new/deep", tar: false } });
    await requireDestinations(cwd, { output: { kind: "docker", dest: "folder/image.tar" } });
    await requireDestinations(cwd, { output: { kind: "docker" } });
    assert.deepEqual(await readdir(cwd), before);
  });
});
