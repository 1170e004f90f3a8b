import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatformList } from "../../platform/platform.ts";
import { checkRepository, type CheckFinding, type CheckResult } from "../check.ts";
import { memoryRepository } from "../repository/memory-repository.ts";
import { knownFacts } from "../test-check.ts";
import { applyIgnores, type ConfiguredIgnore } from "./apply-ignores.ts";

const rules = ["copy-arch-path", "goarch-hardcoded", "ignore-without-reason"];

/** The result of a check of files with findings of our own, `RULE PATH:LINE`. */
async function resultOf(
  files: Readonly<Record<string, string>>,
  findings: readonly string[],
  unreadable: CheckResult["model"]["unreadable"],
): Promise<CheckResult> {
  const { model } = await checkRepository(memoryRepository(files), {
    platforms: parsePlatformList("linux/amd64,linux/arm64"),
    facts: knownFacts({}),
    signal: new AbortController().signal,
  });
  return {
    model: { ...model, unreadable },
    findings: findings.map((text): CheckFinding => {
      const [rule = "", path = "", line] = text.split(/[ :]/);
      return {
        rule,
        severity: "error",
        message: "m",
        platforms: [],
        path,
        line: Number(line),
        related: [],
        problems: [],
      };
    }),
  };
}

async function judge(
  files: Readonly<Record<string, string>>,
  findings: readonly string[],
  configured: readonly ConfiguredIgnore[] = [],
  unreadable: CheckResult["model"]["unreadable"] = [],
) {
  const result = await resultOf(files, findings, unreadable);
  const judged = applyIgnores(result, {
    configured,
    read: Object.keys(files),
    rules,
    configuredPath: (path) => `app/${path}`,
  });
  return {
    left: judged.findings.map(({ rule, path, line }) => `${rule} ${path}:${line ?? 0}`),
    ignored: judged.ignored.map(({ finding, by, reason }) => `${finding.rule} ${by}: ${reason}`),
  };
}

const dockerfile = "FROM a\n# archway ignore=copy-arch-path it is the builder's\nCOPY x-amd64 \\\n  /x\n";

test("a comment accepts the findings of its rule in its lines, and nothing else", async () => {
  const found = ["copy-arch-path Dockerfile:3", "copy-arch-path Dockerfile:1", "goarch-hardcoded Dockerfile:3"];
  assert.deepEqual(await judge({ Dockerfile: dockerfile }, found), {
    left: ["copy-arch-path Dockerfile:1", "goarch-hardcoded Dockerfile:3"],
    ignored: ["copy-arch-path comment: it is the builder's"],
  });
});

test("a comment that accepts nothing, names no known rule, or gives no reason is told", async () => {
  const text =
    "FROM a\n# archway ignore=copy-arch-path why\n# archway ignore=copy-arch-paht why\n# archway ignore=goarch-hardcoded\nRUN x\n";
  const { left } = await judge({ Dockerfile: text }, ["goarch-hardcoded Dockerfile:5"]);
  assert.deepEqual(left, [
    "ignore-unknown-rule Dockerfile:3",
    "ignore-without-reason Dockerfile:4",
    "unused-ignore Dockerfile:2",
  ]);
});

test("the configuration accepts by rule and by a glob of files or folders, as it names paths", async () => {
  const found = ["copy-arch-path a/Dockerfile:1", "copy-arch-path b/Dockerfile:1"];
  const files = { "a/Dockerfile": "FROM a\n", "b/Dockerfile": "FROM a\n" };
  const entry = { rule: "copy-arch-path", reason: "r" };
  const left = async (path?: string) => (await judge(files, found, [{ ...entry, path }])).left;
  assert.deepEqual(await left(), []);
  assert.deepEqual(await left("a"), ["copy-arch-path b/Dockerfile:1"]);
  assert.deepEqual(await left("/app/a/"), ["copy-arch-path b/Dockerfile:1"]);
  assert.deepEqual(await left("**/a/*"), ["copy-arch-path b/Dockerfile:1"]);
  assert.deepEqual(await left("/a"), [...found, "unused-ignore .archway.yaml:0"]);
});

test("a file that cannot be read is a note at its place, which can be accepted too", async () => {
  const files = { Dockerfile: "FROM a\nRUNN x\n" };
  const unreadable = [{ place: { path: "Dockerfile", line: 2, column: 1 }, message: "unknown instruction RUNN" }];
  assert.deepEqual((await judge(files, [], [], unreadable)).left, ["file-unreadable Dockerfile:2"]);
  const entry = { rule: "file-unreadable", path: "Dockerfile", reason: "a template" };
  assert.deepEqual((await judge(files, [], [entry], unreadable)).left, []);
});
