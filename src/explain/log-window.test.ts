import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { logWindow } from "./log-window.ts";
import { wordScan } from "./word-scan.ts";

test("each line that has a word is handed out once, in order, with its number and neighbours, whatever the chunks", () => {
  const line = fc.constantFrom("", "nothing", "needle!", "a NEEDLE! and a needle!", "x".repeat(50));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (lines, size) => {
      const bytes = Buffer.from(lines.join("\n"));
      const seen: { number: number; text: string; before: string[]; after: string[] }[] = [];
      const window = logWindow(wordScan(["needle!"]), (line) =>
        seen.push({ number: line.number, text: line.text, before: line.before(1), after: line.after(1) }),
      );
      for (let at = 0; at < bytes.length; at += size) window.push(bytes.subarray(at, at + size));
      window.end();
      const expected = lines.flatMap((text, index) => {
        if (!text.toLowerCase().includes("needle!")) return [];
        const after = lines[index + 1];
        // A last line without a byte is no line.
        const last = index + 1 === lines.length - 1 && after === "";
        return [
          {
            number: index + 1,
            text,
            before: index === 0 ? [] : [lines[index - 1]],
            after: after === undefined || last ? [] : [after],
          },
        ];
      });
      assert.deepEqual(seen, expected);
    }),
  );
});

test("memory stays bounded, and words across its pieces are found", () => {
  let found = 0;
  const window = logWindow(wordScan(["needle!"]), () => (found += 1));
  const chunk = Buffer.from(`${"hay ".repeat(20)}\n`.repeat(1000));
  for (let index = 0; index < 200; index += 1) {
    window.push(chunk);
    window.push(Buffer.from("nee"));
    window.push(Buffer.from("dle!\n"));
  }
  window.end();
  assert.equal(found, 200);
  assert.equal(window.lines(), 200 * 1001);
});
