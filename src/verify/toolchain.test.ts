import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { test } from "node:test";
import { brief, findingsOfTar } from "./rules/test-findings.ts";

test("the tree of a Go tool-chain, full of foreign files, has no error and no warning", async (t) => {
  let root = "";
  let architecture = "";
  try {
    [root = "", architecture = ""] = execFileSync("go", ["env", "GOROOT", "GOHOSTARCH"], { encoding: "utf8" }).split(
      "\n",
    );
  } catch {
    return t.skip("go is not installed");
  }
  const tar = spawn("tar", ["-C", root, "--transform", "s,^\\.,usr/local/go,", "-cf", "-", "."], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const started = performance.now();
  const path = "/usr/local/go/bin:/usr/bin";
  const findings = await findingsOfTar({ os: "linux", architecture }, tar.stdout, { entrypoint: ["go"], path });
  t.diagnostic(`${Math.round(performance.now() - started)} ms; ${findings.length} notes`);
  const bad = findings.filter(({ severity }) => severity !== "note");
  // What its programs are linked with is not in the tree.
  assert.deepEqual(brief(bad.filter(({ rule }) => rule !== "loader-missing" && rule !== "library-missing")), []);
  assert.ok(findings.some(({ rule, message }) => rule === "foreign-code-expected" && message.includes("object file")));
});
