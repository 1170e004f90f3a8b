import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { LayoutStore } from "./layout.ts";

test("a folder that is not there is told from one that is no layout", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "archway-layout-"));
  const absent = new LayoutStore(join(folder.path, "absent"));
  const gone = { code: "NOT_FOUND", message: /absent is not there: no such folder/, hint: /oci:DIR/ };
  await assert.rejects(absent.resolve(""), gone);
  await assert.rejects(absent.entries(), gone);
  await assert.rejects(new LayoutStore(folder.path).resolve("1"), {
    code: "NOT_FOUND",
    message: /has no file oci-layout/,
  });
});
