import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { columnsOf, makeStyle } from "./style.ts";
import { formatTable } from "./table.ts";

const plain = makeStyle(false);
const painted = makeStyle(true);

test("columns are aligned, also with wide characters and colours", () => {
  const rows = [
    ["linux/amd64", { text: "native", paint: painted.green }, "builder"],
    ["linux/arm/v7", "emulated", "日本"],
    ["日本", "x", "y"],
  ];
  const lines = formatTable(rows, { columns: 80, style: plain, header: ["PLATFORM", "HOW", "NODE"] });
  assert.deepEqual(lines, [
    "PLATFORM      HOW       NODE",
    "linux/amd64   \u001B[32mnative\u001B[39m    builder",
    "linux/arm/v7  emulated  日本",
    "日本          x         y",
  ]);
});

test("a table that is wider than the terminal breaks the cells of its widest column", () => {
  const reason = "stage build compiles for another platform on the node whose tools are native";
  assert.deepEqual(formatTable([["linux/arm64", "cross", reason]], { columns: 50, style: plain }), [
    "linux/arm64  cross  stage build compiles for",
    "                    another platform on the node",
    "                    whose tools are native",
  ]);
});

test("missing and empty cells leave no trailing spaces", () => {
  assert.deepEqual(formatTable([["a", ""], ["bcd", "", "e"], []], { columns: 80, style: plain }), [
    "a",
    "bcd    e",
    "",
  ]);
});

test("a table fits every terminal that its columns can be made to fit", () => {
  const cell = fc.stringMatching(/^[a-z 日]{0,40}$/);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }),
      fc.integer({ min: 36, max: 100 }),
      (rows, columns) => {
        for (const line of formatTable(rows, { columns, style: plain })) {
          assert.ok(columnsOf(line) <= columns, `"${line}" is wider than ${columns}`);
        }
      },
    ),
  );
});
