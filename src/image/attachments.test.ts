import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { attachmentsOf } from "./attachments.ts";
import { TestStore } from "./test-store.ts";

/** A store whose lists of referrers a test fills. */
class ReferrerStore extends TestStore {
  readonly lists = new Map<Digest, Descriptor[]>();

  async referrers(digest: Digest): Promise<readonly Descriptor[]> {
    return this.lists.get(digest) ?? [];
  }

  /** Attaches an artifact without blobs of its own kind. */
  attach(subject: Descriptor, note: string): Descriptor {
    const config = this.addJson(mediaTypes.ociEmpty, {});
    const { mediaType, digest, size } = subject;
    const artifact = this.addJson(mediaTypes.ociManifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: [],
      subject: { mediaType, digest, size },
      annotations: { note },
    });
    this.lists.set(digest, [...(this.lists.get(digest) ?? []), artifact]);
    return artifact;
  }
}

const amd64 = { os: "linux", architecture: "amd64" };

test("referrers are followed to their own referrers, each once and after what it is about", async () => {
  const store = new ReferrerStore("store");
  const image = store.addImage(amd64);
  const sbom = store.attach(image, "sbom");
  const signature = store.attach(sbom, "signature of the sbom");
  store.lists.set(sbom.digest, [signature, signature]);
  const found = await attachmentsOf(store, [image.digest, image.digest]);
  assert.deepEqual(
    found.map(({ descriptor, subject }) => [descriptor.digest, subject]),
    [
      [sbom.digest, image.digest],
      [signature.digest, sbom.digest],
    ],
  );
});

test("cosign's tags are found, and what has no such tag is no error", async () => {
  const store = new ReferrerStore("store");
  const image = store.addImage(amd64);
  const signature = store.addImage(amd64, "signature");
  const tag = `sha256-${image.digest.slice(7)}.sig`;
  await store.tag(tag, signature);
  const found = await attachmentsOf(store, [image.digest]);
  assert.deepEqual(
    found.map((one) => [one.descriptor.digest, one.tag]),
    [[signature.digest, tag]],
  );
});

test("a referrer that is listed and not there any more is left out", async () => {
  const store = new ReferrerStore("store");
  const image = store.addImage(amd64);
  store.lists.set(image.digest, [
    { mediaType: mediaTypes.ociManifest, digest: `sha256:${"0".repeat(64)}`, size: 1 },
    store.attach(image, "there"),
  ]);
  assert.equal((await attachmentsOf(store, [image.digest])).length, 1);
});

test("referrers without an end are refused", async () => {
  const store = new ReferrerStore("store");
  let subject = store.addImage(amd64);
  const root = subject.digest;
  for (let depth = 0; depth < 10; depth++) subject = store.attach(subject, `depth ${depth}`);
  await assert.rejects(attachmentsOf(store, [root]), { code: "TOO_LARGE", hint: /--no-referrers/ });
});
