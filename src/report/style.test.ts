import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { columnsOf, makeStyle, printable, printableInColor, truncate, usesColor, wrap } from "./style.ts";

test("colours: NO_COLOR beats everything, FORCE_COLOR a pipe, TERM=dumb a terminal", () => {
  const terminal = { isTTY: true };
  assert.equal(usesColor(terminal, {}), true);
  assert.equal(usesColor({}, {}), false);
  assert.equal(usesColor(terminal, { NO_COLOR: "1", FORCE_COLOR: "1" }), false);
  assert.equal(usesColor(terminal, { NO_COLOR: "" }), true);
  assert.equal(usesColor({}, { FORCE_COLOR: "" }), true);
  assert.equal(usesColor(terminal, { FORCE_COLOR: "0" }), false);
  assert.equal(usesColor(terminal, { TERM: "dumb" }), false);
  assert.equal(makeStyle(true).red("x"), "\u001B[31mx\u001B[39m");
  assert.equal(makeStyle(false).red("x"), "x");
});

test("columns: wide characters two, marks and escape sequences none", () => {
  assert.equal(columnsOf("abc"), 3);
  assert.equal(columnsOf("日本語"), 6);
  assert.equal(columnsOf("e\u0301"), 1);
  assert.equal(columnsOf("🚀"), 2);
  assert.equal(columnsOf("\u001B[31mabc\u001B[39m"), 3);
  assert.equal(columnsOf("ﾊﾟ·…é"), 5);
});

test("text of strangers cannot drive the terminal", () => {
  assert.equal(printable("a\u001B[2Jb\u001B]0;title\u0007c\td\r\ne\u0008"), "abc d  e\uFFFD");
  assert.equal(printable("user\u202Egnp.exe"), "user\uFFFDgnp.exe");
});

test("truncated text fits, and says that something is missing", () => {
  assert.equal(truncate("abcdef", 6), "abcdef");
  assert.equal(truncate("abcdefg", 6), "abcde…");
  assert.equal(truncate("日本語", 4), "日…");
  assert.equal(truncate("abc", 0), "");
});

test("whatever the text, truncated and wrapped lines fit and nothing is lost by wrapping", () => {
  const text = fc.stringMatching(/^[a-z 日🚀]{0,80}$/u);
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 40 }), (text, columns) => {
      assert.ok(columnsOf(truncate(text, columns)) <= columns);
      const lines = wrap(text, columns);
      for (const line of lines) assert.ok(columnsOf(line) <= columns, `"${line}" is wider than ${columns}`);
      assert.equal(lines.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
    }),
  );
});

test("colours of strangers stay where they are wanted, and nothing else of theirs", () => {
  assert.equal(
    printableInColor("a\u001B[1;31mred\u001B[2J\u001B]0;title\u0007 b\u001B[m\tc\u0008"),
    "a\u001B[1;31mred b\u001B[m c\uFFFD\u001B[0m",
  );
  assert.equal(printableInColor("plain\u001B[H"), "plain");
});
