import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../finding/finding.ts";
import { countSeverities, formatFindings, toFindingJson } from "./findings.ts";
import { columnsOf, makeStyle } from "./style.ts";

const arm64 = { os: "linux", architecture: "arm64" };
const armv7 = { os: "linux", architecture: "arm", variant: "v7" };
const wrong: Finding = {
  rule: "wrong-architecture",
  severity: "error",
  message: "The entrypoint is amd64 code in a linux/arm64 image.",
  platforms: [arm64],
  path: "/usr/local/bin/app",
  layer: {
    index: 2,
    digest: `sha256:${"ab".repeat(32)}`,
    size: 12_345_678,
    createdBy: "COPY --from=build /out/app /usr/local/bin/app",
  },
  cause: { code: "S01", text: "The final stage is pinned to $BUILDPLATFORM." },
  related: [{ path: "Dockerfile", line: 7, message: "the final stage begins here" }],
  fix: { title: "Remove --platform=$BUILDPLATFORM from the final FROM." },
};
const note: Finding = {
  rule: "slow",
  severity: "note",
  message: "Emulated.",
  platforms: [arm64, armv7],
  path: "Dockerfile",
  line: 3,
  related: [],
};

test("findings are grouped by platform and tell path, layer, step, cause and fix", () => {
  assert.deepEqual(
    formatFindings([wrong, note, { ...note, platforms: [] }], { style: makeStyle(false), columns: 100 }),
    [
      "linux/arm64: 1 error",
      "  error /usr/local/bin/app (wrong-architecture)",
      "    The entrypoint is amd64 code in a linux/arm64 image.",
      `    layer: 3, sha256:${"ab".repeat(32)} (12 MB)`,
      "    made by: COPY --from=build /out/app /usr/local/bin/app",
      "    cause: The final stage is pinned to $BUILDPLATFORM. (S01)",
      "    see: Dockerfile:7: the final stage begins here",
      "    fix: Remove --platform=$BUILDPLATFORM from the final FROM.",
      "linux/arm64, linux/arm/v7: 1 note",
      "  note Dockerfile:3 (slow)",
      "    Emulated.",
      "all platforms: 1 note",
      "  note Dockerfile:3 (slow)",
      "    Emulated.",
    ],
  );
});

test("findings about no file have no path, and are about the index when they name no platform", () => {
  const missing: Finding = { ...note, rule: "not-reached", severity: "warning", message: "Gone.", path: "/" };
  const { line: _, ...noLine } = missing;
  assert.deepEqual(
    formatFindings([{ ...noLine, platforms: [] }, noLine], { style: makeStyle(false), columns: 100 }).slice(0, 5),
    [
      "index: 1 warning",
      "  warning (not-reached)",
      "    Gone.",
      "linux/arm64, linux/arm/v7: 1 warning",
      "  warning (not-reached)",
    ],
  );
});

test("long texts are broken to the terminal", () => {
  for (const line of formatFindings([wrong], { style: makeStyle(false), columns: 44 })) {
    assert.ok(columnsOf(line) <= 48, line);
  }
});

test("a path of a stranger cannot drive the terminal", () => {
  const [, line] = formatFindings([{ ...note, path: "/bin/\u001B[2Jx" }], { style: makeStyle(false), columns: 80 });
  assert.equal(line, "  note /bin/x:3 (slow)");
});

test("JSON has platforms as texts and leaves out what is absent", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(toFindingJson(note))), {
    rule: "slow",
    severity: "note",
    message: "Emulated.",
    platforms: ["linux/arm64", "linux/arm/v7"],
    path: "Dockerfile",
    line: 3,
    related: [],
  });
});

test("counts name the heaviest first", () => {
  assert.equal(countSeverities([note, wrong, note]), "1 error, 2 notes");
});
