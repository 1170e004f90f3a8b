import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtempDisposable, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { engineWith } from "./test-engine.ts";

test("what is tried with lies in the folder of this process, where a later start finds it, and goes", async () => {
  await using root = await mkdtempDisposable(join(tmpdir(), "archway-sees-"));
  const tried: string[] = [];
  await using place = await engineWith((asked, _, body) => {
    if (!asked.endsWith("/libpod/containers/create")) return undefined;
    const { rootfs } = JSON.parse(body) as { readonly rootfs: string };
    assert.ok(existsSync(rootfs));
    tried.push(rootfs);
    return undefined;
  });
  assert.equal(await place.engine.seesFiles(root.path, new AbortController().signal), true);
  assert.equal(tried.length, 1);
  assert.ok(tried[0]?.startsWith(join(root.path, "me-1-1", "probe-")), tried[0]);
  assert.deepEqual(await readdir(root.path), []);
});
