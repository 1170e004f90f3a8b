import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectImage } from "../image/inspect.ts";
import { TestStore } from "../image/test-store.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parsePlatform } from "../platform/platform.ts";
import { makeStyle } from "../report/style.ts";
import { inspectedJson, predicateName } from "./image-inspect-json.ts";
import { formatInspection } from "./image-inspect-text.ts";
import { imageInspectSchema } from "./schemas/image-documents.ts";

const amd64 = parsePlatform("linux/amd64");

/** An index with every kind of entry, and names that would move a cursor. */
async function inspected() {
  const store = new TestStore("store");
  const index = (manifests: readonly object[]) =>
    store.addJson(mediaTypes.ociIndex, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests,
      annotations: { title: "\u001B[2Jred\nline" },
    });
  const image = { ...store.addImage(amd64), platform: amd64, annotations: { note: "x" } };
  const zeros = `sha256:${"0".repeat(64)}`;
  const proof = {
    ...store.addJson(mediaTypes.ociManifest, {
      schemaVersion: 2,
      config: store.addJson("application/x", {}),
      layers: [],
    }),
    annotations: { "vnd.docker.reference.digest": image.digest, "vnd.docker.reference.type": "attestation-manifest" },
  };
  const orphan = { ...proof, annotations: { ...proof.annotations, "vnd.docker.reference.digest": zeros } };
  const gone = { mediaType: mediaTypes.ociManifest, digest: zeros, size: 3, platform: parsePlatform("linux/s390x") };
  const strange = { mediaType: "application/vnd.example", digest: zeros, size: 4 };
  const artifact = store.addJson(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: "application/vnd.chart",
    config: store.addJson(mediaTypes.ociEmpty, {}),
    layers: [],
    subject: store.addImage(amd64, "other"),
  });
  const root = index([image, proof, orphan, gone, strange, artifact, index([{ ...image, platform: undefined }])]);
  return { reference: "store:1", root: await inspectImage(store, root) };
}

test("what is printed is what the schema says", async () => {
  const json: unknown = JSON.parse(JSON.stringify(inspectedJson([await inspected()])));
  // The same text again: the schema knows every field.
  assert.deepEqual(imageInspectSchema.parse(json), json);
});

test("texts of strangers cannot move the cursor, and every entry has its line", async () => {
  const lines = formatInspection(await inspected(), makeStyle(false));
  const text = lines.join("\n");
  assert.ok(!text.includes("\u001B"), text);
  assert.ok(
    lines.some((line) => line.endsWith("annotation title=red line")),
    text,
  );
  for (const part of [
    "linux/amd64 sha256:",
    "attestation without",
    "cannot be read",
    "unknown type",
    "artifact application/vnd.chart",
  ]) {
    assert.equal(
      lines.some((line) => line.includes(part)),
      true,
      `${part} in ${text}`,
    );
  }
});

test("provenance and SBOMs are told by their predicate types", () => {
  const names = {
    "https://slsa.dev/provenance/v0.2": "provenance",
    "https://slsa.dev/provenance/v1": "provenance",
    "https://spdx.dev/Document": "sbom",
    "https://spdx.dev/Document/v2.3": "sbom",
    "https://cyclonedx.org/bom": "sbom",
    "https://cyclonedx.org/bombast": "other",
    "https://example.org/x": "other",
  };
  for (const [type, name] of Object.entries(names)) assert.equal(predicateName(type), name, type);
});
