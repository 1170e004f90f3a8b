import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "../..");

function check(directory: string) {
  const { status, stderr } = spawnSync(process.execPath, [join(directory, "scripts", "schemas.ts"), "--check"], {
    encoding: "utf8",
  });
  return { status, stderr };
}

test("the committed schemas are those of the code", () => {
  assert.deepEqual(check(root), { status: 0, stderr: "" });
});

test("a schema that differs or that nothing makes is told", async () => {
  const copy = await mkdtemp(join(tmpdir(), "archway-schemas-"));
  try {
    for (const name of ["src", "scripts", "schemas"]) await cp(join(root, name), join(copy, name), { recursive: true });
    await symlink(join(root, "node_modules"), join(copy, "node_modules"));
    await symlink(join(root, "package.json"), join(copy, "package.json"));
    await writeFile(join(copy, "schemas", "build.schema.json"), "{}\n");
    await writeFile(join(copy, "schemas", "old.schema.json"), "{}\n");
    const { status, stderr } = check(copy);
    assert.equal(status, 1);
    assert.match(stderr, /build\.schema\.json is not what the code says: run npm run schemas/);
    assert.match(stderr, /old\.schema\.json is made by nothing/);
  } finally {
    await rm(copy, { recursive: true });
  }
});
