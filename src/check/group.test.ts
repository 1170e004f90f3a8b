import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parsePlatformList } from "../platform/platform.ts";
import { groupProblems } from "./group.ts";
import type { Model } from "./model.ts";
import { readModel } from "./read-model.ts";
import { memoryRepository } from "./repository/memory-repository.ts";
import type { Problem } from "./rule.ts";
import { brief, knownFacts } from "./test-check.ts";

function modelOf(text: string): Model {
  return readModel(memoryRepository({ "a.sh": text }), {
    platforms: parsePlatformList("linux/amd64,linux/arm64"),
    facts: knownFacts({}),
    signal: new AbortController().signal,
  });
}

const empty = modelOf("");
const [amd64, arm64] = parsePlatformList("linux/amd64,linux/arm64");
if (amd64 === undefined || arm64 === undefined) throw new Error("platforms");

function problem(rule: string, line: number, more: Partial<Problem> = {}): Problem {
  const place = { path: "a.sh", line, column: 1, endLine: line, endColumn: 9 };
  return { rule, message: rule, platforms: [arm64 ?? amd64 ?? { os: "", architecture: "" }], place, ...more };
}

const at = (line: number) => ({ place: problem("", line).place, message: "see" });

describe("grouping of problems", () => {
  test("the same place on several platforms is one finding, which the heaviest speaks for", () => {
    const findings = groupProblems(
      [
        problem("a", 1, { severity: "note", message: "light" }),
        problem("a", 1, { severity: "error", message: "heavy", platforms: [amd64] }),
      ],
      empty,
    );
    assert.deepEqual(
      findings.map(({ severity, message, platforms }) => [severity, message, platforms]),
      [["error", "heavy", [amd64, arm64]]],
    );
  });

  test("other rules and other places stay apart, keys join", () => {
    assert.deepEqual(brief(groupProblems([problem("a", 1), problem("b", 1), problem("a", 2)], empty)), [
      "a a.sh:1",
      "a a.sh:2",
      "b a.sh:1",
    ]);
    assert.deepEqual(brief(groupProblems([problem("a", 1, { key: "k" }), problem("a", 2, { key: "k" })], empty)), [
      "a a.sh:1 +2",
    ]);
  });

  test("a checksum's own finding joins the download that has its line", () => {
    const download = problem("hardcoded-arch-download", 2, { related: [at(1)] });
    assert.deepEqual(brief(groupProblems([problem("single-arch-checksum", 1), download], empty)), [
      "hardcoded-arch-download a.sh:2 +1",
    ]);
  });

  test("two downloads with a line in common stay two", () => {
    assert.deepEqual(
      brief(
        groupProblems(
          [
            problem("hardcoded-arch-download", 2, { related: [at(1)] }),
            problem("hardcoded-arch-download", 3, { related: [at(1), at(2)] }),
          ],
          empty,
        ),
      ),
      ["hardcoded-arch-download a.sh:2 +1", "hardcoded-arch-download a.sh:3 +1 +2"],
    );
  });

  test("every problem is in one finding, whatever covers what", () => {
    const rules = ["hardcoded-arch-download", "arch-path-reference", "single-arch-checksum", "copy-arch-path", "other"];
    const model = modelOf("a tool-amd64\nmv tool-amd64 x\nmv linux-amd64 y\n");
    const some = fc.record({
      rule: fc.constantFrom(...rules),
      line: fc.integer({ min: 1, max: 4 }),
      related: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
      severity: fc.constantFrom("note" as const, "error" as const),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), (list) => {
        const problems = list.map(({ rule, line, related, severity }) =>
          problem(rule, line, { severity, related: related.map(at) }),
        );
        const grouped = groupProblems(problems, model);
        assert.equal(grouped.flatMap((finding) => finding.problems).length, problems.length);
        assert.deepEqual(brief(groupProblems(problems, model)), brief(grouped));
      }),
    );
  });
});
