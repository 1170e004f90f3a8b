import assert from "node:assert/strict";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { ProgramStream } from "./ssh-stream.ts";

const through = (script: string) => new ProgramStream("sh", ["-c", script], process.env);

test(
  "a connection whose program has ended is closed: no request may be given to one that only looks idle",
  { timeout: 20_000 },
  async () => {
    const stream = through("echo hello");
    stream.resume();
    await once(stream, "close");
    assert.equal(stream.errored, null);
    assert.ok(!stream.writable);
  },
);

test("what is written may end before the answer comes", async () => {
  const stream = through("cat > /dev/null; echo all read");
  stream.end("words");
  assert.equal(await text(stream), "all read\n");
});

test("what the program says of its failure is the error", async () => {
  const stream = through("echo 'Permission denied.' >&2; exit 255");
  await assert.rejects(text(stream), { message: "sh: Permission denied", code: "EXIT_255" });
});
