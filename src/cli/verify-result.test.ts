import assert from "node:assert/strict";
import { test } from "node:test";
import { proofWords } from "./verify-result.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const armv7 = { os: "linux", architecture: "arm", variant: "v7" };

test("what is proven is told, and what there is when nothing is", () => {
  assert.equal(proofWords([amd64, armv7], [amd64, armv7]), "proving linux/amd64, linux/arm/v7");
  assert.equal(
    proofWords([], [amd64, armv7]),
    "none of the platforms that were asked for; it has linux/amd64, linux/arm/v7",
  );
  assert.equal(proofWords([], []), "it has no image that can run");
});
