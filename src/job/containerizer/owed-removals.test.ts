import assert from "node:assert/strict";
import { test } from "node:test";
import type { Removable } from "./containerizer.ts";
import { removeLeftovers } from "./remove-leftovers.ts";
import { engineWith } from "./test-engine.ts";

const signal = new AbortController().signal;
const removals = (asked: readonly string[]) => asked.filter((one) => one.startsWith("DELETE"));

test("what an engine that broke off did not remove goes when it is back, containers first, and once", async () => {
  let isGone = true;
  await using place = await engineWith((asked) =>
    asked.startsWith("DELETE") && isGone ? { message: "it broke off" } : undefined,
  );
  const things: readonly Removable[] = [
    { kind: "volume", id: "v" },
    { kind: "network", id: "n" },
    { kind: "container", id: "c" },
  ];
  for (const thing of things) await assert.rejects(place.engine.remove(thing, signal), { code: "ENGINE_LOST" });
  isGone = false;
  place.asked.length = 0;
  assert.ok(await place.engine.comesBack(1_000, signal));
  assert.deepEqual(removals(place.asked), ["DELETE /containers/c", "DELETE /networks/n", "DELETE /volumes/v"]);
  place.asked.length = 0;
  assert.ok(await place.engine.comesBack(1_000, signal));
  assert.deepEqual(removals(place.asked), []);
});

test("what was in use when it was to be removed is tried once more at the end", async () => {
  let isBusy = true;
  await using place = await engineWith((asked) =>
    asked.startsWith("DELETE") && isBusy ? { status: 500, message: "device or resource busy" } : undefined,
  );
  await assert.rejects(place.engine.remove({ kind: "container", id: "c" }, signal), /busy/);
  isBusy = false;
  place.asked.length = 0;
  await place.engine.close(signal);
  assert.deepEqual(removals(place.asked), ["DELETE /containers/c"]);
});

test(
  "something that cannot be removed keeps nothing else from going, and no run from starting",
  { timeout: 20_000 },
  async () => {
    const labels = { owner: "me-1-1", run: "r" };
    const removed: string[] = [];
    const engine = {
      list: async () => ["stuck", "one", "two"].map((id) => ({ kind: "container", id, labels }) as const),
      remove: ({ id }: Removable, within: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          within.addEventListener("abort", () => reject(within.reason), { once: true });
          if (id === "stuck") return;
          removed.push(id);
          resolve();
        }),
    };
    // A signal's own timer keeps no process alive.
    const alive = setTimeout(() => undefined, 20_000);
    assert.equal(await removeLeftovers(engine, async () => false, signal, 20), 3);
    clearTimeout(alive);
    assert.deepEqual(removed, ["one", "two"]);
  },
);
