import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { textOf } from "../../value.ts";
import { briefCall, manifestsIn } from "../test-manifests.ts";
import { readBakeFile, textAttribute } from "./bake-file.ts";
import { hclTexts } from "./evaluate-hcl.ts";
import { parseHcl } from "./parse-hcl.ts";

function calls(files: Readonly<Record<string, string>>): string[] {
  const { calls } = manifestsIn(files);
  return calls.filter(({ machine }) => machine.architecture === "amd64").map(briefCall);
}

test("reads targets with variables, functions and what they inherit", () => {
  const text = `
// Comment
variable "TAG" { default = "latest" }
variable "RELEASE" {
  type = bool
  default = false
}
variable "PLATFORMS" { default = ["linux/amd64", "linux/arm64"] }
function "tag" {
  params = [name]
  result = ["\${name}"]
}
group "default" { targets = ["app"] }
target "_common" {
  args = { GO_VERSION = "1.22" } # the version
  platforms = PLATFORMS
}
target "app" {
  inherits   = ["_common"]
  context    = "./app"
  dockerfile = "build/Dockerfile"
  target     = RELEASE ? "release" : "debug"
  args       = { EXTRA = null, B = "x-\${TAG}" }
  tags       = ["me/app:\${TAG}", RELEASE ? "me/app:stable" : ""]
}
target "tool" {
  platforms = ["linux/amd64"]
  output = ["type=registry"]
  tags = tag("x")
}
`;
  assert.deepEqual(calls({ "docker-bake.hcl": text }), [
    "docker-bake.hcl:18-25 bake app/build/Dockerfile in app target debug for linux/amd64,linux/arm64 GO_VERSION=1.22 EXTRA= B=x-latest as me/app:latest as  publishes unknown",
    "docker-bake.hcl:26-30 bake Dockerfile in . for linux/amd64 as \uFFFC publishes true",
  ]);
});

test("tells where the platform of a target is written", () => {
  const { calls } = manifestsIn({
    "docker-bake.hcl": 'target "a" {\n  tags = ["a"]\n  platforms = ["linux/amd64"]\n}\n',
  });
  assert.deepEqual(calls[0]?.platforms?.[0]?.pieces[0]?.place, {
    path: "docker-bake.hcl",
    line: 3,
    column: 17,
    endLine: 3,
    endColumn: 28,
  });
});

test("makes a target for each row of a matrix, and knows that it was chosen", () => {
  const text = `target "app" {
  name = "app-\${item.arch}"
  matrix = { item = [{ arch = "amd64" }, { arch = "arm64" }] }
  platforms = ["linux/\${item.arch}"]
  tags = ["app"]
}`;
  const { targets } = readBakeFile("docker-bake.hcl", text, false);
  assert.deepEqual(
    targets.map(({ name }) => name),
    ["app-amd64", "app-arm64"],
  );
  const [first] = hclTexts(targets[1]?.attributes.get("platforms"));
  assert.equal(first === undefined ? "" : textOf(first), "linux/arm64");
  assert.equal(first?.pieces.at(-1)?.dependsOnPlatform, true);
});

test("reads JSON, whose texts are templates too", () => {
  const text =
    '{"variable": {"TAG": {"default": "v1"}}, "target": {"app": {"context": "app", "tags": ["app:${TAG}"], "args": {"A": "b"}}}}';
  assert.deepEqual(calls({ "docker-bake.json": text }), [
    "docker-bake.json:1-1 bake app/Dockerfile in app A=b as app:v1 publishes unknown",
  ]);
});

test("knows from a workflow whether a target is published", () => {
  const workflow = `on: push
jobs:
  bake:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/bake-action@v5
        with: {targets: release, push: true}
`;
  const bake = 'group "release" { targets = ["app"] }\ntarget "app" { tags = ["a"] }\ntarget "test" { tags = ["b"] }\n';
  assert.deepEqual(calls({ ".github/workflows/a.yml": workflow, "docker-bake.hcl": bake }), [
    "docker-bake.hcl:2-2 bake Dockerfile in . as a publishes true",
    "docker-bake.hcl:3-3 bake Dockerfile in . as b publishes unknown for tests",
  ]);
});

test("reads up to the first mistake and tells where it is", () => {
  const { targets, problem } = readBakeFile("a.hcl", 'target "a" { tags = ["x"] }\ntarget "b" {\n  tags = [\n', false);
  assert.equal(targets.length, 1);
  assert.equal(problem?.place.line, 4);
  assert.ok(problem?.message.endsWith("."));
});

test("does not loop on targets that inherit from each other", () => {
  const { targets } = readBakeFile(
    "a.hcl",
    'target "a" { inherits = ["b"]\n context = "x" }\ntarget "b" { inherits = ["a"] }\n',
    false,
  );
  assert.equal(
    textOf(
      textAttribute(
        targets[0] ?? {
          name: "",
          place: { path: "", line: 1, column: 1, endLine: 1, endColumn: 1 },
          attributes: new Map(),
        },
        "context",
      ),
    ),
    "x",
  );
});

test("reads texts over several lines, conditions, indexes and what it does not understand", () => {
  const text = `target "a" {
  dockerfile-inline = <<-EOF
    FROM scratch
    EOF
  args = { for k, v in X : k => v }
  tags = [for t in TAGS : "\${t}"]
  labels = X[0].*.y
  context = -1 > 2 && !true || (1 == 1) ? "yes" : "no"
}`;
  const { targets, problem } = readBakeFile("a.hcl", text, false);
  assert.equal(problem, undefined);
  assert.deepEqual([...(targets[0]?.attributes.keys() ?? [])].sort(), [
    "args",
    "context",
    "dockerfile-inline",
    "labels",
    "tags",
  ]);
});

test("never throws, and all places are in the text", () => {
  const part = fc.constantFrom(
    "target",
    ' "a" ',
    "{",
    "}",
    "[",
    "]",
    "=",
    '"',
    "${",
    "%{",
    "\n",
    "x",
    ",",
    "?",
    ":",
    "(",
    ")",
    "!",
    "-",
    ".",
    "<<E\n",
    "E\n",
    "#",
    "/*",
    "*/",
    "&&",
    "==",
    "1",
    "true",
    "\\",
    "for ",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 80 }), (parts) => {
      const text = parts.join("");
      const { body, problem } = parseHcl(text);
      if (problem !== undefined) assert.ok(problem.offset >= 0 && problem.offset <= text.length);
      for (const { start, end } of [...body.attributes, ...body.blocks])
        assert.ok(start >= 0 && start < end && end <= text.length);
      for (const isJson of [true, false]) readBakeFile("a.hcl", text, isJson);
    }),
    { numRuns: 300 },
  );
});

test("ends quickly on hostile files", () => {
  const start = process.cpuUsage();
  for (const text of [
    "[".repeat(100_000),
    `a = ${"[".repeat(100_000)}`,
    `a = ${"!".repeat(100_000)}`,
    `a = "${'${"'.repeat(50_000)}`,
    `a = ${"x ? ".repeat(50_000)}`,
    "a {\n".repeat(100_000),
    `a = ${"(".repeat(50_000)}`,
  ]) {
    assert.ok(parseHcl(text).problem);
  }
  assert.ok(process.cpuUsage(start).user < 2_000_000);
});
