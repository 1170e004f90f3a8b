import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckFinding } from "../check/check.ts";
import { memoryRepository } from "../check/repository/memory-repository.ts";
import type { Severity } from "../finding/finding.ts";
import { parsePlatform } from "../platform/platform.ts";
import { columnsOf, makeStyle } from "../report/style.ts";
import type { CheckedRepository } from "./check-result.ts";
import { formatChecked, formatRepair } from "./check-text.ts";

const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");

function finding(line: number, rule = "copy-arch-path", severity: Severity = "error"): CheckFinding {
  const place = { path: "Dockerfile", line, column: 1, endLine: line, endColumn: 11 };
  const spot = { place: { ...place, column: 8, endColumn: 13 }, text: "amd64" };
  return {
    rule,
    severity,
    message: "a-amd64 is for linux/amd64.",
    platforms: [arm64],
    path: "Dockerfile",
    line,
    column: 8,
    related: [1, 2, 3, 4, 5].map((other) => ({ path: "Makefile", line: other, message: "it is made here" })),
    fix: { title: "Take ${TARGETARCH}." },
    problems: [{ rule, message: "m", platforms: [arm64], place, spots: [spot] }],
  };
}

function shown(findings: readonly CheckFinding[], more: Partial<CheckedRepository> = {}, columns = 100): string[] {
  const text = "COPY a-amd64 /a\n".repeat(400);
  const checked: CheckedRepository = {
    platforms: [amd64, arm64],
    findings,
    ignored: [],
    unreadable: [],
    unanswered: [],
    offline: true,
    repository: memoryRepository({ Dockerfile: text }),
    ...more,
  };
  return formatChecked(checked, { style: makeStyle(false), columns, toRepair: true });
}

test("a finding: for whom, where, which names are wrong, what belongs to it, what to do", () => {
  assert.deepEqual(shown([finding(2)]), [
    "platforms: linux/amd64, linux/arm64",
    "  linux/amd64  nothing found",
    "  linux/arm64  1 error",
    "",
    "error Dockerfile:2:8 (copy-arch-path) linux/arm64",
    "  a-amd64 is for linux/amd64.",
    "    2 | COPY a-amd64 /a",
    "      |        ^^^^^",
    "  see  Makefile:1: it is made here",
    "  see  Makefile:2: it is made here",
    "  see  Makefile:3: it is made here",
    "  see  2 more places of the same mistake",
    "  fix  Take ${TARGETARCH}.",
    "",
    "1 error in 1 file.",
    "One of them may be repaired: archway check --fix --dry-run shows the edits.",
    "archway check --explain RULE tells more about a rule.",
  ]);
});

test("three hundred findings do not drown what is different", () => {
  const many = Array.from({ length: 300 }, (_, index) => finding(index + 1));
  const lines = shown([...many, finding(301, "goarch-hardcoded"), finding(302, "other", "note")]);
  assert.ok(lines.length < 90, `${lines.length} lines`);
  assert.equal(lines.filter((line) => line.startsWith("error Dockerfile")).length, 5);
  assert.ok(lines.some((line) => line.startsWith("error Dockerfile:301:8 (goarch-hardcoded)")));
  assert.ok(lines.includes("error (copy-arch-path) 296 more places"));
  assert.ok(lines.includes("  and 288 more: --format json tells all"));
  assert.ok(lines.includes("note (other) 1 place"));
  assert.ok(lines.includes("301 errors, 1 note in 1 file."));
});

test("the end tells what was accepted and what is not known", () => {
  const lines = shown([], {
    ignored: [{ finding: finding(1), by: "comment", reason: "r" }],
    baseline: { accepted: 3, gone: 1 },
    unanswered: [
      { kind: "image", key: "a" },
      { kind: "url", key: "b" },
      { kind: "url", key: "c" },
    ],
  });
  assert.deepEqual(lines.slice(-5), [
    "",
    "Nothing was found that breaks on another platform.",
    "Accepted: 1 by comments.",
    "In the baseline: 3; 1 of its entries no longer found.",
    "Not known, and so not judged: 1 image, 2 URLs (offline: leave out --offline, or give --facts FILE).",
  ]);
});

test("no line is wider than the terminal, and nothing of strangers reaches it raw", () => {
  const wild: CheckFinding = { ...finding(2), message: `\u001B[31m${"word ".repeat(60)}`, path: "Dock\u0007erfile" };
  for (const line of shown([wild, ...Array.from({ length: 9 }, (_, index) => finding(index))], {}, 60)) {
    assert.doesNotMatch(line, /\p{Cc}/u);
    if (!line.includes("archway check") && !line.includes("--")) assert.ok(columnsOf(line) <= 60, line);
  }
});

test("a repair: what was done, what is left and why", () => {
  const repair = {
    written: true,
    fixed: [{ finding: finding(2), title: "Takes TARGETARCH" }],
    refused: [{ finding: finding(3), reason: "There is no file for arm64.", instead: "Build it." }],
    files: ["Dockerfile"],
    diff: "",
  };
  assert.deepEqual(formatRepair(repair, { style: makeStyle(false), columns: 100 }), [
    "1 finding repaired in Dockerfile:",
    "  Dockerfile:2:8 Takes TARGETARCH",
    "  Dockerfile:3:8 (copy-arch-path) is left: There is no file for arm64.",
    "    Build it.",
  ]);
  const nothing = { ...repair, written: false, fixed: [], refused: [], files: [] };
  assert.deepEqual(formatRepair(nothing, { style: makeStyle(false), columns: 100 }), ["Nothing would be repaired."]);
});
