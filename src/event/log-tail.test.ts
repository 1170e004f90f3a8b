import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LogTail } from "./log-tail.ts";

function tailOf(...pieces: readonly string[]): LogTail {
  const tail = new LogTail();
  for (const text of pieces) tail.push({ text });
  return tail;
}

test("the last lines, whatever the pieces are", () => {
  const lines = fc.array(fc.stringMatching(/^[a-z ]{0,8}$/), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 5 }), (all, count, size) => {
      const text = all.map((line) => `${line}\n`).join("");
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      assert.deepEqual(tailOf(...pieces).lines(count), all.slice(-count));
    }),
  );
});

test("a line without an end is shown, and of a progress bar its last state", () => {
  assert.deepEqual(tailOf("one\ntw").lines(5), ["one", "tw"]);
  assert.deepEqual(tailOf("10%\r20%\r", "30%").lines(5), ["30%"]);
  assert.deepEqual(tailOf("10%\r20%\r\nnext\r\n").lines(5), ["20%", "next"]);
  assert.deepEqual(tailOf().lines(5), []);
});

test("bytes that are no text are decoded as far as they can be", () => {
  const tail = tailOf("a ");
  tail.push({ base64: Buffer.from([0xff, 0x62]).toString("base64") });
  assert.deepEqual(tail.lines(1), ["a \uFFFDb"]);
});

test("what is kept is bounded, and half a line at its beginning is left out", () => {
  const tail = new LogTail();
  for (let index = 0; index < 50_000; index++) tail.push({ text: `line ${index}\n` });
  const lines = tail.lines(1_000_000);
  assert.equal(lines.at(-1), "line 49999");
  assert.ok(lines.length > 1000 && lines.length < 10_000, `${lines.length} lines`);
  assert.ok(lines.every((line) => /^line \d+$/.test(line)));
  tail.keep(15);
  assert.deepEqual(tail.lines(5), ["line 49999"]);
});
