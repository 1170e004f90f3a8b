import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatformList } from "../../platform/platform.ts";
import { fixIn } from "./test-fix.ts";

const both = parsePlatformList("linux/amd64,linux/arm64");
const amd64 = parsePlatformList("linux/amd64");
const single = `sha256:${"1".repeat(64)}`;
const index = `sha256:${"2".repeat(64)}`;

test("the digest of the index takes the place of one platform's", async () => {
  const files = { Dockerfile: `FROM debian:12@${single} AS base\n` };
  const own = { platforms: amd64, isIndex: false, digest: single };
  const facts = {
    images: { [`debian:12@${single}`]: own, "debian:12": { platforms: both, isIndex: true, digest: index } },
  };
  const fixed = await fixIn(files, { facts });
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, [`-FROM debian:12@${single} AS base`, `+FROM debian:12@${index} AS base`]);
  assert.deepEqual(fixed.after.findings, []);
  const refused = await fixIn(files, { facts: { images: { [`debian:12@${single}`]: own } } });
  assert.equal(refused.diff, "");
  assert.match(refused.refusals.join("\n"), /The digest of the index of debian:12 is not known/);
});

test("a plain name takes the place of one with an architecture when it is known to have all platforms", async () => {
  const files = { Dockerfile: "FROM example/tool-amd64:1.0\nCMD tool\n" };
  const fixed = await fixIn(files, { facts: { images: { "example/tool:1.0": { platforms: both, isIndex: true } } } });
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, ["-FROM example/tool-amd64:1.0", "+FROM example/tool:1.0"]);
  assert.deepEqual(fixed.after.findings, []);
  assert.match((await fixIn(files)).refusals.join("\n"), /No plain name of example\/tool-amd64:1.0 is known/);
});

test("an image in compose is replaced by the one that is known for it", async () => {
  const files = { "compose.yaml": "services:\n  queue:\n    image: example/queue:1.0\n" };
  const images = { "example/queue:1.0": { platforms: amd64 }, "example/queue:2.0": { platforms: both } };
  const fixed = await fixIn(files, { facts: { images, replacements: { "example/queue:1.0": "example/queue:2.0" } } });
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, ["-    image: example/queue:1.0", "+    image: example/queue:2.0"]);
  const refused = await fixIn(files, { facts: { images } });
  assert.equal(refused.diff, "");
  assert.match(refused.refusals.join("\n"), /No tag is known/);
});
