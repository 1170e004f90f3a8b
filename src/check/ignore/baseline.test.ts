import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../finding/finding.ts";
import { memoryRepository } from "../repository/memory-repository.ts";
import { baselineSchema } from "./baseline-file.ts";
import { baselineOf, compareToBaseline } from "./baseline.ts";
import { fingerprintsOf } from "./fingerprint.ts";

const finding = (line: number, rule = "r"): Finding => ({
  rule,
  severity: "error",
  message: `at ${line}`,
  platforms: [],
  path: "Dockerfile",
  line,
  related: [],
});

const fingerprintIn = (text: string) => {
  const repository = memoryRepository({ Dockerfile: text });
  return (one: Finding) => fingerprintsOf(one, repository);
};

test("what was accepted stays accepted when lines move, and what comes new is told", () => {
  const before = fingerprintIn("FROM a\nCOPY x-amd64 /\n");
  const baseline = baselineOf([finding(2)], before);
  assert.deepEqual(baselineSchema.parse(JSON.parse(JSON.stringify(baseline))), baseline);
  const after = fingerprintIn("FROM a\nRUN one\n  COPY   x-amd64 /\nCOPY y-amd64 /\n");
  const { fresh, accepted, gone } = compareToBaseline([finding(3), finding(4)], baseline, after);
  assert.deepEqual([fresh.map(({ line }) => line), accepted.map(({ line }) => line), gone], [[4], [3], 0]);
});

test("equal lines are counted: one more is new, one less is gone", () => {
  const fingerprint = fingerprintIn("RUN x\nRUN x\nRUN x\n");
  const two = baselineOf([finding(1), finding(2)], fingerprint);
  assert.equal(two.findings[0]?.count, 2);
  assert.equal(compareToBaseline([finding(1), finding(2), finding(3)], two, fingerprint).fresh.length, 1);
  assert.equal(compareToBaseline([finding(1)], two, fingerprint).gone, 1);
});

test("another rule at the same line is new, and the order of findings does not matter", () => {
  const fingerprint = fingerprintIn("RUN x\nRUN y\n");
  const baseline = baselineOf([finding(1), finding(2)], fingerprint);
  assert.deepEqual(baselineOf([finding(2), finding(1)], fingerprint), baseline);
  assert.equal(compareToBaseline([finding(1, "other")], baseline, fingerprint).fresh.length, 1);
});

test("one more line of an accepted mistake makes it new", () => {
  const fingerprint = fingerprintIn("COPY a-amd64 /\nCOPY b-amd64 /\n");
  const at = (line: number) => ({
    rule: "r",
    place: { path: "Dockerfile", line, column: 1, endLine: line, endColumn: 2 },
  });
  const known = { ...finding(1), problems: [at(1)] };
  const baseline = baselineOf([known], fingerprint);
  assert.equal(compareToBaseline([known], baseline, fingerprint).fresh.length, 0);
  const grown = { ...known, problems: [at(1), at(2)] };
  assert.equal(compareToBaseline([grown], baseline, fingerprint).fresh.length, 1);
});
