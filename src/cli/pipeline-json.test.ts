import assert from "node:assert/strict";
import { test } from "node:test";
import { job, stepsWork, template } from "../pipeline/show/test-graph.ts";
import { graphJson } from "./pipeline-json.ts";
import { pipelineShowSchema } from "./schemas/pipeline.ts";

test("the JSON of a graph is what its schema says", () => {
  const jobs = [
    job("test@linux/arm64", { work: stepsWork(template("golang:1.26")) }),
    job("approve", {
      needs: ["test@linux/arm64"],
      skip: "when.event is tag, this is push",
      condition: template("yes"),
      work: { kind: "approval", wait: 60 },
    }),
  ];
  const schedules = [{ cron: "0 3 * * *", timezone: "Europe/Warsaw", next: Date.parse("2026-11-30T02:00:00Z") }];
  const printed: unknown = JSON.parse(
    JSON.stringify(graphJson({ env: {}, jobs }, { title: "push to main", refusal: "no reason", schedules })),
  );
  assert.deepEqual(pipelineShowSchema.parse(printed), printed);
  assert.deepEqual(printed, {
    version: 1,
    event: "push to main",
    refused: "no reason",
    jobs: [
      {
        id: "test@linux/arm64",
        name: "test",
        kind: "steps",
        platform: "linux/arm64",
        matrix: {},
        needs: [],
        when: "success",
        does: "1 step in golang:1.26",
      },
      {
        id: "approve",
        name: "approve",
        kind: "approval",
        matrix: {},
        needs: ["test@linux/arm64"],
        when: "success",
        condition: "yes",
        skipped: "when.event is tag, this is push",
        does: "wait for a person, 1m at most",
      },
    ],
    schedules: [{ cron: "0 3 * * *", timezone: "Europe/Warsaw", next: "2026-11-30T02:00:00.000Z" }],
  });
});
