import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { scriptCommand, scriptPlace } from "./first-process.ts";

/** What a shell of this machine as first process makes of a script. */
async function run(shell: string, script: string, input = "") {
  await using folder = await mkdtempDisposable(join(tmpdir(), "archway-script-"));
  const file = join(folder.path, "script");
  await writeFile(file, script);
  const [, ...args] = scriptCommand.entrypoint.map((word) => (word === scriptPlace ? file : word));
  const { status, signal, stdout, stderr } = spawnSync(shell, args, { input, encoding: "utf8" });
  return { code: signal ?? status, stdout, stderr: stderr.replaceAll(folder.path, "") };
}

/** Shells of this machine that images have as `sh`. */
const shells = ["sh", "bash", "dash"].filter((name) => spawnSync(name, ["-c", ""]).error === undefined);

for (const shell of shells) {
  describe(`a script behind ${shell}`, () => {
    test("ends with its own code, also for a signal, and the first process says nothing of its own", async () => {
      for (const [script, code] of [
        ["exit 7", 7],
        ["false; echo never", 1],
        ["kill -TERM $$", 143],
        ["kill -KILL $$", 137],
        ["kill -SEGV $$", 139],
        ["kill -INT $$", 130],
        ["exec sh -c 'kill -ABRT $$'", 134],
        ["", 0],
      ] as const)
        assert.deepEqual(await run(shell, script), { code, stdout: "", stderr: "" }, script);
      assert.match((await run(shell, "no-such-program")).stderr, /no-such-program: (command )?not found\n$/);
    });

    test("has the same input and output, and signals that interrupt", async () => {
      assert.deepEqual(await run(shell, "cat; echo err >&2", "in"), { code: 0, stdout: "in", stderr: "err\n" });
      assert.equal((await run(shell, "sh -c 'kill -INT $$; echo heard nothing' || echo $?")).stdout, "130\n");
      assert.equal((await run(shell, 'trap "echo heard" INT; kill -INT $$')).stdout, "heard\n");
      // Only what every process has is open.
      assert.equal((await run(shell, "(echo x >&3) 2>/dev/null || echo closed")).stdout, "closed\n");
    });
  });
}
