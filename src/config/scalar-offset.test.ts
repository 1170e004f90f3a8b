import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { parseYaml } from "./yaml-source.ts";

/** The line and column of `@` in a text, and the same of its place in the value. */
function placesOf(content: string) {
  const source = parseYaml(content, "/f");
  const value: unknown = source.value;
  assert.ok(typeof value === "object" && value !== null && "a" in value && typeof value.a === "string");
  const { line, column } = source.place(["a"], value.a.indexOf("@"));
  const lines = content.slice(0, content.indexOf("@")).split("\n");
  return { found: [line, column], right: [lines.length, (lines.at(-1) ?? "").length + 1] };
}

describe("a character of a text is found where it is written", () => {
  const texts: Readonly<Record<string, string>> = {
    plain: "b: 1\na: echo it's @ here\n",
    "plain over lines": "a: echo\n  one\n\n  two @ three\nb: 2\n",
    "single quotes": "a: 'it''s ''so'' @ here'\n",
    "double quotes":
      String.raw`a: "say \"a\"\n\tand \\ \x41 \u00e9 \
   more @ here"` + "\n",
    literal: "a: |\n  set -e\n\n    deeper\n  echo @ here\n",
    "literal with a header": "a: |2-  # the script\n    echo\n   x @\n",
    folded: "a: >-\n  one\n  two\n\n  three @ four\n",
    "in a list of flow": 'a: "x @"\nb: [1]\n',
  };
  for (const [name, content] of Object.entries(texts)) {
    test(name, () => {
      const { found, right } = placesOf(content);
      assert.deepEqual(found, right);
    });
  }

  test("however a text is written", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "'", '"', "\\", " ", "\n", "#", ":", "é", "\t", "$") });
    const style = fc.constantFrom("PLAIN", "QUOTE_SINGLE", "QUOTE_DOUBLE", "BLOCK_LITERAL", "BLOCK_FOLDED");
    fc.assert(
      fc.property(part, part, style, (before, after, defaultStringType) => {
        const content = stringify({ a: `${before}@${after}` }, { defaultStringType, lineWidth: 20 });
        const { found, right } = placesOf(content);
        assert.deepEqual(found, right, content);
      }),
    );
  });
});
