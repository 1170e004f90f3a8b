import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { unifiedDiff } from "./diff.ts";

test("a change is shown with three lines around it", () => {
  const before = ["a", "b", "c", "d", "e", "f", "g", "h", ""].join("\n");
  const after = before.replace("e", "E");
  assert.equal(
    unifiedDiff("x/y", before, after),
    "--- a/x/y\n+++ b/x/y\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n",
  );
});

test("a new file and a missing line feed show", () => {
  assert.equal(
    unifiedDiff("f", undefined, "one\ntwo"),
    "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+one\n+two\n\\ No newline at end of file\n",
  );
  assert.equal(unifiedDiff("f", "same\n", "same\n"), "");
});

test("git apply makes the new text out of the old one and the diff", () => {
  const line = fc.constantFrom("a", "b", "c", "", "  d");
  const text = fc.tuple(fc.array(line, { maxLength: 30 }), fc.boolean()).map(([lines, ends]) => {
    return lines.join("\n") + (ends && lines.length > 0 ? "\n" : "");
  });
  const folder = mkdtempSync(join(tmpdir(), "archway-diff-"));
  try {
    fc.assert(
      fc.property(text, text, (before, after) => {
        // Git sees a file without content as one that is not there.
        fc.pre(before !== "" && after !== "");
        const diff = unifiedDiff("f", before, after);
        if (diff === "") return assert.equal(before, after);
        writeFileSync(join(folder, "f"), before);
        execFileSync("git", ["apply", "--unidiff-zero", "-"], {
          cwd: folder,
          input: diff,
          stdio: ["pipe", "pipe", "pipe"],
        });
        return assert.equal(readFileSync(join(folder, "f"), "utf8"), after);
      }),
      { numRuns: 60 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
