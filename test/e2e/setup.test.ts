/** `scripts/setup.sh`: when the packages that are there are those of the lock file, npm is not asked again. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";

const script = resolve(import.meta.dirname, "../../scripts/setup.sh");
const packages = { "node_modules/a": { version: "1.0.0", integrity: "sha512-a" } };
const absent = { "node_modules/b": { version: "2.0.0", integrity: "sha512-b", optional: true } };
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-setup-"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Sources the script in a project whose packages are `installed`; returns whether npm was run, and whether the stamp is right afterwards. */
async function setUp(name: string, installed: object, withFiles = true): Promise<{ npm: boolean; stamped: boolean }> {
  const root = join(folder, name);
  const write = async (file: string, text: string) => {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text, { mode: 0o755 });
  };
  const lock = JSON.stringify({ packages: { "": { name: "x" }, ...packages, ...absent } });
  await write("package-lock.json", lock);
  await write("node_modules/.package-lock.json", JSON.stringify({ packages: installed }));
  if (withFiles) await write("node_modules/a/package.json", "{}");
  await write("bin/archway", `echo "${process.execPath}"\n`);
  await write("path/npm", "#!/bin/sh\ntouch asked\n");
  await cp(script, join(root, "setup.sh"));
  const path = `${join(root, "path")}:${dirname(process.execPath)}:${process.env["PATH"]}`;
  const { status, stderr } = spawnSync("sh", ["-c", ". ./setup.sh"], {
    cwd: root,
    env: { PATH: path },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const read = (file: string) => readFile(join(root, file), "utf8").catch(() => undefined);
  return { npm: (await read("asked")) !== undefined, stamped: (await read("node_modules/.archway-lock")) === lock };
}

test("packages that npm ci put there by hand are taken, without those that are for other machines", async () => {
  assert.deepEqual(await setUp("same", packages), { npm: false, stamped: true });
});

test("other, missing or half-removed packages are installed", async () => {
  const other = { "node_modules/a": { version: "1.0.1", integrity: "sha512-c" } };
  assert.deepEqual(await setUp("other", other), { npm: true, stamped: true });
  assert.deepEqual(await setUp("missing", {}), { npm: true, stamped: true });
  assert.deepEqual(await setUp("removed", packages, false), { npm: true, stamped: true });
});
