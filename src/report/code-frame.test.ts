import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatCodeFrame } from "./code-frame.ts";
import { columnsOf, makeStyle } from "./style.ts";

const style = makeStyle(false);
const frame = (
  text: string,
  marks: readonly (readonly [number, number, number])[],
  columns = 80,
  lines: number[] = [],
) =>
  formatCodeFrame(
    text,
    marks.map(([line, column, endColumn]) => ({ line, column, endColumn })),
    { lines, style, columns },
  );

test("carets stand under what is wrong, several in a line, and lines between are left out", () => {
  const text = "FROM a\nARG A=amd64 B=amd64\nRUN x\nRUN y\nCOPY b-amd64 /\n";
  assert.deepEqual(
    frame(text, [
      [5, 8, 13],
      [2, 15, 20],
      [2, 7, 12],
    ]),
    ["2 | ARG A=amd64 B=amd64", "  |       ^^^^^   ^^^^^", "  …", "5 | COPY b-amd64 /", "  |        ^^^^^"],
  );
});

test("a line without a mark is shown alone, and tabs and wide characters keep the carets in place", () => {
  assert.deepEqual(frame("RUN x\n", [], 80, [1]), ["1 | RUN x"]);
  assert.deepEqual(frame("\t日 amd64\n", [[1, 4, 9]]), ["1 |  日 amd64", "  |     ^^^^^"]);
});

test("a long line is cut to the part with the mark", () => {
  const text = `${"a".repeat(300)} amd64 ${"b".repeat(300)}`;
  const [line = "", carets = ""] = frame(text, [[1, 302, 307]], 60);
  assert.ok(columnsOf(line) <= 60, line);
  assert.equal(line.slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1), "amd64");
});

test("any text and any marks: the frame fits, and nothing is thrown", () => {
  const mark = fc.tuple(fc.nat(5), fc.nat(400), fc.nat(400));
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 500 }),
      fc.array(mark, { maxLength: 4 }),
      fc.integer({ min: 30, max: 100 }),
      (text, marks, columns) => {
        for (const line of frame(text, marks, columns)) assert.doesNotMatch(line, /[\p{Cc}]/u);
      },
    ),
  );
});
