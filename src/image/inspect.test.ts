import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor } from "../oci/descriptor.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { formatPlatform, parsePlatform } from "../platform/platform.ts";
import { inspectedImages, inspectImage } from "./inspect.ts";
import { hostsOf, odditiesOf, transferSize } from "./inspection-facts.ts";
import { TestStore } from "./test-store.ts";

const [amd64, arm64, v6] = ["linux/amd64", "linux/arm64", "linux/arm/v6"].map((name) => parsePlatform(name));
assert.ok(amd64 && arm64 && v6);
const unknown = { os: "unknown", architecture: "unknown" };

function addIndex(store: TestStore, manifests: readonly object[], more: object = {}): Descriptor {
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, ...more };
  return store.addJson(mediaTypes.ociIndex, document);
}

/** An entry of an attestation with a predicate type for each layer. */
function addAttestation(store: TestStore, subject: string, ...predicates: readonly string[]) {
  const layers = predicates.map((type) => ({
    ...store.addJson(mediaTypes.inToto, { type }),
    annotations: { "in-toto.io/predicate-type": type },
  }));
  const config = store.addJson(mediaTypes.ociConfig, { ...unknown, rootfs: {} });
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  const annotations = {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": subject,
  };
  return { ...store.addJson(mediaTypes.ociManifest, manifest), platform: unknown, annotations };
}

test("an index tells its images with their attestations, nested ones too, and reads no layer", async () => {
  const store = new TestStore("store");
  const one = { ...store.addImage(amd64, "some layer"), platform: amd64 };
  const two = { ...store.addImage(arm64), platform: arm64 };
  const proof = addAttestation(store, one.digest, "https://slsa.dev/provenance/v1", "https://spdx.dev/Document");
  const nested = addIndex(store, [two], { annotations: { inner: "yes" } });
  const root = await inspectImage(store, addIndex(store, [one, proof, nested], { annotations: { outer: "yes" } }));
  assert.equal(root.kind, "index");
  assert.deepEqual(root.annotations, { outer: "yes" });
  const [first, second] = inspectedImages(root);
  assert.ok(first && second);
  assert.deepEqual(
    first.attestations.map(({ predicates }) => predicates),
    [["https://slsa.dev/provenance/v1", "https://spdx.dev/Document"]],
  );
  assert.equal(transferSize(first), first.config.descriptor.size + "some layer".length);
  assert.equal(second.descriptor.digest, two.digest);
  assert.deepEqual(odditiesOf(root), []);
});

test("what is missing, unknown, orphaned, doubled or said differently is shown, not refused", async () => {
  const store = new TestStore("store");
  const image = store.addImage(amd64);
  const gone = {
    mediaType: mediaTypes.ociManifest,
    digest: `sha256:${"0".repeat(64)}` as const,
    size: 1,
    platform: v6,
  };
  const root = await inspectImage(
    store,
    addIndex(store, [
      { ...image, platform: amd64 },
      { ...store.addImage(v6), platform: parsePlatform("linux/arm/v7") },
      { ...image, platform: amd64 },
      gone,
      { mediaType: "application/vnd.example", digest: image.digest, size: 1 },
      addAttestation(store, `sha256:${"1".repeat(64)}`, "x"),
    ]),
  );
  assert.deepEqual(
    odditiesOf(root).map(({ code, message }) => [code, message.replaceAll(/sha256:\w+/g, "DIGEST")]),
    [
      ["duplicate-platform", "The index has linux/amd64 twice; engines take the first, DIGEST."],
      ["platform-differs", "The index says linux/arm/v7, the image's config linux/arm/v6: only the variant differs."],
      ["unreadable", "store has no DIGEST"],
      ["unknown-entry", 'The index lists it with the media type "application/vnd.example", which means nothing here.'],
      ["orphan-attestation", "It is an attestation of DIGEST, which the index does not list."],
    ],
  );
});

test("hosts take the best image that they can run", async () => {
  const store = new TestStore("store");
  const entries = [amd64, v6].map((platform) => ({ ...store.addImage(platform), platform }));
  const hosts = hostsOf(await inspectImage(store, addIndex(store, entries)));
  assert.deepEqual(
    hosts.map(({ host, takes }) => `${formatPlatform(host)} ${formatPlatform(takes)}`),
    [
      "linux/amd64 linux/amd64",
      "linux/arm/v6 linux/arm/v6",
      "linux/arm64 linux/arm/v6",
      "linux/arm/v8 linux/arm/v6",
      "linux/arm/v7 linux/arm/v6",
    ],
  );
});

test("a store that cannot be reached is an error", async () => {
  const store = new TestStore("store");
  const root = addIndex(store, [{ ...store.addImage(amd64), platform: amd64 }]);
  const broken = Object.assign(store, {
    async referrers() {
      throw new Error("connection lost");
    },
  });
  await assert.rejects(inspectImage(broken, root), /connection lost/);
});
