import assert from "node:assert/strict";
import { test } from "node:test";
import { readPublishOptions } from "./image-shared-options.ts";

const raw = { allow: [], verify: true, insecureRegistry: [], format: "text" };

test("every command that publishes takes exceptions with a reason, as verify does", () => {
  const { allow } = readPublishOptions({ ...raw, allow: ["/opt/fw/**= runs on the modem "] });
  assert.deepEqual(allow, [{ path: "/opt/fw/**", reason: "runs on the modem" }]);
  assert.throws(() => readPublishOptions({ ...raw, allow: ["/opt/fw/**="] }), {
    message: /--allow.*reason is missing/,
  });
  assert.throws(() => readPublishOptions({ ...raw, allow: ["/**=because"] }), { message: /covers the whole image/ });
});
