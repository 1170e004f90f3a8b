import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PieceRing } from "./piece-ring.ts";

test("what goes in comes out, in order, and a piece stays as it is until the next one is taken", () => {
  const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 600_000 }), fc.constant("take" as const)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (all) => {
      const ring = new PieceRing();
      let written = 0;
      let read = 0;
      let lent: Uint8Array = new Uint8Array();
      for (const step of [...all, ...Array.from({ length: 10 }, () => "take" as const)]) {
        assertNumbered(lent, read - lent.length);
        if (step === "take") {
          lent = ring.take() ?? new Uint8Array();
          read += lent.length;
        } else if (ring.hasRoom) {
          const length = Math.min(step, ring.room.length);
          number(ring.room.subarray(0, length), written);
          ring.wrote(length);
          written += length;
        }
      }
      assert.equal(read, written);
    }),
    { numRuns: 50 },
  );
});

test("a ring that nobody reads is full after 1.5 MiB with 512 KiB of room, and takes more when a piece has been given back", () => {
  const ring = new PieceRing();
  let written = 0;
  while (!ring.isFull) {
    written += ring.room.length;
    ring.wrote(ring.room.length);
  }
  assert.equal(written, 1536 * 1024);
  assert(ring.hasRoom);
  assert.equal(ring.room.length, 512 * 1024);
  ring.take();
  assert(ring.isFull);
  ring.take();
  assert(!ring.isFull);
});

/** Writes at each byte something that tells its place in the stream. */
function number(bytes: Uint8Array, start: number): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = (start + at) % 251;
}

function assertNumbered(bytes: Uint8Array, start: number): void {
  const expected = new Uint8Array(bytes.length);
  number(expected, start);
  assert.deepEqual(Buffer.from(bytes).equals(expected), true, `bytes from ${start} on`);
}
