import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatform } from "../platform/platform.ts";
import { readImageAnnotateOptions } from "./image-annotate-options.ts";

const raw = { tag: [], annotation: [], remove: [], allow: [], verify: true, insecureRegistry: [], format: "text" };

test("annotations and removals go to the index, or to descriptors", () => {
  const { index, entries } = readImageAnnotateOptions({
    ...raw,
    annotation: ["a=1=2", "index,manifest-descriptor:b=3", "manifest-descriptor[linux/aarch64]:c=4"],
    remove: ["d", "manifest-descriptor[linux/amd64]:e"],
  });
  assert.deepEqual(index, { a: "1=2", b: "3", d: null });
  assert.deepEqual(entries, [
    { changes: { b: "3" } },
    { platform: parsePlatform("linux/arm64"), changes: { c: "4" } },
    { platform: parsePlatform("linux/amd64"), changes: { e: null } },
  ]);
});

test("what would lie or contradict itself is refused", () => {
  const refuses = (given: object, message: RegExp) =>
    assert.throws(() => readImageAnnotateOptions({ ...raw, ...given }), { kind: "input", message });
  refuses({}, /nothing says what changes/);
  refuses({ annotation: ["manifest:a=b"] }, /attestations and signatures/);
  refuses({ remove: ["manifest[linux/amd64]:a"] }, /attestations and signatures/);
  refuses({ remove: ["a=b"] }, /--remove a=b: takes a key without a value/);
  refuses({ annotation: ["a=b"], remove: ["a"] }, /given twice/);
  refuses({ annotation: ["a=b", "index:a=c"] }, /given twice/);
  assert.deepEqual(readImageAnnotateOptions({ ...raw, annotation: ["a=b", "a=b"] }).index, { a: "b" });
  assert.equal(readImageAnnotateOptions({ ...raw, oci: true }).toOci, true);
});
