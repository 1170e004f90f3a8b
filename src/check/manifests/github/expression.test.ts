import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { textOf, unknownMark, written } from "../../value.ts";
import { evaluateExpression, type Lookup, resultValue } from "./expression.ts";

const lookup: Lookup = ([context, name]) =>
  context === "matrix" && name === "arch" ? { type: "text", value: written("arm64") } : { type: "unknown" };
const evaluated = (text: string) => textOf(resultValue(evaluateExpression(text, lookup)));

test("evaluates operators, functions and contexts as GitHub does", () => {
  const cases: Readonly<Record<string, string>> = {
    "matrix.arch": "arm64",
    "matrix['arch']": "arm64",
    "matrix.arch == 'ARM64'": "true",
    "matrix.arch != 'arm64' || 'x'": "x",
    "matrix.arch == 'arm64' && 'a' || 'b'": "a",
    "!(matrix.arch == 'amd64')": "true",
    "contains('linux/amd64,linux/arm64', matrix.arch)": "true",
    "startsWith(matrix.arch, 'amd')": "false",
    "format('{0}-{1}', matrix.arch, 'it''s')": "arm64-it's",
    "github.ref": unknownMark,
    "github.ref && 'a' || 'b'": unknownMark,
    "github.ref && false": "false",
    "fromJSON('[]')": unknownMark,
    "matrix.arch ==": unknownMark,
  };
  for (const [text, result] of Object.entries(cases)) assert.equal(evaluated(text), result, text);
});

test("never throws and ends", () => {
  const part = fc.constantFrom(
    "(",
    ")",
    "!",
    "&&",
    "||",
    "==",
    "'a'",
    "matrix",
    ".",
    "[",
    "]",
    "arch",
    ",",
    "contains",
    "1",
    " ",
    "'",
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 60 }), (parts) => void evaluated(parts.join(""))));
  assert.equal(evaluated("(".repeat(10_000)), unknownMark);
  assert.equal(evaluated("!".repeat(400)), unknownMark);
});
