import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse-config.ts";
import { expandPipeline } from "./expand-pipeline.ts";
import { leftOut, withoutNeeds } from "./left-out.ts";

const config = parseConfig(
  `version: 1
platforms: [linux/amd64, linux/arm64]
jobs:
  test: { platforms: all, image: a, steps: [b], artifacts: { report: out } }
  image: { build: { tags: [r.example/a:1] } }
  join:
    needs: [test, image]
    image: "\${{ jobs.image.reference }}"
    inputs: { reports: test.report }
    steps: ["echo \${{ jobs.test.status }}"]
  notes: { needs: join, when: failure, image: a, steps: [b] }
`,
  "/x/.archway.yaml",
);
const { jobs } = expandPipeline(config, {
  run: "r",
  number: 1,
  event: "push",
  branch: "main",
  tag: "",
  sha: "",
  message: "",
  authorName: "",
  authorEmail: "",
  inputs: {},
});

test("a job without its needs starts at once, whatever it wants of them", () => {
  assert.deepEqual(
    withoutNeeds(jobs, ["notes", "test"]).map(({ id, needs, when }) => ({ id, needs, when })),
    [
      { id: "test@linux/amd64", needs: [], when: "success" },
      { id: "test@linux/arm64", needs: [], when: "success" },
      { id: "notes", needs: [], when: "always" },
    ],
  );
  assert.deepEqual(
    withoutNeeds(jobs, ["notes", "join"]).map(({ id, needs, when }) => ({ id, needs, when })),
    [
      { id: "join", needs: [], when: "always" },
      { id: "notes", needs: ["join"], when: "failure" },
    ],
  );
});

test("what it takes from jobs that do not run: artifacts and images, no states", () => {
  assert.deepEqual(leftOut(withoutNeeds(jobs, ["join"])), {
    artifacts: [
      { job: "test@linux/amd64", artifact: "report", by: "join" },
      { job: "test@linux/arm64", artifact: "report", by: "join" },
    ],
    images: [{ name: "image", by: "join" }],
  });
  assert.deepEqual(leftOut(jobs), { artifacts: [], images: [] });
});
