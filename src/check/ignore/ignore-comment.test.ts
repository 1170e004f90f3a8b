import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readIgnoreComments } from "./ignore-comment.ts";

const brief = (path: string, text: string, extents?: readonly (readonly [number, number])[]) =>
  readIgnoreComments(path, text, extents).map(({ rules, reason, from, to }) => [rules.join("+"), reason, from, to]);

test("a comment on a line of its own is about the next line of code, with what continues it", () => {
  const dockerfile = [
    "FROM a",
    "# archway ignore=rule-a it is fine",
    "# another comment",
    "",
    "RUN one && \\",
    "  # inside",
    "  two \\",
    "  && three",
    "RUN four",
  ].join("\n");
  assert.deepEqual(brief("Dockerfile", dockerfile), [["rule-a", "it is fine", 5, 8]]);
  assert.deepEqual(brief("Dockerfile", dockerfile, [[5, 9]]), [["rule-a", "it is fine", 5, 9]], "known extents count");
});

test("a comment inside of an instruction is about the next line of it", () => {
  assert.deepEqual(brief("Dockerfile", "RUN one \\\n# archway ignore=r why\n  two\n", [[1, 3]]), [["r", "why", 3, 3]]);
});

test("a comment behind code is about its line", () => {
  const make = "X = 1\nARCH ?= amd64 # archway ignore=make-arch-default only for tests\nY = 2\n";
  assert.deepEqual(brief("Makefile", make), [["make-arch-default", "only for tests", 2, 2]]);
});

test("in YAML it is about the block that the next line begins", () => {
  const yaml = "jobs:\n  # archway ignore=a,b both\n  build:\n    steps:\n\n      - run: x\n  other: 1\n";
  assert.deepEqual(brief(".github/workflows/ci.yml", yaml), [["a+b", "both", 3, 6]]);
  assert.deepEqual(brief("c.yaml", "image: x # archway ignore=a why\n"), [["a", "why", 1, 1]]);
});

test("in the comments of other languages", () => {
  assert.deepEqual(brief("a.go", "// archway ignore=a -- because\nx := 1\n"), [["a", "because", 2, 2]]);
  assert.deepEqual(brief("pom.xml", "<!-- archway ignore=a why not -->\n<b/>\n"), [["a", "why not", 2, 2]]);
  assert.deepEqual(brief("a.c", "int x; /* archway ignore=a why */\n"), [["a", "why", 1, 1]]);
  assert.deepEqual(brief("pyproject.toml", 'x = 1\n#archway: ignore=a : why\ny = "b"\n'), [["a", "why", 3, 3]]);
});

test("one without a rule or a reason is found too, so that it can be told", () => {
  assert.deepEqual(brief("Dockerfile", "# archway ignore the next line\nFROM a\n"), [["", "", 2, 2]]);
  assert.deepEqual(brief("Dockerfile", "# archway ignore=a\nFROM a\n"), [["a", "", 2, 2]]);
});

test("what is no comment is left alone", () => {
  assert.deepEqual(brief("README.md", "Write archway ignore=RULE in a comment.\n"), []);
  assert.deepEqual(brief("a.sh", 'echo "x#archway ignore=a"\n'), []);
});

test("any text is read without an error, and every place is in it", () => {
  const piece = fc.oneof(
    fc.constantFrom("# archway ignore=a why", "RUN x \\", "  - b", "\n", "// archway ignore", "`", "\r\n"),
    fc.string(),
  );
  fc.assert(
    fc.property(
      fc.array(piece).map((pieces) => pieces.join("\n")),
      fc.constantFrom("a.yml", "Dockerfile"),
      (text, path) => {
        const lines = text.split("\n").length;
        for (const { place, from, to } of readIgnoreComments(path, text)) {
          assert.ok(place.line >= 1 && place.line <= lines && from >= 1 && from <= to && to <= lines);
        }
      },
    ),
  );
});
