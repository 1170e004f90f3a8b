import assert from "node:assert/strict";
import { test } from "node:test";
import { runScripted } from "../../test/scripted/run-scripted.ts";
import { isFull } from "./disk-room.ts";
import { diskFailure } from "./job-failure.ts";

const gigabytes = (total: number, free: number) => {
  const bsize = 4096;
  const blocks = (bytes: number) => Math.round((bytes * 1024 ** 3) / bsize);
  return { bsize, blocks: blocks(total), bavail: blocks(free), files: 1_000_000, ffree: 900_000 };
};
const megabytes = (total: number, free: number) => gigabytes(total / 1024, free / 1024);

test("a disk is full when next to nothing, or no file, can be written any more", () => {
  assert.ok(isFull(gigabytes(100, 0)));
  assert.ok(isFull(megabytes(102_400, 31)));
  assert.ok(!isFull(megabytes(102_400, 33)));
  // A small one is not full for being small.
  assert.ok(!isFull(megabytes(64, 20)));
  assert.ok(isFull(megabytes(64, 1)));
  assert.ok(isFull({ ...gigabytes(100, 50), ffree: 0 }));
  // btrfs counts no files.
  assert.ok(!isFull({ ...gigabytes(100, 50), files: 0, ffree: 0 }));
});

test("only a disk that is full makes the words of a step a failure of the infrastructure", () => {
  const kinds = (["full", "room", undefined] as const).map((disks) => diskFailure("s", 1, disks).kind);
  assert.deepEqual(kinds, ["infrastructure", "user", "user"]);
  const hints = (["full", "room", undefined] as const).map((disks) => diskFailure("s", 1, disks).hint);
  assert.equal(new Set(hints).size, 3);
});

test("a step that says so on a machine that cannot be asked is not repeated, and told why", async () => {
  const ran = await runScripted(
    `jobs:
  a: { image: alpine, steps: [{ name: one, run: x, retry: { attempts: 3, delay: 1s } }] }`,
    { container: () => ({ lasts: 1, exitCode: 1, output: "cp: write error: No space left on device\n" }) },
  );
  const failures = ran.events.flatMap((event) =>
    event.type === "step" && event.failure !== undefined ? [event.failure] : [],
  );
  assert.deepEqual(
    failures.map(({ kind, code }) => `${kind} ${code}`),
    ["user STEP_FAILED"],
  );
  assert.match(failures[0]?.hint ?? "", /cannot be asked from here/);
});
