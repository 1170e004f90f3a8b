import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wordScan } from "./word-scan.ts";

const letter = fc.constantFrom("a", "b", "c", "A", "B", "-", "/", "\n", " ");
const text = (constraints: { minLength: number; maxLength: number }) =>
  fc.array(letter, constraints).map((letters) => letters.join(""));

test("finds every word in any case, and nothing else", () => {
  const words = fc.uniqueArray(
    text({ minLength: 6, maxLength: 9 }).map((word) => word.toLowerCase()),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(words, text({ minLength: 0, maxLength: 300 }), (words, text) => {
      const scan = wordScan(words);
      const found = new Set<string>();
      const bytes = Buffer.from(text);
      for (let at = scan.next(bytes, 0, bytes.length); at >= 0; at = scan.next(bytes, at + 1, bytes.length)) {
        for (const word of scan.words) found.add(words[word] ?? "");
      }
      const expected = words.filter((word) => text.toLowerCase().includes(word));
      assert.deepEqual([...found].sort(), expected.sort());
    }),
    { numRuns: 1000 },
  );
});

test("refuses words that are too short to be searched for", () => {
  assert.throws(() => wordScan(["seven77", "short"]), /"short" is shorter than 6 bytes/);
});
