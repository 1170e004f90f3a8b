import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { encodeJson } from "../oci/json.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { LayoutStore } from "./layout.ts";
import { readTree } from "./tree.ts";

async function withLayout(use: (layout: LayoutStore, directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "archway-garbage-"));
  try {
    await use(new LayoutStore(directory), directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function put(layout: LayoutStore, text: string, mediaType: string): Promise<Descriptor> {
  const bytes = new TextEncoder().encode(text);
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await layout.putBlob(descriptor, {
    async *open() {
      yield bytes;
    },
  });
  return descriptor;
}

async function putDocument(layout: LayoutStore, mediaType: string, content: object): Promise<Descriptor> {
  const bytes = encodeJson({ schemaVersion: 2, mediaType, ...content });
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await layout.putManifest(descriptor, bytes);
  return descriptor;
}

async function putImage(layout: LayoutStore, name: string, layers: readonly string[], subject?: Descriptor) {
  const config = await put(layout, JSON.stringify({ name }), mediaTypes.ociConfig);
  const parts: Descriptor[] = [];
  for (const layer of layers) parts.push(await put(layout, layer, mediaTypes.ociLayer));
  return putDocument(layout, mediaTypes.ociManifest, { config, layers: parts, ...(subject ? { subject } : {}) });
}

const blobsIn = async (directory: string) => new Set(await readdir(join(directory, "blobs/sha256")));

test("for any images that share layers: every entry that stays is whole, and nothing else is left", async () => {
  const image = fc.record({
    layers: fc.subarray(["a", "b", "c", "d"]),
    nested: fc.boolean(),
    goes: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(image, { minLength: 1, maxLength: 5 }), (images) =>
      withLayout(async (layout, directory) => {
        for (const [at, { layers, nested }] of images.entries()) {
          const own = await putImage(layout, nested ? "shared" : `${at}`, layers);
          const inner = await putDocument(layout, mediaTypes.ociIndex, { manifests: [own] });
          await layout.tag(
            `${at}`,
            nested ? await putDocument(layout, mediaTypes.ociIndex, { manifests: [inner, own] }) : own,
          );
        }
        await layout.prune(({ name }) => images[Number(name)]?.goes === true, Date.now() + 2 * 3_600_000);
        const expected = new Set<string>();
        for (const { descriptor } of await layout.entries()) {
          for (const node of await readTree(layout, descriptor)) {
            for (const { digest } of [node.descriptor, ...node.blobs]) expected.add(digest.slice("sha256:".length));
          }
        }
        assert.deepEqual(await blobsIn(directory), expected);
        assert.equal((await layout.entries()).length, images.filter(({ goes }) => !goes).length);
      }),
    ),
    { numRuns: 6 },
  );
});

test("what nothing ever led to is left for an hour, what an entry led to goes at once, and other files stay", () =>
  withLayout(async (layout, directory) => {
    await layout.tag("app", await putImage(layout, "app", ["layer"]));
    const fresh = await put(layout, "being written", mediaTypes.ociLayer);
    const old = await put(layout, "left behind", mediaTypes.ociLayer);
    await utimes(join(directory, "blobs", old.digest.replace(":", "/")), 0, 0);
    await writeFile(join(directory, "blobs/sha256/README"), "not ours");
    const swept = await layout.prune(({ name }) => name === "app", Date.now());
    assert.equal(swept.blobs, 4, "manifest, config, layer, and what was left behind");
    assert.deepEqual(await blobsIn(directory), new Set(["README", fresh.digest.slice("sha256:".length)]));
  }));

test("what an attachment is about stays with it, and so does what a document of an unknown kind mentions", () =>
  withLayout(async (layout, directory) => {
    const app = await putImage(layout, "app", ["layer"]);
    await layout.tag("app", app);
    const signature = await putImage(layout, "signature", ["signed"], app);
    await layout.tag("signature", signature);
    const mentioned = await put(layout, "only mentioned", mediaTypes.ociLayer);
    const strange = await put(layout, JSON.stringify({ parts: [mentioned.digest] }), "application/vnd.example");
    await layout.enter(strange);
    await layout.prune(({ name }) => name === "app", Date.now() + 2 * 3_600_000);
    const left = await blobsIn(directory);
    for (const { digest } of [app, signature, strange, mentioned]) assert.ok(left.has(digest.slice("sha256:".length)));
    await readTree(layout, app);
  }));
