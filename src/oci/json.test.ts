import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import { encodeJson, parseJson } from "./json.ts";
import { maxJsonDepth, maxJsonValues, maxManifestIn } from "./limits.ts";

function parse(text: string): unknown {
  return parseJson(new TextEncoder().encode(text), "the document");
}

function hasCode(code: string) {
  return (error: unknown) => error instanceof ArchwayError && error.code === code;
}

test("every JSON value is read as it was written", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const bytes = encodeJson(value);
      assert.deepEqual(parseJson(bytes, "the document"), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("brackets and commas inside strings do not count", () => {
  const text = JSON.stringify({ key: `${"[{,".repeat(maxJsonValues)}\\"` });
  assert.deepEqual(parse(text), JSON.parse(text));
});

test("nesting is bounded before anything is built", () => {
  assert.ok(Array.isArray(parse("[".repeat(maxJsonDepth) + "]".repeat(maxJsonDepth))));
  assert.throws(() => parse("[".repeat(maxJsonDepth + 1) + "]".repeat(maxJsonDepth + 1)), hasCode("TOO_LARGE"));
  assert.throws(() => parse("[".repeat(1_000_000)), hasCode("TOO_LARGE"));
});

test("the number of values is bounded", () => {
  assert.throws(() => parse(`[${"0,".repeat(maxJsonValues + 1)}0]`), hasCode("TOO_LARGE"));
});

test("the size is bounded", () => {
  assert.throws(() => parseJson(new Uint8Array(maxManifestIn + 1), "the document"), hasCode("TOO_LARGE"));
});

test("what is not JSON is an error that names the document", () => {
  for (const text of ["", "{", "<html>", '{"a":"\u0001"}', "[1,]"]) {
    assert.throws(() => parse(text), /the document is not JSON/, text);
  }
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), "the document"), hasCode("INVALID_MANIFEST"));
});
