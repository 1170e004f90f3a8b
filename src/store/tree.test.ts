import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { encodeJson } from "../oci/json.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { LayoutStore } from "./layout.ts";
import { readTree } from "./tree.ts";

let folder = "";
let layout: LayoutStore;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-tree-"));
  layout = new LayoutStore(join(folder, "layout"));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function put(document: Record<string, unknown>, mediaType: string): Promise<Descriptor> {
  const bytes = encodeJson({ schemaVersion: 2, mediaType, ...document });
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await layout.putManifest(descriptor, bytes);
  return descriptor;
}

async function image(name: string, layers: readonly Descriptor[] = []): Promise<Descriptor> {
  const bytes = new TextEncoder().encode(name);
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(bytes), size: bytes.length };
  await layout.putBlob(config, {
    async *open() {
      yield bytes;
    },
  });
  return put({ config, layers }, mediaTypes.ociManifest);
}

const index = (manifests: readonly Descriptor[]) => put({ manifests }, mediaTypes.ociIndex);

test("a nested index is read to its leaves, each document once, children first", async () => {
  const [a, b] = [await image("a"), await image("b")];
  const inner = await index([a, b]);
  const outer = await index([inner, b, inner]);
  const nodes = await readTree(layout, outer);
  const order = nodes.map(({ descriptor }) => descriptor.digest);
  assert.deepEqual(new Set(order), new Set([a, b, inner, outer].map(({ digest }) => digest)));
  assert.equal(order.length, 4);
  assert.deepEqual(order.slice(-1), [outer.digest]);
  assert(order.indexOf(inner.digest) > order.indexOf(a.digest));
});

test("a slow child comes before all that refer to it", async () => {
  const slow = await image("slow");
  const outer = await index([slow, await index([await image("quick"), slow])]);
  const store = Object.create(layout, {
    manifest: {
      value: async (descriptor: Descriptor) => {
        if (descriptor.digest === slow.digest) await sleep(50);
        return layout.manifest(descriptor);
      },
    },
  });
  const order = (await readTree(store, outer)).map(({ descriptor }) => descriptor.digest);
  assert.deepEqual(order.indexOf(slow.digest), 1);
});

test("indexes that nest too deep are refused", async () => {
  let root = await image("deep");
  for (let depth = 0; depth < 4; depth++) root = await index([root]);
  assert.equal((await readTree(layout, root)).length, 5);
  root = await index([root]);
  await assert.rejects(readTree(layout, root), (error) => error instanceof ArchwayError && error.code === "TOO_LARGE");
});

test("layers that registries do not hold are not asked for", async () => {
  const digest = digestOf(new TextEncoder().encode("windows"));
  const foreign = { mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", digest, size: 7 };
  const [node] = await readTree(layout, await image("foreign", [foreign]));
  assert.deepEqual(
    node?.blobs.map(({ mediaType }) => mediaType),
    [mediaTypes.ociConfig],
  );
});

test("what a store lacks is an error", async () => {
  const root = await index([await image("there")]);
  const missing = { ...root, digest: digestOf(new Uint8Array()) };
  await assert.rejects(
    readTree(layout, missing),
    (error) => error instanceof ArchwayError && error.code === "NOT_FOUND",
  );
});
