import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nextRunNumber } from "./run-number.ts";

test("runs are counted for each repository", () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "archway-numbers-"));
  const file = join(folder.path, "state", "numbers.sqlite");
  const numbers = ["/a", "/a", "/b", "/a"].map((repository) => nextRunNumber(file, repository));
  assert.deepEqual(numbers, [1, 2, 1, 3]);
});

test("a file that is no counter is told, with what to do", () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "archway-numbers-"));
  const file = join(folder.path, "numbers.sqlite");
  writeFileSync(file, "x".repeat(5000));
  assert.throws(() => nextRunNumber(file, "/a"), {
    code: "RUN_NUMBER_UNKNOWN",
    kind: "unreachable",
    hint: /remove it/,
  });
});
