import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseConfig } from "../parse-config.ts";

const page = readFileSync(new URL("../../../docs/pipelines.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(
  ([, block = ""], index) => [index + 1, block] as const,
);

describe("the examples of docs/pipelines.md are right", () => {
  test("there are some", () => assert.ok(blocks.length > 8));
  for (const [number, block] of blocks) {
    test(`example ${number}`, () => assert.equal(parseConfig(block, `/example-${number}`).version, 1));
  }
});
