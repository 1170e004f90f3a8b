import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parsePlatformList } from "../platform/platform.ts";
import { makeStyle } from "../report/style.ts";
import { findingsOfFailure, formatOffer } from "./build-check.ts";

const platforms = parsePlatformList("linux/amd64,linux/arm64");

test("a failed build is offered the errors in its own Dockerfile, and only when a rule can know the cause", async () => {
  const directory = await mkdtemp(join(tmpdir(), "archway-offer-"));
  try {
    await writeFile(join(directory, "Dockerfile"), "FROM alpine:3.20\nCOPY a-amd64 /a\n");
    await writeFile(join(directory, "Dockerfile.other"), "FROM alpine:3.20\nCOPY e-amd64 /e\n");
    for (const name of ["a", "e"]) await writeFile(join(directory, `${name}-amd64`), "x");
    const opened = { directory, dockerfile: join(directory, "Dockerfile") };
    const found = await findingsOfFailure("STEP_FAILED", opened, platforms);
    assert.deepEqual(
      found.map(({ rule, path, line }) => `${rule} ${path}:${line}`),
      ["copy-arch-path Dockerfile:2"],
    );
    const text = formatOffer(found, { style: makeStyle(false), columns: 100 }).join("\n");
    assert.match(text, /^archway check finds:\n {2}Dockerfile:2:\d+ \(copy-arch-path\)\n/);
    assert.deepEqual(await findingsOfFailure("UNREACHABLE", opened, platforms), []);
    assert.deepEqual(formatOffer([], { style: makeStyle(false), columns: 100 }), []);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("nothing that goes wrong is thrown", async () => {
  const gone = { directory: "/no/such/folder", dockerfile: "/no/such/folder/Dockerfile" };
  assert.deepEqual(await findingsOfFailure("STEP_FAILED", gone, platforms), []);
  const outside = { directory: "/no/such/folder", dockerfile: "/elsewhere/Dockerfile" };
  assert.deepEqual(await findingsOfFailure("GATE_REFUSED", outside, platforms), []);
});
