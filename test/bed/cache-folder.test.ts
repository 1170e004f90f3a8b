import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { lock, makeOnce } from "./cache-folder.ts";

const dir = await mkdtemp(join(tmpdir(), "archway-cache-"));
after(() => rm(dir, { recursive: true }));

test("a folder is made once, whoever asks at the same time", async () => {
  let made = 0;
  const make = (temporary: string) => {
    made++;
    return writeFile(join(temporary, "content"), "whole");
  };
  const folders = await Promise.all([1, 2, 3].map(() => makeOnce(join(dir, "one"), make)));
  assert.equal(made, 1);
  assert.deepEqual(new Set(folders), new Set([join(dir, "one")]));
  assert.equal(await readFile(join(dir, "one", "content"), "utf8"), "whole");
});

test("a folder whose making failed does not exist, and the next attempt starts from nothing", async () => {
  const folder = join(dir, "two");
  const failing = makeOnce(folder, async (temporary) => {
    await writeFile(join(temporary, "half"), "");
    throw new Error("no network");
  });
  await assert.rejects(failing, /no network/);
  assert.equal(existsSync(folder), false);
  await makeOnce(folder, (temporary) => writeFile(join(temporary, "whole"), ""));
  assert.equal(existsSync(join(folder, "half")), false);
  assert.equal(existsSync(join(folder, "whole")), true);
});

test("a lock lets one in at a time", async () => {
  const inside: string[] = [];
  const enter = async (name: string) => {
    await using _ = await lock(join(dir, "lock"));
    inside.push(`${name} in`);
    await new Promise((resolve) => setImmediate(resolve));
    inside.push(`${name} out`);
  };
  await Promise.all([enter("a"), enter("b")]);
  const [first, second] = inside[0] === "a in" ? ["a", "b"] : ["b", "a"];
  assert.deepEqual(inside, [`${first} in`, `${first} out`, `${second} in`, `${second} out`]);
});
