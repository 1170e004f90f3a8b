import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eachLimited } from "./limit.ts";

test("every item is worked on once, in order, and never more at once than allowed", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat()),
      fc.integer({ min: 0, max: 9 }),
      fc.scheduler(),
      async (items, limit, turns) => {
        const begun: number[] = [];
        let running = 0;
        let most = 0;
        const all = eachLimited(items, limit, async (item) => {
          begun.push(item);
          most = Math.max(most, ++running);
          await turns.schedule(Promise.resolve());
          running--;
        });
        await turns.waitFor(all);
        assert.deepEqual(begun, items);
        assert.ok(most <= Math.max(1, limit));
        assert.equal(running, 0);
      },
    ),
  );
});

test("a failure stops nobody, and the first one is thrown when all have ended", async () => {
  const ended: number[] = [];
  const working = eachLimited([1, 2, 3, 4], 2, async (item) => {
    await Promise.resolve();
    if (item % 2 === 0) throw new Error(`item ${item}`);
    ended.push(item);
  });
  await assert.rejects(working, { message: "item 2" });
  assert.deepEqual(ended, [1, 3]);
});
