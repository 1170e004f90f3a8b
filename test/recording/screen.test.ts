import assert from "node:assert/strict";
import { test } from "node:test";
import { Screen } from "./screen.ts";
import { drawRecording } from "./svg.ts";

/** The texts on a screen of 6 by 3 after some pieces of output. */
function shown(...pieces: readonly string[]): string[] {
  const screen = new Screen(6, 3);
  for (const piece of pieces) screen.write(piece);
  return screen.snapshot().map((row) => row.map(({ character }) => character).join(""));
}

test("a screen scrolls, breaks lines at its edge, and draws over lines in place", () => {
  assert.deepEqual(shown("a\r\nb\r\nc\r\nd"), ["b", "c", "d"]);
  assert.deepEqual(shown("abcdefgh"), ["abcdef", "gh"]);
  assert.deepEqual(shown("one\r\ntwo\r\n\r\u001B[2A1\u001B[K\r\n"), ["1", "two", ""]);
});

test("colours and weights are kept, also when a sequence comes in two pieces", () => {
  const screen = new Screen(6, 3);
  screen.write("\u001B[3");
  screen.write("1mr\u001B[1mb\u001B[22;39mp\u001B[?2026h");
  assert.deepEqual(screen.snapshot()[0], [
    { character: "r", look: { bold: false, dim: false, color: 31 } },
    { character: "b", look: { bold: true, dim: false, color: 31 } },
    { character: "p", look: { bold: false, dim: false } },
  ]);
});

test("a picture draws what stays once, hides what has gone, and escapes its texts", () => {
  const frame = (at: number, ...lines: readonly string[]) => {
    const screen = new Screen(20, 3);
    screen.write(lines.join("\r\n"));
    return { at, rows: screen.snapshot() };
  };
  const frames = [frame(0, "stays", "1  <s>"), frame(1, "stays", "2  <s>")];
  const svg = drawRecording({ columns: 20, rows: 3, frames, duration: 2, title: "a & b" });
  assert.match(svg, /<title>a &amp; b<\/title>/);
  assert.equal(svg.split(">stays<").length, 2);
  assert.equal(svg.split("&lt;s&gt;").length, 2);
  assert.match(svg, /<g display="none"><animate [^>]*values="inline;none" keyTimes="0;0.5"\/><text [^>]*>1</);
  assert.match(svg, /<g><animate [^>]*values="none;inline" keyTimes="0;0.5"\/><text [^>]*>2</);
});
