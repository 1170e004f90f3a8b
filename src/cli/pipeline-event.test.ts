import assert from "node:assert/strict";
import { test } from "node:test";
import { readEvent } from "./pipeline-event.ts";

test("an event is a name, and what it is about", () => {
  assert.deepEqual(readEvent("--event", "push"), { name: "push" });
  assert.deepEqual(readEvent("--event", "push=release/1"), { name: "push", ref: "release/1" });
  assert.deepEqual(readEvent("--event", "tag=v1=2"), { name: "tag", ref: "v1=2" });
  const wrong: readonly (readonly [string, RegExp, string | undefined])[] = [
    ["psuh=main", /^--event psuh=main: must begin with push, tag, .* or manual\.$/, 'Did you mean "push"?'],
    ["push=", /nothing stands behind the =/, undefined],
    ["tag", /a tag is missing/, "Write tag=v1.0.0"],
  ];
  for (const [text, message, hint] of wrong) {
    assert.throws(() => readEvent("--event", text), { code: "OPTION_INVALID", kind: "input", message, hint });
  }
});
