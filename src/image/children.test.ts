import assert from "node:assert/strict";
import { test } from "node:test";
import { mediaTypes } from "../oci/media-types.ts";
import { formatPlatform, parsePlatform } from "../platform/platform.ts";
import type { Child } from "./children.ts";
import { childrenOf, readConfig, readDocument } from "./children.ts";
import { TestStore } from "./test-store.ts";

const amd64 = parsePlatform("linux/amd64");
const v7 = parsePlatform("linux/arm/v7");

function addIndex(store: TestStore, manifests: readonly object[]) {
  return store.addJson(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
}

const told = (children: readonly Child[]) =>
  children.map(({ descriptor }) => [descriptor.platform && formatPlatform(descriptor.platform), descriptor.digest]);

test("an image alone has its config's platform, also when only its digest is known", async () => {
  const store = new TestStore("store");
  const image = store.addImage({ os: "linux", architecture: "arm", variant: "v7" });
  const expected = { ...image, platform: v7 };
  assert.deepEqual(await childrenOf(store, image), [{ descriptor: expected, attestations: [] }]);
  assert.deepEqual(await childrenOf(store, { digest: image.digest }), [{ descriptor: expected, attestations: [] }]);
});

test("Windows images keep the version that tells them apart", async () => {
  const store = new TestStore("store");
  const image = store.addImage({ os: "windows", architecture: "amd64", "os.version": "10.0.20348.1" });
  const [child] = await childrenOf(store, image);
  assert.equal(child?.descriptor.osVersion, "10.0.20348.1");
});

test("the index's word beats the config's, and annotations stay", async () => {
  const store = new TestStore("store");
  const image = store.addImage({ os: "linux", architecture: "arm64" });
  const index = addIndex(store, [{ ...image, platform: amd64, annotations: { note: "x" } }]);
  const [child] = await childrenOf(store, index);
  assert.deepEqual(child?.descriptor, { ...image, platform: amd64, annotations: { note: "x" } });
});

test("nested indexes are flattened in their order, with the attestations that belong to each image", async () => {
  const store = new TestStore("store");
  const [one, two, three] = [amd64, v7, parsePlatform("linux/s390x")].map((platform) => ({
    ...store.addImage(platform),
    platform,
  }));
  assert.ok(one && two && three);
  const proof = {
    ...store.addJson(mediaTypes.ociManifest, { any: "thing" }),
    platform: { os: "unknown", architecture: "unknown" },
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": two.digest,
    },
  };
  const inner = addIndex(store, [two, proof]);
  const outer = addIndex(store, [one, inner, three]);
  const children = await childrenOf(store, outer);
  assert.deepEqual(told(children), [
    ["linux/amd64", one.digest],
    ["linux/arm/v7", two.digest],
    ["linux/s390x", three.digest],
  ]);
  assert.deepEqual(
    children.map(({ attestations }) => attestations.map(({ digest }) => digest)),
    [[], [proof.digest], []],
  );
});

test("equal bytes under two platforms are two images", async () => {
  const store = new TestStore("store");
  const image = store.addImage({ os: "linux", architecture: "amd64" });
  const index = addIndex(store, [
    { ...image, platform: amd64 },
    { ...image, platform: v7 },
  ]);
  assert.deepEqual(told(await childrenOf(store, index)), [
    ["linux/amd64", image.digest],
    ["linux/arm/v7", image.digest],
  ]);
});

test("an entry without a platform has its config's", async () => {
  const store = new TestStore("store");
  const image = store.addImage({ os: "linux", architecture: "arm", variant: "v7" });
  assert.deepEqual(told(await childrenOf(store, addIndex(store, [image]))), [["linux/arm/v7", image.digest]]);
});

test("what is no image is left out", async () => {
  const store = new TestStore("store");
  const config = store.addJson(mediaTypes.ociEmpty, {});
  const artifact = store.addJson(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: "application/vnd.example",
    config,
    layers: [],
  });
  assert.deepEqual(await childrenOf(store, artifact), []);
  assert.deepEqual(await childrenOf(store, addIndex(store, [])), []);
});

test("indexes that nest without end are refused", async () => {
  const store = new TestStore("store");
  let nested = addIndex(store, []);
  for (let depth = 0; depth < 20; depth++) nested = addIndex(store, [nested]);
  await assert.rejects(childrenOf(store, nested), { code: "INVALID_MANIFEST", message: /indexes deep/ });
});

test("a config that claims to be huge is not read", async () => {
  const store = new TestStore("store");
  const image = store.addImage({ os: "linux", architecture: "amd64" });
  const document = await readDocument(store, image);
  assert.equal(document.kind, "manifest");
  if (document.kind !== "manifest") return;
  const huge = { ...document, config: { ...document.config, size: 9 * 1024 * 1024 } };
  await assert.rejects(readConfig(store, huge), { code: "TOO_LARGE" });
});
