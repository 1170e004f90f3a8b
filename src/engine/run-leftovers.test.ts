import assert from "node:assert/strict";
import { test } from "node:test";
import { isOfRuns, runNames } from "./run-leftovers.ts";

test("an image is of runs when runs gave it all of its names", () => {
  const { image } = runNames("1-2");
  assert.equal(isOfRuns([image]), true);
  assert.equal(isOfRuns([image, "localhost/app:1"]), false);
  assert.equal(isOfRuns([]), false);
});
