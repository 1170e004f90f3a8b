/**
 * What people are told about broken pipelines: each folder of `test/scenarios/pipeline-bad` has an `.archway.yaml` and, in `expected.txt`, what
 * `archway pipeline check --offline` prints about it. ARCHWAY_UPDATE_EXPECTED=1 writes the files anew, to be read before they are committed.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { runCommand } from "./shell.ts";

const root = resolve(import.meta.dirname, "../../test/scenarios/pipeline-bad");
const names = readdirSync(root);

test("there are enough broken pipelines", () => assert.ok(names.length >= 60));

for (const name of names) {
  test(`a broken pipeline is explained: ${name}`, async () => {
    const cwd = join(root, name);
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const code = await runCommand(() => import("./pipeline-command.ts"), ["check", "--offline"], {
      env: { NO_COLOR: "1" },
      cwd,
      stdin: new PassThrough(),
      stdout,
      stderr,
      signal: new AbortController().signal,
      now: () => 0,
    });
    stdout.end();
    stderr.end();
    const told = (await text(stderr)).replaceAll(`${cwd}/`, "");
    assert.equal(code, 2, `${told}${await text(stdout)}`);
    if (process.env["ARCHWAY_UPDATE_EXPECTED"] === "1") writeFileSync(join(cwd, "expected.txt"), told);
    assert.equal(told, readFileSync(join(cwd, "expected.txt"), "utf8"));
    assert.match(told, /^error: \.archway\.yaml:\d+:\d+: /, "a line and a column are named");
  });
}
