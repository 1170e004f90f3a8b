import assert from "node:assert/strict";
import { test } from "node:test";
import { readImageCreateOptions } from "./image-create-options.ts";

test("a join without a name is told how to give one", () => {
  const raw = { tag: [], annotation: [], allow: [], verify: true, insecureRegistry: [], format: "text" };
  assert.throws(() => readImageCreateOptions(raw), {
    kind: "input",
    hint: /archway image create -t registry\.example/,
  });
});
