import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, suite, test } from "node:test";
import { explainSchema } from "../../src/cli/schemas/explain.ts";
import { startArchway } from "./archway.ts";

const logs = resolve(import.meta.dirname, "../scenarios/explain");
const log = join(logs, "E01/buildkit-no-emulator.txt");

suite("archway explain", () => {
  let cwd = "";
  before(async () => (cwd = await mkdtemp(join(tmpdir(), "archway-explain-"))));
  after(() => rm(cwd, { recursive: true }));
  const explain = (args: readonly string[], stdin?: Uint8Array) =>
    startArchway(["explain", ...args], {
      cwd,
      env: { ...process.env, NO_COLOR: "1" },
      ...(stdin === undefined ? {} : { stdin }),
    }).ended;

  test("shows the error, its line among its neighbours, the cause, what to do, and where to read more", async () => {
    const { code, stdout, stderr } = await explain([log]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.match(stdout, /^E01 A program of another architecture cannot be run \(linux\/arm64\)\n/);
    assert.match(stdout, /in \[linux\/arm64 2\/3\] RUN apt-get update/);
    assert.match(
      stdout,
      /\n {4} 9 \| #7 \[linux\/arm64 2\/3\] RUN apt-get update\n {2}> 10 \| #7 0\.191 exec \/bin\/sh: exec format error\n/,
    );
    assert.match(stdout, /cause {2}The kernel was given a program for another CPU/);
    assert.match(stdout, /to do {2}In a build: /);
    assert.match(stdout, /see {4}https:\/\/docs\.docker\.com\//);
  });

  test("prints JSON of the published shape, from a file and from standard input alike", async () => {
    const fromFile = await explain(["--format", "json", log]);
    const fromInput = await explain(["--format", "json"], readFileSync(log));
    const named = await explain(["--format=json", "-"], readFileSync(log));
    assert.equal(fromFile.stdout, fromInput.stdout);
    assert.equal(fromFile.stdout, named.stdout);
    const { errors } = explainSchema.parse(JSON.parse(fromFile.stdout));
    assert.deepEqual(
      errors.map(({ code, line, text, platforms }) => ({ code, line, text, platforms })),
      [{ code: "E01", line: 10, text: "#7 0.191 exec /bin/sh: exec format error", platforms: ["linux/arm64"] }],
    );
  });

  test("annotates on GitHub", async () => {
    const { code, stdout } = await explain(["--format", "github", log]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^::error title=E01 A program of another architecture cannot be run \(linux\/arm64\)::line 10 of the log: [^\n]*%0A[^\n]*\n$/,
    );
  });

  test("says what it recognised when nothing is known, and ends with 0", async () => {
    const { code, stdout } = await explain(
      [],
      Buffer.from(
        '#4 [linux/arm64 2/2] RUN false\n#4 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1\n',
      ),
    );
    assert.equal(code, 0);
    assert.match(stdout, /^No known error in 2 lines\.\n/);
    assert.match(stdout, /engines +BuildKit\n/);
    assert.match(stdout, /platforms +linux\/arm64\n/);
    assert.match(stdout, /failed step +\[linux\/arm64 2\/2\] RUN false\n/);
  });

  test("a log that cannot be read, and options that are none, are exit 2", async () => {
    const missing = await explain(["none.log"]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /none\.log cannot be read: there is no such file or folder/);
    const folder = await explain([cwd]);
    assert.equal(folder.code, 2);
    assert.match(folder.stderr, /cannot be read: a folder is where a file belongs/);
    assert.equal((await explain(["--format", "xml", log])).code, 2);
  });

  test("control characters of a log do not reach the terminal", async () => {
    const file = join(cwd, "evil.log");
    await writeFile(file, "\u001B]0;title\u0007\u001B[2Jexec /bin/\u0008sh: exec format error\n");
    const { stdout } = await explain([file]);
    assert.match(stdout, /E01/);
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000B-\u001F]/);
  });
});
