import assert from "node:assert/strict";
import { test } from "node:test";
import { fixIn } from "./test-fix.ts";

const mine = "1".repeat(64);
const theirs = "2".repeat(64);
const url = (name: string) => `https://example.org/tool/v1/tool-${name}`;
const download = [
  "FROM debian:12",
  `RUN curl -fsSLo /usr/bin/tool ${url("linux-x86_64")} \\`,
  `    && echo "${mine}  /usr/bin/tool" | sha256sum -c -`,
  "",
].join("\n");

test("the table that chooses the name chooses the checksum too", async () => {
  const fixed = await fixIn({ Dockerfile: download }, { sums: { [url("linux-aarch64")]: theirs } });
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, [
    `-RUN curl -fsSLo /usr/bin/tool ${url("linux-x86_64")} \\`,
    `-    && echo "${mine}  /usr/bin/tool" | sha256sum -c -`,
    "+ARG TARGETARCH",
    '+RUN case "${TARGETARCH}" in \\',
    `+      amd64) arch=x86_64; checksum=${mine} ;; \\`,
    `+      arm64) arch=aarch64; checksum=${theirs} ;; \\`,
    '+      *) echo "unsupported architecture: ${TARGETARCH}" >&2; exit 1 ;; \\',
    "+    esac; \\",
    `+    curl -fsSLo /usr/bin/tool ${url("linux-${arch}")} \\`,
    '+    && echo "${checksum}  /usr/bin/tool" | sha256sum -c -',
  ]);
  assert.deepEqual(fixed.after.findings, []);
});

test("without the other checksum nothing is changed", async () => {
  const fixed = await fixIn({ Dockerfile: download });
  assert.equal(fixed.diff, "");
  assert.match(fixed.refusals.join("\n"), /^hardcoded-arch-download: .*checksum.*linux\/arm64.*is not known/);
  assert.match(fixed.refused[0]?.instead ?? "", /do not leave the check out/);
});

test("a constant in ENV keeps its line, and the RUN gives the variable the other value", async () => {
  const text = [
    "FROM debian:12",
    `ENV TOOL_SHA256=${mine}`,
    `RUN curl -fsSLo /usr/bin/tool ${url("linux-amd64")} && echo "$TOOL_SHA256  /usr/bin/tool" | sha256sum -c -`,
    "",
  ].join("\n");
  const fixed = await fixIn({ Dockerfile: text }, { sums: { [url("linux-arm64")]: theirs } });
  assert.deepEqual(fixed.refusals, []);
  assert.ok(fixed.changed.includes(`+      arm64) TOOL_SHA256=${theirs} ;; \\`));
  assert.ok(fixed.changed.includes("+      amd64) ;; \\"));
  assert.ok(fixed.diff.includes(` ENV TOOL_SHA256=${mine}`));
  assert.deepEqual(fixed.after.findings, []);
});

test("a checksum that is one for URLs that follow the platform gets a table", async () => {
  const text = [
    "FROM debian:12",
    "ARG TARGETARCH",
    `RUN curl -fsSLo /usr/bin/tool ${url("linux-${TARGETARCH}")} && echo "${mine}  /usr/bin/tool" | sha256sum -c -`,
    "",
  ].join("\n");
  const fixed = await fixIn({ Dockerfile: text }, { sums: { [url("linux-arm64")]: theirs } });
  assert.deepEqual(fixed.refusals, []);
  assert.ok(fixed.changed.includes(`+      arm64) checksum=${theirs} ;; \\`));
  assert.deepEqual(fixed.after.findings, []);
  assert.equal((await fixIn({ Dockerfile: text })).diff, "");
});

test("a script without the other checksum stays as it is", async () => {
  const files = {
    Dockerfile: "FROM debian:12\nCOPY get.sh /get.sh\nRUN /get.sh\n",
    "get.sh": `#!/bin/sh\nset -e\ncurl -fsSLo /t ${url("linux-amd64")}\necho "${mine}  /t" | sha256sum -c -\n`,
  };
  const fixed = await fixIn(files);
  assert.equal(fixed.diff, "");
  assert.match(fixed.refusals.join("\n"), /checksum/);
});

test("ADD with a checksum cannot choose", async () => {
  const text = `FROM debian:12\nADD --checksum=sha256:${mine} ${url("linux-amd64")} /tool\n`;
  const fixed = await fixIn({ Dockerfile: text });
  assert.equal(fixed.diff, "");
  assert.match(fixed.refusals.join("\n"), /--checksum holds the checksum/);
});
