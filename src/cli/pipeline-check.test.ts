import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { runCommand } from "./shell.ts";

test("pipeline check sees the steps of all events, and with --event those of that one", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "archway-check-"));
  const step = `{ image: "\${{ env.NAME }}", run: x, when: { event: tag } }`;
  // The name is what it comes to, so that only whoever looks the image up can tell.
  const lines = ["version: 1", "env: { NAME: Not-A-Name }", "jobs:", `  t: { image: "oci:x", steps: [${step}] }`];
  const content = lines.join("\n");
  await writeFile(join(folder.path, ".archway.yaml"), content);
  const check = async (...args: readonly string[]) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const code = await runCommand(() => import("./pipeline-command.ts"), ["check", ...args], {
      env: { NO_COLOR: "1" },
      cwd: folder.path,
      stdin: new PassThrough(),
      stdout,
      stderr,
      signal: new AbortController().signal,
      now: () => 0,
    });
    stdout.end();
    stderr.end();
    return { code, told: await text(stderr) };
  };
  const all = await check();
  assert.equal(all.code, 2);
  assert.match(all.told, /^error: .*\.archway\.yaml:4:41: .*Not-A-Name/);
  assert.deepEqual(await check("--event", "push"), { code: 0, told: "" });
});
