import assert from "node:assert/strict";
import { test } from "node:test";
import { mediaTypes } from "../oci/media-types.ts";
import { parsePlatform } from "../platform/platform.ts";
import { annotateIndex, removePlatforms } from "./edit.ts";
import { TestStore } from "./test-store.ts";

const [amd64, arm64] = [parsePlatform("linux/amd64"), parsePlatform("linux/arm64")];

/** An index of two platforms, of which the second has an attestation and a note. */
function makeIndex() {
  const store = new TestStore("store");
  const first = store.addImage(amd64);
  const second = store.addImage(arm64);
  const config = store.addJson(mediaTypes.ociConfig, {});
  const proof = store.addJson(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: [],
  });
  const root = store.addJson(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [
      { ...first, platform: amd64 },
      { ...second, platform: arm64, annotations: { note: "native" } },
      {
        ...proof,
        platform: { os: "unknown", architecture: "unknown" },
        annotations: {
          "vnd.docker.reference.type": "attestation-manifest",
          "vnd.docker.reference.digest": second.digest,
        },
      },
    ],
    annotations: { title: "App", "org.example.created": "today" },
  });
  return { store, root, first, second };
}

test("what was taken out is told, with the attestations that went along", async () => {
  const { store, root, first, second } = makeIndex();
  const edited = await removePlatforms(store, root, [arm64]);
  assert.deepEqual(edited.removed, [{ platform: arm64, digest: second.digest }]);
  assert.equal(edited.removedAttestations, 1);
  const other = await removePlatforms(store, root, [amd64]);
  assert.deepEqual(other.removed, [{ platform: amd64, digest: first.digest }]);
  assert.equal(other.removedAttestations, 0);
});

test("a key that is to be removed and is not there is refused, with those that are", async () => {
  const { store, root } = makeIndex();
  const annotate = (asked: Partial<Parameters<typeof annotateIndex>[2]>) =>
    annotateIndex(store, root, { index: {}, entries: [], toOci: false, ...asked });
  const refuses = (asked: Parameters<typeof annotate>[0], message: RegExp, hint: string) =>
    assert.rejects(annotate(asked), { code: "ANNOTATION_NOT_FOUND", kind: "input", message, hint });
  await refuses(
    { index: { titel: null } },
    /^There is no annotation titel on the index,/,
    "Did you mean title? There are title, org.example.created.",
  );
  await refuses({ index: { constructor: null } }, /no annotation constructor/, "There are title, org.example.created.");
  const elsewhere = { platform: amd64, changes: { note: null } };
  await refuses({ entries: [elsewhere] }, /on the descriptor of linux\/amd64,/, "There are none.");
  await refuses(
    { entries: [{ changes: { nope: null } }] },
    /on the descriptors,/,
    "Did you mean note? There are note.",
  );
  assert.deepEqual((await annotate({ index: { title: null } })).removed, []);
  await annotate({ entries: [{ changes: { note: null } }] });
});
