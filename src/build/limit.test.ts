import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
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
  const slow = Promise.withResolvers<void>();
  const begun: number[] = [];
  let isOver = false;
  const working = eachLimited([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    if (item === 1) await slow.promise;
    if (item % 2 === 0) throw new Error(`item ${item}`);
  }).finally(() => (isOver = true));
  working.catch(() => undefined);
  await setImmediate();
  assert.deepEqual(begun, [1, 2, 3, 4, 5]);
  assert.equal(isOver, false, "the first item is still being worked on");
  slow.resolve();
  await assert.rejects(working, { message: "item 2" });
});
