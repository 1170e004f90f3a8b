import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPublished, readPublished } from "./run-command-result.ts";

const digest = `sha256:${"a".repeat(64)}`;
const platforms = [{ platform: "linux/arm64", digest, verdict: "pass", findings: [] }];
const image = {
  digest,
  mediaType: "application/vnd.oci.image.index.v1+json",
  size: 7,
  references: ["r.example/app:1", "r.example/app:2"],
};
const expected = { digest, references: image.references, platforms: ["linux/arm64"] };

test("what the commands print is what their jobs tell", () => {
  const copied = { version: 1, image, platforms, tags: [], attached: [], targets: [] };
  for (const action of ["copy", "tag", "promote"] as const)
    assert.deepEqual(readPublished(action, JSON.stringify(copied)), expected);
  const created = { version: 1, index: { ...image, pushed: true }, platforms };
  assert.deepEqual(readPublished("create", JSON.stringify(created)), expected);
  assert.equal(
    formatPublished(expected, "promote"),
    `promoted r.example/app:1\npromoted r.example/app:2\n         ${digest}\n`,
  );
});
