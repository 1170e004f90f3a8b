import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import type { Place } from "../../place.ts";
import { nodeAt, scalarAt, scalarsBelow, textAt, type YamlScalar } from "./node.ts";
import { parseYaml } from "./parse-yaml.ts";

/** What stands at a place of a text. */
function at(text: string, { line, column, endLine, endColumn }: Place): string {
  const lines = text.split("\n");
  if (line === endLine) return (lines[line - 1] ?? "").slice(column - 1, endColumn - 1);
  const inner = lines.slice(line, endLine - 1);
  return [(lines[line - 1] ?? "").slice(column - 1), ...inner, (lines[endLine - 1] ?? "").slice(0, endColumn - 1)].join(
    "\n",
  );
}

function scalar(text: string, ...keys: string[]): YamlScalar {
  const found = scalarAt(parseYaml("a.yaml", text).documents[0], ...keys);
  assert.ok(found);
  return found;
}

test("tells where each part of a scalar is written, however it is written", () => {
  const text = [
    "plain: one two",
    'double: "a \\"b\\" \\u0041 amd64"',
    "single: 'it''s amd64'",
    "literal: |",
    "  first",
    "    second amd64",
    "folded: >-",
    "  one",
    "  two amd64",
    "long: one",
    "  two amd64",
    "",
  ].join("\n");
  for (const key of ["double", "single", "literal", "folded", "long"]) {
    const found = scalar(text, key);
    const start = found.text.indexOf("amd64");
    const place = found.locate(start, start + 5);
    assert.equal(at(text, place), "amd64", key);
  }
  assert.equal(scalar(text, "double").text, 'a "b" A amd64');
  assert.deepEqual(scalar(text, "plain").locate(4, 7), {
    path: "a.yaml",
    line: 1,
    column: 12,
    endLine: 1,
    endColumn: 15,
  });
  assert.equal(scalar(text, "literal").locate(0, 5).line, 5);
});

test("resolves aliases and merge keys; what a mapping has of its own wins", () => {
  const [root] = parseYaml(
    "a.yaml",
    "base: &base {image: a, platform: p}\nother: &other {image: b, more: c}\nuse:\n  <<: [*base, *other]\n  platform: q\ncopy: *base\n",
  ).documents;
  assert.deepEqual(
    ["image", "platform", "more"].map((key) => textAt(root, "use", key)),
    ["a", "q", "c"],
  );
  assert.equal(scalarAt(root, "copy", "image")?.place.line, 1);
});

test("keeps numbers and versions as they are written", () => {
  const [root] = parseYaml("a.yaml", "go: 1.20\nport: 0123\nflag: yes\nnone: ~\n").documents;
  assert.deepEqual(
    ["go", "port", "flag", "none"].map((key) => textAt(root, key)),
    ["1.20", "0123", "yes", undefined],
  );
});

test("parses only documents that matter", () => {
  const text = "a: 1\n---\nb: 2\n--- # three\nc: [\n";
  const { documents, problems } = parseYaml("a.yaml", text, (document) => /^b:/m.test(document));
  assert.equal(documents.length, 1);
  assert.deepEqual(problems, []);
  assert.equal(scalarAt(documents[0], "b")?.place.line, 3);
});

test("goes on after a document that cannot be read, and tells where it is", () => {
  const { documents, problems } = parseYaml("a.yaml", "a: [\n---\nb: 2\n");
  assert.ok(documents.some((document) => textAt(document, "b") === "2"));
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.place.path, "a.yaml");
});

const bomb = [
  "a: &a [x,x,x,x,x,x,x,x,x,x]",
  ...Array.from(
    "bcdefghij",
    (name, index) =>
      `${name}: &${name} [${Array(10)
        .fill(`*${"abcdefghij".charAt(index)}`)
        .join(",")}]`,
  ),
].join("\n");
const hostile: Readonly<Record<string, string>> = {
  "aliases that multiply": bomb,
  "an alias to what it is in": "a: &a\n  b: *a\n",
  "brackets without end": "[".repeat(200_000),
  "mappings in one line": "{a: ".repeat(50_000),
  "dashes without end": "- ".repeat(100_000),
  "question marks": "? ".repeat(100_000),
  "a long document": `a: ${"x ".repeat(1_000_000)}`,
  "deep indentation": Array.from({ length: 3000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
};
for (const [name, text] of Object.entries(hostile)) {
  test(`refuses ${name} quickly with a message`, () => {
    const start = process.cpuUsage();
    const { problems } = parseYaml("a.yaml", text);
    assert.ok(problems.length > 0);
    assert.ok(problems[0]?.message.endsWith("."));
    assert.ok(process.cpuUsage(start).user < 4_000_000);
  });
}

test("never throws, whatever the text, and all places are in it", () => {
  const line = fc.stringMatching(/^[ \-?:[\]{}&*!|>'"%@`,#a-z0-9<]{0,20}$/);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const text = lines.join("\n");
      for (const document of parseYaml("a.yaml", text).documents) {
        for (const { scalar } of scalarsBelow(document)) {
          for (const place of [scalar.place, scalar.locate(0, scalar.text.length)]) {
            assert.ok(place.line >= 1 && place.endLine <= lines.length + 1);
            assert.ok(place.column >= 1 && place.endLine >= place.line);
          }
        }
      }
    }),
  );
});

test("finds every word of what the library writes at its place", () => {
  const word = fc.stringMatching(/^[a-z"'\\#:$-]{1,12}$/);
  const text = fc.array(fc.array(word, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      text,
      fc.constantFrom(undefined, "QUOTE_DOUBLE", "QUOTE_SINGLE", "BLOCK_LITERAL", "BLOCK_FOLDED"),
      (lines, type) => {
        const content = lines.map((words) => words.join(" ")).join("\n");
        const written = stringify(
          { key: content },
          { lineWidth: 30, ...(type === undefined ? {} : { defaultStringType: type }) },
        );
        const found = scalar(written, "key");
        assert.equal(found.text, content);
        for (const match of content.matchAll(/[a-z]+/g)) {
          const place = found.locate(match.index, match.index + match[0].length);
          assert.equal(at(written, place).replaceAll(/\s|\\\n\s*/g, ""), match[0]);
        }
        assert.equal(nodeAt(parseYaml("a.yaml", written).documents[0], "key")?.kind, "scalar");
      },
    ),
  );
});
