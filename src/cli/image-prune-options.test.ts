import assert from "node:assert/strict";
import { test } from "node:test";
import { readImagePruneOptions } from "./image-prune-options.ts";

const raw = { keepTag: [], tag: [], insecureRegistry: [], format: "text" };
const hours = 3_600_000;

test("ages are hours, days and weeks", () => {
  for (const [text, expected] of [
    ["12h", 12 * hours],
    ["30d", 720 * hours],
    ["2w", 336 * hours],
  ] as const) {
    assert.equal(readImagePruneOptions({ ...raw, olderThan: text }).olderThan, expected);
  }
  for (const text of ["", "30", "d", "1.5d", "-1d", "30m", "99999999d"]) {
    assert.throws(() => readImagePruneOptions({ ...raw, olderThan: text }), {
      code: "OPTION_INVALID",
      message: /--older-than/,
    });
  }
});

test("without a word about what may go, nothing is planned", () => {
  assert.throws(() => readImagePruneOptions(raw), { kind: "input", message: /nothing says what may go/ });
  assert.throws(() => readImagePruneOptions({ ...raw, keepTag: ["v*"] }), { message: /nothing says what may go/ });
  for (const text of ["-1", "1.5", "all", ""]) {
    assert.throws(() => readImagePruneOptions({ ...raw, keep: text }), { message: /--keep/ });
  }
  assert.throws(() => readImagePruneOptions({ ...raw, tag: [""] }), { message: /--tag/ });
  const asked = readImagePruneOptions({ ...raw, tag: ["pr-*"] });
  assert.equal(asked.yes, false);
  assert.equal(readImagePruneOptions({ ...raw, keep: "3", yes: true }).yes, true);
});
