import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OutputFrames } from "./output-frames.ts";

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
