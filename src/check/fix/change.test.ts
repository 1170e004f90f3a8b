import assert from "node:assert/strict";
import { test } from "node:test";
import { applyChanges, editsOf, insertLines, type Change } from "./change.ts";

const text = "FROM alpine\nCOPY a-amd64 /a\nRUN ln -s a-amd64 b\n";
const at = (line: number, column: number, length: number, to: string): Change => {
  return { place: { path: "f", line, column, endLine: line, endColumn: column + length }, text: to };
};

test("changes of one file are applied together, the same one once", () => {
  const changes = [
    at(3, 13, 5, "${A}"),
    insertLines("f", 2, "ARG A"),
    at(2, 8, 5, "${A}"),
    insertLines("f", 2, "ARG A"),
  ];
  const applied = applyChanges(changes, () => text);
  assert.ok("texts" in applied);
  assert.equal(applied.texts.get("f"), "FROM alpine\nARG A\nCOPY a-${A} /a\nRUN ln -s a-${A} b\n");
});

test("changes that overlap are told, not mixed", () => {
  assert.ok("conflict" in applyChanges([at(2, 6, 7, "x"), at(2, 8, 5, "y")], () => text));
});

test("changes become edits of whole lines", () => {
  const edits = editsOf([insertLines("f", 2, "ARG A"), at(2, 8, 5, "${A}"), at(3, 13, 5, "${A}")], () => text);
  assert.deepEqual(edits, [
    { path: "f", startLine: 2, endLine: 2, text: "ARG A\nCOPY a-${A} /a" },
    { path: "f", startLine: 3, endLine: 3, text: "RUN ln -s a-${A} b" },
  ]);
});

test("lines are added behind the last one", () => {
  const applied = applyChanges([insertLines("f", 4, "CMD b")], () => text);
  assert.ok("texts" in applied);
  assert.equal(applied.texts.get("f"), `${text}CMD b\n`);
});
