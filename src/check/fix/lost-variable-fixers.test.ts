import assert from "node:assert/strict";
import { test } from "node:test";
import { fixIn } from "./test-fix.ts";

test("a RUN that only sets a variable becomes an ENV", async () => {
  const text =
    "FROM golang:1.22\nRUN export ARCH=$(dpkg --print-architecture)\nRUN curl -fsSLo /t https://example.org/t-${ARCH}\n";
  const fixed = await fixIn({ Dockerfile: text }, { rules: ["run-export-lost"] });
  assert.equal(fixed.before.findings.filter(({ rule }) => rule === "run-export-lost").length, 1);
  // What runs on amd64 today is a broken command too: both platforms are repaired.
  assert.deepEqual(fixed.changed, [
    "-RUN export ARCH=$(dpkg --print-architecture)",
    "+ARG TARGETARCH",
    "+ENV ARCH=${TARGETARCH}",
  ]);
});

test("a RUN that does more keeps its place", async () => {
  const text = "FROM golang:1.22\nRUN export ARCH=$(uname -m) && echo a > /a\nRUN curl https://example.org/t-${ARCH}\n";
  const fixed = await fixIn({ Dockerfile: text }, { rules: ["run-export-lost"] });
  assert.equal(fixed.diff, "");
  assert.match(fixed.refusals.join("\n"), /does more than to set ARCH/);
});
