import assert from "node:assert/strict";
import { test } from "node:test";
import { assembleIndex } from "../oci/assemble.ts";
import { parseIndex } from "../oci/index.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parsePlatform } from "../platform/platform.ts";
import { selectPlatforms } from "./select.ts";
import { TestStore } from "./test-store.ts";

const [amd64, arm64, armv7] = ["linux/amd64", "linux/arm64", "linux/arm/v7"].map((name) => parsePlatform(name));

/** An index of three platforms, with an attestation of the first. */
function situation() {
  assert.ok(amd64 && arm64 && armv7);
  const store = new TestStore("store");
  const children = [amd64, arm64, armv7].map((platform, at) => ({ ...store.addImage(platform, `${at}`), platform }));
  const unknown = { os: "unknown", architecture: "unknown" };
  const attestation = {
    ...store.addImage(unknown, "statement"),
    platform: unknown,
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": children[0]?.digest ?? "",
    },
  };
  const { bytes } = assembleIndex({ children, attestations: [attestation] });
  const index = store.add(mediaTypes.ociIndex, bytes);
  const select = (platforms: readonly (typeof amd64)[], keepIndex = false) =>
    selectPlatforms(store, index, { platforms, keepIndex });
  return { store, children, attestation, index, select, amd64, arm64, armv7 };
}

test("without a choice, or with all platforms, the index stays as it is", async () => {
  const { index, select, amd64: a, arm64: b, armv7: c } = situation();
  for (const platforms of [[], [c, b, a]]) {
    const { root, children } = await select(platforms);
    assert.equal(root.digest, index.digest);
    assert.equal(children.length, 3);
  }
});

test("one platform is its image, and what cannot go along is told", async () => {
  const { children, attestation, select, amd64: a } = situation();
  const selection = await select([a]);
  assert.equal(selection.root.digest, children[0]?.digest);
  assert.deepEqual(
    selection.leftBehind.map(({ digest }) => digest),
    [attestation.digest],
  );
});

test("several, or one with its index, are the index without the others", async () => {
  const { children, attestation, select, amd64: a, arm64: b } = situation();
  for (const platforms of [[a], [a, b]]) {
    const selection = await select(platforms, true);
    assert.deepEqual(
      parseIndex(selection.bytes).entries.map(({ descriptor }) => descriptor.digest),
      [...children.slice(0, platforms.length).map(({ digest }) => digest), attestation.digest],
    );
    assert.equal(selection.children.length, platforms.length);
    assert.deepEqual(selection.leftBehind, []);
  }
});

test("a platform that is not there is told with what is there", async () => {
  await assert.rejects(situation().select([parsePlatform("linux/riscv64")]), {
    code: "PLATFORM_NOT_FOUND",
    hint: "It has linux/amd64, linux/arm64, linux/arm/v7.",
  });
});

test("an index within the index is not changed", async () => {
  const { store, index, children, amd64: a, arm64: b } = situation();
  const nested = store.addJson(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [index, { ...children[1], platform: { os: "linux", architecture: "riscv64" } }],
  });
  await assert.rejects(selectPlatforms(store, nested, { platforms: [a, b], keepIndex: false }), {
    code: "NESTED_INDEX",
    kind: "input",
  });
});
