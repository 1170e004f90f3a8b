import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { LayoutStore } from "./layout.ts";

describe("a layout that is none", () => {
  let dir = "";
  before(async () => (dir = await mkdtemp(join(tmpdir(), "archway-layout-"))));
  after(() => rm(dir, { recursive: true }));

  test("says that the folder is missing", async () => {
    const path = join(dir, "nope");
    await assert.rejects(new LayoutStore(path).resolve("1"), {
      code: "NOT_FOUND",
      message: `oci:${path} cannot be read: there is no folder ${path}`,
    });
  });

  test("says that it is a file, and how to write that", async () => {
    const path = join(dir, "image.tar");
    await writeFile(path, "");
    await assert.rejects(new LayoutStore(path).resolve("1"), {
      message: `oci:${path} cannot be read: ${path} is a file, not a folder`,
      hint: new RegExp(`Write oci-archive:${path} `),
    });
  });

  test("says that a folder is no layout", async () => {
    await assert.rejects(new LayoutStore(dir).resolve("1"), {
      message: `oci:${dir} has no file oci-layout`,
      hint: "It is not an OCI layout, or not a whole one.",
    });
  });
});
