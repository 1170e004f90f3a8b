import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import { loadConfig } from "./config.ts";

let top = "";
let repository = "";

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), "archway-extends-"));
  repository = join(top, "repository");
  await mkdir(join(repository, ".git"), { recursive: true });
});

afterEach(() => rm(top, { recursive: true, force: true }));

const load = () => loadConfig({ directory: repository });
const write = (name: string, content: string) => writeFile(join(repository, name), content);

async function refusal(): Promise<string> {
  try {
    await load();
  } catch (error) {
    assert.ok(error instanceof ArchwayError);
    const { file = "", line, column } = error.place ?? {};
    return `${file.slice(file.lastIndexOf("/") + 1)}:${line}:${column}: ${error.message}`;
  }
  return "accepted";
}

test("mappings are joined, lists are replaced, and the file's own keys win", async () => {
  await write("a.yaml", "platforms: [linux/amd64]\nbuild: { args: { A: a, B: a }, tags: [x/a] }\n");
  await write("b.yaml", "build: { args: { B: b } }\n");
  await write(".archway.yaml", "version: 1\nextends: [a.yaml, b.yaml]\nbuild: { tags: [x/own] }\n");
  const { platforms, build } = await load();
  assert.equal(platforms.length, 1);
  assert.deepEqual(build.args, { A: "a", B: "b" });
  assert.deepEqual(build.tags, ["x/own"]);
});

test("an error in an extended file names that file", async () => {
  await write("a.yaml", "jobs:\n  test: { image: x, steps: [x], timeout: 5 }\n");
  await write(".archway.yaml", "version: 1\nextends: a.yaml\n");
  assert.match(await refusal(), /^a\.yaml:2:42: jobs\.test\.timeout must be a time/);
});

test("files outside of the repository, missing ones and templates of templates are refused", async () => {
  await writeFile(join(top, "out.yaml"), "env: { A: a }\n");
  await write(".archway.yaml", "version: 1\nextends: ../out.yaml\n");
  assert.match(await refusal(), /^\.archway\.yaml:2:10: .*outside of the repository/);
  await write(".archway.yaml", "version: 1\nextends: none.yaml\n");
  assert.match(await refusal(), /^\.archway\.yaml:2:10: .*cannot be read/);
  await write("a.yaml", "extends: b.yaml\n");
  await write(".archway.yaml", "version: 1\nextends: a.yaml\n");
  assert.match(await refusal(), /^a\.yaml:1:1: a file that is extended cannot extend another/);
  await write(".archway.yaml", "version: 1\nextends: .archway.yaml\n");
  assert.match(await refusal(), /extends itself/);
});
