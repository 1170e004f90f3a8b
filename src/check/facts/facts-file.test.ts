import assert from "node:assert/strict";
import { test } from "node:test";
import { ArchwayError } from "../../error/error.ts";
import { parseDocument } from "../../config/parse-document.ts";
import { parsePlatformList } from "../../platform/platform.ts";
import { factsJson, factTable } from "./fact-table.ts";
import { factsFileSchema } from "./facts-file.ts";

const parse = (content: string) =>
  parseDocument(content, "/facts.json", { code: "FACTS_INVALID", name: "the facts", schema: factsFileSchema });

test("names are normalised, and what is known not to exist is told apart from what is unknown", () => {
  const table = factTable([
    parse(
      '{"version":1,"images":{"alpine:3.4":{"platforms":["amd64"]},"no/such:1":null},"urls":{"https://a.test/x":false}}',
    ),
    parse('{"version":1,"packages":{"npm:a@1":{"platforms":"all"},"pypi:b@2":{"platforms":["linux/aarch64"]}}}'),
  ]);
  assert.deepEqual(
    [...table.images],
    [
      ["docker.io/library/alpine:3.4", { platforms: parsePlatformList("linux/amd64") }],
      ["docker.io/no/such:1", null],
    ],
  );
  assert.equal(table.urls.get("https://a.test/x"), false);
  assert.deepEqual(table.packages.get("pypi:b@2"), { platforms: parsePlatformList("linux/arm64") });
});

test("the later file counts, and a table is written as a file that reads the same", () => {
  const one = parse('{"version":1,"images":{"a":{"platforms":["linux/amd64"]}}}');
  const two = parse('{"version":1,"images":{"docker.io/library/a:latest":{"platforms":["linux/arm64","arm64"]}}}');
  const table = factTable([one, two]);
  const written = JSON.stringify(factsJson(table, new Date(0)));
  assert.match(written, /"asOf":"1970-01-01T00:00:00.000Z"/);
  assert.deepEqual(factTable([parse(written)]).images.get("docker.io/library/a:latest"), {
    platforms: parsePlatformList("linux/arm64"),
  });
});

test("YAML is read as well, and errors have a place and a suggestion", () => {
  assert.equal(parse("version: 1\nurls:\n  https://a.test/: true\n").urls["https://a.test/"], true);
  const cases: readonly (readonly [content: string, message: RegExp, line: number])[] = [
    ['{"version": 1,\n "imagse": {}}', /unknown key "imagse"/, 2],
    ['{"version": 1,\n "images": {"a": {"platforms": ["linux/arm65"]}}}', /Unknown platform/, 2],
    ['{"version": 1,\n\n "urls": {"https://a.test": "yes"}}', /true or false/, 3],
    ['{"version": 1,\n "images": {"a b": null}}', /not the name of an image/, 2],
    ['{"version": 1,\n "packages": {"left-pad": null}}', /ECOSYSTEM:NAME/, 2],
    ['{"version": 2}', /version must be 1/, 1],
    ['{"version": 1,\n "images": [', /./, 2],
    ["", /the facts/, 0],
  ];
  for (const [content, message, line] of cases) {
    assert.throws(
      () => parse(content),
      (error: unknown) => {
        assert.ok(error instanceof ArchwayError, String(error));
        assert.equal(error.code, "FACTS_INVALID");
        assert.match(error.message, message);
        if (line > 0) assert.equal(error.place?.line, line, content);
        return true;
      },
    );
  }
});
