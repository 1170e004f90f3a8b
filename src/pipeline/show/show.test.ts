import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatform } from "../../platform/platform.ts";
import type { JobGraph } from "../job-spec.ts";
import { describeNeeds, describeRules, describeWork } from "./describe-job.ts";
import { jobRows } from "./job-rows.ts";
import { formatMermaid } from "./mermaid.ts";
import { templateText } from "./template-text.ts";
import { job, nameOf, service, step, stepsWork, template } from "./test-graph.ts";

const tag = template([
  "app:",
  { kind: "binary", operator: "||", left: nameOf("git.tag"), right: nameOf("git.short_sha") },
]);
const work = stepsWork(template("golang:1.26"), {
  steps: [step(), step({ image: template("alpine:3") })],
  services: [service("db", template("postgres:17"))],
});
const ids = ["test@linux/amd64", "test@linux/arm64"];
const graph: JobGraph = {
  env: {},
  jobs: [
    ...ids.map((id) => job(id, { work, timeout: 1200, retry: { attempts: 2, on: ["infrastructure"], delay: 1 } })),
    job("image", {
      needs: ids,
      work: {
        kind: "build",
        platforms: [parsePlatform("amd64"), parsePlatform("arm64")],
        tags: [tag],
        args: {},
        labels: {},
        annotations: [],
        cacheFrom: [],
        cacheTo: [],
        secrets: [],
        nativeOnly: false,
        allowMissing: [],
        push: true,
        verify: { platforms: [], require: [], severity: "error", run: [template("/app"), template("--version")] },
      },
    }),
    job("half", {
      needs: ["test@linux/arm64", "image"],
      work: { kind: "approval", wait: 7 * 86_400 },
      skip: 'branch is "x"',
    }),
  ],
};

test("jobs are described in words", () => {
  assert.deepEqual(
    graph.jobs.map((one) => describeWork(one)),
    [
      "2 steps in golang:1.26, alpine:3, with db",
      "2 steps in golang:1.26, alpine:3, with db",
      "build for linux/amd64, linux/arm64, started with /app --version, push app:${{ git.tag || git.short_sha }}",
      "wait for a person, 7d at most",
    ],
  );
  assert.deepEqual(graph.jobs.map(describeRules), [
    ["at most 20m", "up to 2 attempts"],
    ["at most 20m", "up to 2 attempts"],
    [],
    ['skipped: branch is "x"'],
  ]);
  assert.deepEqual(
    graph.jobs.map((one) => describeNeeds(one, graph)),
    [[], [], ["test"], ["test@linux/arm64", "image"]],
  );
});

test("expressions are written as a person would", () => {
  const literal = (value: string) => ({ kind: "literal", value }) as const;
  const compared = {
    kind: "binary",
    operator: "==",
    left: nameOf("a"),
    right: literal("it's"),
  } as const;
  const both = { kind: "binary", operator: "&&", left: compared, right: nameOf("b") } as const;
  assert.equal(templateText(template([{ kind: "not", operand: both }])), "${{ !((a == 'it\\'s') && b) }}");
  assert.equal(
    templateText(template(["x-", { kind: "call", name: "hash", args: [literal("go.sum")] }])),
    "x-${{ hash('go.sum') }}",
  );
});

test("a Mermaid chart has a box for the platforms of a job, and dashes for what is skipped", () => {
  assert.equal(
    formatMermaid(graph),
    `flowchart LR
  subgraph group0["test"]
    job0["linux/amd64"]
    job1["linux/arm64"]
  end
  job2["image"]
  job3["half"]
  group0 --> job2
  job1 --> job3
  job2 --> job3
  classDef skipped stroke-dasharray: 5 5,opacity: 0.5
  class job3 skipped
`,
  );
  const odd = { env: {}, jobs: [job("a", { name: 'a"#<b>', matrix: { go: "1.26" }, work })] };
  assert.match(formatMermaid(odd), /job0\["a#34;#35;#60;b#62;<br\/>go=1\.26"\]/);
});

test("jobs that differ by their platform alone share a row", () => {
  assert.deepEqual(
    jobRows(graph).map(({ label, platforms, needs }) => [label, platforms.join(), needs.join()]),
    [
      ["test", "linux/amd64,linux/arm64", ""],
      ["image", "", "test"],
      ["half", "", "test@linux/arm64,image"],
    ],
  );
  const after = ["linux/amd64", "linux/arm64"].map((one) => job(`later@${one}`, { work, needs: [`test@${one}`] }));
  const rows = jobRows({ env: {}, jobs: [...graph.jobs, ...after] });
  assert.deepEqual(rows.at(-1)?.needs, ["test (same platform)"]);
});

test("a job of many expansions is one place of a chart", () => {
  const many = Array.from({ length: 50 }, (_, index) =>
    ids.map((id) => job(id.replace("test", `test[go=1.${index}]`), { matrix: { go: `1.${index}` }, work })),
  ).flat();
  const last = job("last", { needs: many.map(({ id }) => id), work });
  assert.equal(
    formatMermaid({ env: {}, jobs: [...many, last] }),
    `flowchart LR
  group0["test: 100 jobs<br/>go: 1.0, 1.1, 1.2, 1.3 … 1.49<br/>linux/amd64, linux/arm64"]
  job100["last"]
  group0 --> job100
`,
  );
});
