import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OutputFrames, readOutput } from "./output-frames.ts";

test("frames come apart however the connection cuts them", async () => {
  const frame = fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame),
      fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 1 }),
      async (frames, cuts) => {
        const bytes = Buffer.concat(
          frames.flatMap(([stream, content]) => {
            const head = Buffer.alloc(8);
            head[0] = stream;
            head.writeUInt32BE(content.length, 4);
            return [head, content];
          }),
        );
        const seen: Record<string, number[]> = { stdout: [], stderr: [] };
        const reader = new OutputFrames((stream, content) => void seen[stream]?.push(...content));
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const size = cuts[cut % cuts.length] ?? 1;
          await reader.write(bytes.subarray(at, at + size));
          at += size;
        }
        const expected = (wanted: number) =>
          frames.flatMap(([stream, content]) => (stream === wanted ? [...content] : []));
        assert.deepEqual(seen, { stdout: expected(1), stderr: expected(2) });
      },
    ),
  );
});

test("a connection that always has more lets the event loop go on after each piece", async () => {
  const frame = Buffer.from([1, 0, 0, 0, 0, 0, 0, 4, 97, 98, 99, 100]);
  let given = 0;
  async function* flood() {
    for (; given < 100; given++) yield Buffer.from(frame);
  }
  let turns = 0;
  let between = 0;
  const count = () => {
    turns++;
    between = 0;
    if (given < 100) setImmediate(count);
  };
  setImmediate(count);
  let most = 0;
  const isWhole = await readOutput(flood(), () => {
    most = Math.max(most, ++between);
  });
  assert.equal(isWhole, true);
  assert.ok(most <= 2 && turns >= 50, `${most} pieces in a turn, ${turns} turns`);
});

test("a connection that ends within a frame is not whole", async () => {
  for (const length of [3, 8, 11]) {
    const cut = Buffer.from([1, 0, 0, 0, 0, 0, 0, 4, 97, 98, 99, 100]).subarray(0, length);
    const pieces = (async function* () {
      yield cut;
    })();
    assert.equal(await readOutput(pieces, () => undefined), false);
  }
});
