import assert from "node:assert/strict";
import { test } from "node:test";
import { runScripted } from "../../test/scripted/run-scripted.ts";

test("an image that services and steps of a job share is pulled once, also when they ask together", async () => {
  const { events, state } = await runScripted(
    `jobs:
  a:
    image: app
    services: { one: { image: app }, two: { image: app }, three: { image: db } }
    steps: [{ name: step, run: x }]`,
    { container: (name) => (name === "step" ? { lasts: 10 } : {}) },
  );
  assert.equal(state, "succeeded");
  const pulled = events.flatMap((event) => (event.type === "pulled" ? [event.image] : []));
  assert.deepEqual(pulled.toSorted(), ["app", "db"]);
});
