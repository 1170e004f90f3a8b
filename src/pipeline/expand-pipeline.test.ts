import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse-config.ts";
import { expandPipeline } from "./expand-pipeline.ts";
import type { RunFacts } from "./facts.ts";
import type { JobOutputs } from "./job-spec.ts";
import { refusalOf } from "./match-event.ts";
import { resolveJob } from "./resolve-job.ts";

const facts: RunFacts = {
  run: "7",
  number: 7,
  event: "push",
  branch: "main",
  tag: "",
  sha: "0123456789abcdef0123456789abcdef01234567",
  message: "Change",
  authorName: "A",
  authorEmail: "a@example.com",
  inputs: { target: "staging" },
};

const example = String.raw`version: 1
platforms: [linux/amd64, linux/arm64, linux/arm/v7]
on:
  push: { branches: [main, "release/*"], paths: ["src/**"] }
  tag: ["v*"]
  pull_request: {}
  schedule: [{ cron: "0 3 * * *", timezone: Europe/Warsaw }]
  image: [docker.io/library/alpine:3.20]          # a base image moved or gained a platform
  manual: { inputs: { target: { choice: [staging, production] } } }
env: { CGO_ENABLED: "0" }
registries: { registry.example: { username: ci, password: { secret: REGISTRY_TOKEN } } }
jobs:
  test:
    platforms: all                  # one job per platform, each on a machine of that platform
    emulation: fallback             # never | fallback (the default: only if no native worker exists) | auto (faster by estimate); said, shown, counted
    image: golang:1.26
    services: { db: { image: "postgres:17", env: { POSTGRES_PASSWORD: test }, ready: pg_isready } }
    cache: [{ path: /go/pkg/mod, key: "gomod-${"$"}{{ hash('go.sum') }}" }]
    steps:
      - go test ./...
      - { name: report, run: make report, when: always }
    artifacts: { report: "out/*.xml" }
    timeout: 20m
    retry: { attempts: 2, on: infrastructure }
  image:
    needs: test
    build: { tags: ["registry.example/app:${"$"}{{ git.tag || git.short_sha }}"], push: true }
    verify: { run: ["/app", "--version"] }
  smoke: { needs: image, platforms: all, image: "${"$"}{{ jobs.image.reference }}", steps: [app --version] }
  approve: { needs: image, approval: { timeout: 7d } }
  release:
    needs: approve
    promote: { from: "${"$"}{{ jobs.image.digest }}", to: ["registry.example/app:latest"] }
on_failure: [{ image: curlimages/curl, run: "curl -d \"$ARCHWAY_FAILED_STEP failed\" $HOOK", secrets: [HOOK] }]
`;

const parse = (content: string) => parseConfig(content, "/repo/.archway.yaml");
const idsOf = (content: string) => expandPipeline(parse(content), facts).jobs.map(({ id, needs }) => [id, needs]);

test("a pipeline with every kind of job becomes a graph", () => {
  const tests = ["test@linux/amd64", "test@linux/arm64", "test@linux/arm/v7"];
  assert.deepEqual(idsOf(example), [
    ...tests.map((id) => [id, []]),
    ["image", tests],
    ["smoke@linux/amd64", ["image"]],
    ["smoke@linux/arm64", ["image"]],
    ["smoke@linux/arm/v7", ["image"]],
    ["approve", ["image"]],
    ["release", ["approve"]],
  ]);
});

test("texts of a job are final once its needs have ended", () => {
  const graph = expandPipeline(parse(example), facts);
  const outputs = new Map<string, JobOutputs>([
    ["image", { status: "succeeded", reference: "registry.example/app@sha256:1", digest: "sha256:1" }],
  ]);
  const resolve = (id: string) => {
    const planned = graph.jobs.find((job) => job.id === id);
    assert.ok(planned);
    return resolveJob(planned, { graph, facts, outputs, hash: (globs) => `of-${globs.join()}` }).job.work;
  };
  const tested = resolve("test@linux/arm64");
  assert.ok(tested.kind === "steps");
  assert.equal(tested.caches[0]?.key, "gomod-of-go.sum");
  const built = resolve("image");
  assert.ok(built.kind === "build");
  assert.deepEqual(built.tags, ["registry.example/app:0123456"]);
  const smoked = resolve("smoke@linux/amd64");
  assert.ok(smoked.kind === "steps");
  assert.equal(smoked.image, "registry.example/app@sha256:1");
  const released = resolve("release");
  assert.ok(released.kind === "promote");
  assert.equal(released.from, "sha256:1");
});

test("jobs of the same platforms wait for each other's platform", () => {
  const jobs = "a: { platforms: all, image: x, steps: [x] }\n  b: { needs: a, platforms: all, image: x, steps: [x] }";
  assert.deepEqual(idsOf(`version: 1\nplatforms: [linux/amd64, linux/arm64]\njobs:\n  ${jobs}\n`), [
    ["a@linux/amd64", []],
    ["a@linux/arm64", []],
    ["b@linux/amd64", ["a@linux/amd64"]],
    ["b@linux/arm64", ["a@linux/arm64"]],
  ]);
});

test("events start a pipeline by branch, path and tag", () => {
  const { on } = parse(example);
  assert.equal(refusalOf(on, { ...facts, changedPaths: ["src/a.ts"] }), undefined);
  assert.match(refusalOf(on, { ...facts, branch: "dev" }) ?? "", /on\.push\.branches/);
  assert.match(refusalOf(on, { ...facts, changedPaths: ["README.md"] }) ?? "", /on\.push\.paths/);
  assert.equal(refusalOf(on, { ...facts, event: "tag", tag: "v1" }), undefined);
});

test("a job of fewer platforms waits for all of them", () => {
  const jobs =
    "a: { platforms: all, image: x, steps: [x] }\n  b: { needs: a, platforms: [linux/amd64], image: x, steps: [x] }";
  const ids = idsOf(`version: 1\nplatforms: [linux/amd64, linux/arm64]\njobs:\n  ${jobs}\n`);
  assert.deepEqual(ids.at(-1), ["b@linux/amd64", ["a@linux/amd64", "a@linux/arm64"]]);
});

test("a matrix that makes more jobs than a run may have is refused at once", () => {
  const axes = (count: number) =>
    Array.from({ length: count }, (_, axis) => `a${axis}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]`).join(", ");
  const content = (count: number) =>
    `version: 1\njobs: { test: { matrix: { ${axes(count)} }, image: x, steps: [x] } }\n`;
  assert.equal(idsOf(content(3)).length, 1000);
  assert.throws(() => idsOf(content(4)), { code: "CONFIG_INVALID", message: /10000 jobs, 10000 of them of "test"/ });
  assert.throws(() => idsOf(content(30)), { code: "CONFIG_INVALID", message: /the matrix of "test" has/ });
});

test("artifacts of several combinations come to folders of their own, which every file system takes", () => {
  const { jobs } = expandPipeline(
    parse(`version: 1
jobs:
  test: { matrix: { path: [a/b, a_b, ${"é".repeat(199)}1, ${"é".repeat(199)}2] }, image: x, steps: [x], artifacts: { out: x } }
  join: { needs: test, image: x, steps: [x], inputs: { in: test.out } }
`),
    facts,
  );
  const { work } = jobs.at(-1) ?? {};
  const folders =
    work?.kind === "steps" ? work.inputs.flatMap(({ from }) => from.map(({ folder = "" }) => folder)) : [];
  assert.equal(new Set(folders).size, 4);
  assert.match(folders[0] ?? "", /^path=a_b-[0-9a-f]{16}$/);
  assert.match(folders[2] ?? "", /^path=é{80,}-[0-9a-f]{16}$/);
  for (const folder of folders) assert.ok(Buffer.byteLength(folder) <= 255);
});

test("everything in a job that writes a log has a name of its own", () => {
  const { jobs } = expandPipeline(
    parse(`version: 1
on_failure: [{ image: x, run: x }, { name: tell, image: x, run: x }]
jobs:
  steps:
    image: x
    steps:
      - { run: x, on_failure: [{ run: x }] }
      - { name: step-1, run: x, on_failure: [{ run: x }, { name: tell, run: x }] }
      - { name: tag, run: x, when: { event: tag } }
    on_failure: [{ run: x }, { name: step-1, run: x }]
  build: { build: {}, on_failure: [{ name: verify, image: x, run: x }] }
`),
    facts,
  );
  const names = jobs.map(({ work, onFailure }) => [
    ...(work.kind === "steps" ? work.steps.flatMap((step) => [step, ...step.onFailure]) : []),
    ...onFailure,
  ]);
  assert.deepEqual(
    names.map((list) => list.map(({ name }) => name)),
    [
      [
        "step-1-2",
        "step-1-2-on-failure-1",
        "step-1",
        "step-1-on-failure-1",
        "tell",
        "on-failure-1",
        "step-1-3",
        "on-failure-3",
        "tell-2",
      ],
      ["verify-2", "on-failure-2", "tell"],
    ],
  );
});

test("jobs of different combinations have different ids, whatever their values are", () => {
  const jobs = `test: { matrix: { include: [{ x: "1,y=2" }, { x: "1", y: "2" }, { x: 'a"@]' }] }, image: x, steps: [x] }`;
  assert.deepEqual(
    idsOf(`version: 1\njobs:\n  ${jobs}\n`).flatMap(([id]) => id),
    ['test[x="1,y=2"]', "test[x=1,y=2]", 'test[x="a\\"@]"]'],
  );
});

test("many ways to a job are walked once", () => {
  const jobs = Array.from({ length: 60 }, (_, level) => {
    const needs = level === 0 ? "" : `needs: [a${level - 1}, b${level - 1}], `;
    return ["a", "b"].map((side) => `  ${side}${level}: { ${needs}image: x, steps: [x] }`).join("\n");
  });
  assert.equal(idsOf(`version: 1\njobs:\n${jobs.join("\n")}\n`).length, 120);
});

const jobIds = (job: string, platforms = "[linux/amd64, linux/arm64]") =>
  idsOf(`version: 1\nplatforms: ${platforms}\njobs: { t: { ${job}, image: x, steps: [x] } }\n`).map(([id]) => id);

test("the platform as an axis is the same as platforms beside the matrix", () => {
  const matrix = 'go: ["1", "2"]';
  const beside = jobIds(`platforms: all, matrix: { ${matrix} }`);
  assert.deepEqual(beside, [
    "t[go=1]@linux/amd64",
    "t[go=1]@linux/arm64",
    "t[go=2]@linux/amd64",
    "t[go=2]@linux/arm64",
  ]);
  assert.deepEqual(jobIds(`matrix: { ${matrix}, platform: [linux/amd64, arm64] }`), beside);
  assert.deepEqual(jobIds(`matrix: { platform: all, ${matrix} }`), beside);
});

test("combinations are taken out, added and extended by their platform", () => {
  const go = 'go: ["1", "2"]';
  assert.deepEqual(jobIds(`platforms: all, matrix: { ${go}, exclude: [{ go: "1", platform: linux/aarch64 }] }`), [
    "t[go=1]@linux/amd64",
    "t[go=2]@linux/amd64",
    "t[go=2]@linux/arm64",
  ]);
  assert.deepEqual(jobIds(`platforms: all, matrix: { include: [{ go: "3", platform: linux/arm/v7 }], go: ["1"] }`), [
    "t[go=1]@linux/amd64",
    "t[go=1]@linux/arm64",
    "t[go=3]@linux/arm/v7",
  ]);
  assert.deepEqual(jobIds("matrix: { include: [{ cc: gcc }, { cc: clang }] }"), ["t[cc=gcc]", "t[cc=clang]"]);
  assert.equal(jobIds("platforms: all, matrix: { include: [{ cc: gcc }, { cc: clang }] }").length, 4);
  assert.deepEqual(jobIds("matrix: { platform: all, include: [{ platform: linux/arm64, cc: clang }] }"), [
    "t@linux/amd64",
    "t[cc=clang]@linux/arm64",
  ]);
  assert.deepEqual(
    jobIds("matrix: { include: [{ platform: linux/amd64, cc: gcc }, { platform: linux/arm64, cc: clang }] }"),
    ["t[cc=gcc]@linux/amd64", "t[cc=clang]@linux/arm64"],
  );
});

test("one platform needs no list, and short forms mean the long ones", () => {
  assert.deepEqual(jobIds("platforms: linux/arm64"), ["t@linux/arm64"]);
  const short = parse("version: 1\njobs: { t: { image: x, retry: 2, steps: [{ run: x, retry: 3 }] } }\n").jobs["t"];
  assert.deepEqual(short?.retry, { attempts: 2, on: ["infrastructure"], delay: 0 });
  const inputs = `version: 1
jobs:
  a: { image: x, steps: [x], artifacts: { r: out } }
  b: { needs: a, image: x, steps: [x], inputs: { short: a.r, long: { artifact: a.r, optional: true } } }
`;
  const work = expandPipeline(parse(inputs), facts).jobs[1]?.work;
  assert.ok(work?.kind === "steps");
  assert.deepEqual(
    work.inputs.map(({ path, optional }) => [path, optional]),
    [
      ["short", false],
      ["long", true],
    ],
  );
});

test("variables know those above them, in the pipeline, the job and the step", () => {
  const content = `version: 1
env: { A: a, B: "\${{ env.A }}b" }
jobs:
  t:
    image: "x:\${{ env.C }}"
    env: { C: "\${{ env.B }}c", A: "\${{ env.C }}!" }
    steps:
      - { run: "echo \${{ env.E }}", env: { D: "\${{ env.A }}d", E: "\${{ env.D }}\${{ run.number }}" } }
`;
  const graph = expandPipeline(parse(content), facts);
  const [planned] = graph.jobs;
  assert.ok(planned);
  const { job } = resolveJob(planned, { graph, facts, outputs: new Map(), hash: () => "" });
  assert.deepEqual(job.env, { A: "abc!", B: "ab", C: "abc" });
  assert.ok(job.work.kind === "steps");
  assert.equal(job.work.image, "x:abc");
  assert.deepEqual(job.work.steps[0]?.env, { D: "abc!d", E: "abc!d7" });
  assert.deepEqual(job.work.steps[0]?.run, { kind: "script", script: "echo abc!d7" });
  assert.throws(() => parse(content.replace("{ A: a, B:", "{ B:").replace('b" }', 'b", A: a }')), {
    message: /env\.A }} names nothing/,
    hint: "A variable knows those above it: move A up.",
  });
});

test("a build job has the defaults of `build` at the top, with paths relative to the file", () => {
  const { jobs } = expandPipeline(
    parse(`version: 1
build: { context: app, file: docker/app.dockerfile, target: run, tags: ["r.example/app:1"], args: { A: top, B: top } }
jobs:
  all: { build: {} }
  own: { build: { context: ., file: Dockerfile, target: test, tags: ["r.example/own:1"], args: { B: own } } }
`),
    facts,
  );
  const works = jobs.map((job) => {
    const resolved = resolveJob(job, { graph: { env: {}, jobs }, facts, outputs: new Map(), hash: () => "" }).job.work;
    if (resolved.kind !== "build") throw new TypeError("no build");
    const { context, file, target, tags, args } = resolved;
    return { context, file, target, tags, args };
  });
  assert.deepEqual(works, [
    {
      context: "app",
      file: "docker/app.dockerfile",
      target: "run",
      tags: ["r.example/app:1"],
      args: { A: "top", B: "top" },
    },
    { context: ".", file: "Dockerfile", target: "test", tags: ["r.example/own:1"], args: { A: "top", B: "own" } },
  ]);
});
