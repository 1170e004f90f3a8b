import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse-config.ts";
import { openRegistries } from "./registries.ts";

test("plain HTTP is allowed to loopback, and where option or configuration say so", () => {
  const { registries } = parseConfig(
    "version: 1\nregistries:\n  a.test: { insecure: true }\n  b.test: { mirrors: [c.test] }\n",
    "/repo/.archway.yaml",
  );
  const opened = openRegistries({ registries, insecureRegistries: ["d.test:5000"] }, { env: {} });
  const allowed = ["127.0.0.1:5000", "a.test", "b.test", "c.test", "d.test:5000", "d.test"].filter((host) =>
    opened.plainHttp(host),
  );
  assert.deepEqual(allowed, ["127.0.0.1:5000", "a.test", "d.test:5000"]);
});
