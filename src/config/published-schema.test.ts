/** The published schema as an editor uses it: it takes what the documentation shows, refuses what is mistyped, and has a word on every key. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
}

const document: z.core.JSONSchema.JSONSchema & Node = JSON.parse(read("schemas/archway.schema.json"));
const schema = z.fromJSONSchema(document);

function blocksOf(page: string): readonly unknown[] {
  return [...read(page).matchAll(/^```yaml\n(version: 1\n.*?)^```$/gms)].map(([, block = ""]): unknown => parse(block));
}

test("the examples of the documentation are right", () => {
  const examples = [...blocksOf("docs/pipelines.md"), ...blocksOf("docs/first-pipeline.md")];
  assert.ok(examples.length > 10);
  const pipelines = readdirSync(new URL("../../test/scenarios", import.meta.url)).filter((name) =>
    name.startsWith("run-"),
  );
  const scenarios = pipelines.map((name): unknown =>
    parse(read(`test/scenarios/${name}/.archway.yaml`).replaceAll(/MIRROR|PRIVATE/g, "registry.example")),
  );
  for (const example of [...examples, ...scenarios]) {
    const result = schema.safeParse(example);
    assert.ok(result.success, `${JSON.stringify(example, null, 1)}\n${result.error && z.prettifyError(result.error)}`);
  }
});

test("unknown keys are refused at every depth", () => {
  const step = { run: "x" };
  const job = { image: "x", steps: [step], services: { db: { image: "x" } }, matrix: { go: ["1"] } };
  assert.ok(schema.safeParse({ version: 1, jobs: { test: job } }).success);
  const wrong = [
    { version: 1, jbos: {} },
    { version: 1, jobs: { test: { ...job, step: [] } } },
    { version: 1, jobs: { test: { ...job, steps: [{ ...step, if: "x" }] } } },
    { version: 1, jobs: { test: { ...job, services: { db: { image: "x", port: 1 } } } } },
    { version: 1, on: { psuh: {} } },
  ];
  for (const one of wrong) assert.ok(!schema.safeParse(one).success, JSON.stringify(one));
});

test("every key says what it is", () => {
  const silent: string[] = [];
  const visit = (node: Node | boolean | undefined, path: string): void => {
    if (typeof node !== "object") return;
    for (const [key, value] of Object.entries(node.properties ?? {})) {
      if (value.description === undefined) silent.push(`${path}${key}`);
      visit(value, `${path}${key}.`);
    }
    visit(node.items, path);
    visit(node.additionalProperties, path);
    for (const one of node.anyOf ?? []) visit(one, path);
  };
  visit(document, "");
  assert.deepEqual(silent, []);
});
