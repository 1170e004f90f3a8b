import assert from "node:assert/strict";
import { test } from "node:test";
import { fixIn } from "./test-fix.ts";

const rules = ["docker-pull-no-platform"];
const recipe =
  "mirror:\n\tdocker pull example/tool:1.0\n\tdocker tag example/tool:1.0 mine/tool:1.0\n\tdocker push mine/tool:1.0\n";

test("the pull names the platform that the Makefile has", async () => {
  const fixed = await fixIn({ Makefile: `ARCH ?= amd64\n${recipe}` }, { rules });
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, [
    "-\tdocker pull example/tool:1.0",
    "+\tdocker pull --platform linux/$(ARCH) example/tool:1.0",
  ]);
});

test("without a variable the advice is to copy the index", async () => {
  const fixed = await fixIn({ Makefile: recipe }, { rules });
  assert.equal(fixed.diff, "");
  assert.match(fixed.refused[0]?.instead ?? "", /imagetools create/);
});
