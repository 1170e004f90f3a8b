import assert from "node:assert/strict";
import { test } from "node:test";
import { fixIn } from "./test-fix.ts";

const mine = "1".repeat(64);
const theirs = "2".repeat(64);
const ladder = (body: readonly string[], use: string) =>
  ["FROM debian:12", "ARG TARGETARCH", 'RUN case "$TARGETARCH" in \\', ...body, `    esac; ${use}`, ""].join("\n");

test("a case gets a branch like that for amd64", async () => {
  const text = ladder(
    ["      amd64) arch=x86_64; dir=linux-x64 ;; \\", "      *) exit 1 ;; \\"],
    "echo $arch $dir > /a",
  );
  const fixed = await fixIn({ Dockerfile: text });
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, ["+      arm64) arch=aarch64; dir=linux-arm64 ;; \\"]);
  assert.deepEqual(fixed.after.findings, []);
});

test("all patterns of the branch are translated, in its quotes", async () => {
  const text =
    'FROM debian:12\nRUN case "$(uname -m)" in "x86_64"|"amd64") a=amd64;; *) echo no; exit 1;; esac; echo $a > /a\n';
  const fixed = await fixIn({ Dockerfile: text });
  assert.deepEqual(fixed.refusals, []);
  assert.match(fixed.changed[1] ?? "", /a=amd64;; "aarch64"\|"arm64"\) a=arm64;; \*\)/);
});

test("a checksum in the branch is looked up, and without it nothing is changed", async () => {
  const text = ladder(
    [`      amd64) arch=amd64; sum=${mine} ;; \\`, "      *) exit 1 ;; \\"],
    'curl -fsSLo /t https://example.org/v1/tool-$arch && echo "$sum  /t" | sha256sum -c -',
  );
  const fixed = await fixIn({ Dockerfile: text }, { sums: { "https://example.org/v1/tool-arm64": theirs } });
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, [`+      arm64) arch=arm64; sum=${theirs} ;; \\`]);
  const refused = await fixIn({ Dockerfile: text });
  assert.equal(refused.diff, "");
  assert.match(
    refused.refusals.join("\n"),
    /checksum 111111111111… *, and that of the file for linux\/arm64 is not known/,
  );
});

test("a script's case keeps its own form of lines", async () => {
  const files = {
    Dockerfile: "FROM debian:12\nCOPY get.sh /get.sh\nRUN sh /get.sh\n",
    "get.sh":
      '#!/bin/sh\ncase "$(uname -m)" in\n  x86_64)\n    a=amd64\n    ;;\n  *)\n    exit 1\n    ;;\nesac\necho $a > /a\n',
  };
  const fixed = await fixIn(files);
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, ["+  aarch64)", "+    a=arm64", "+    ;;"]);
});

test("a chain of conditions is left to people", async () => {
  const text =
    'FROM debian:12\nARG TARGETARCH\nRUN if [ "$TARGETARCH" = amd64 ]; then a=x64; else exit 1; fi; echo $a > /a\n';
  const fixed = await fixIn({ Dockerfile: text });
  assert.equal(fixed.diff, "");
  assert.match(fixed.refusals.join("\n"), /Only a case gets a new branch/);
});
