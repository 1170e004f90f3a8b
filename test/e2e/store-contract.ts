/** What every store owes its callers (`src/store/store.ts`), run against each of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ArchwayError, isAbort } from "../../src/error/error.ts";
import { copyImage } from "../../src/image/copy.ts";
import { assembleIndex } from "../../src/oci/assemble.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { imagesOf, parseIndex } from "../../src/oci/index.ts";
import type { ImageStore } from "../../src/store/store.ts";
import type { SampleImage } from "./store-samples.ts";
import {
  collect,
  collectLent,
  content,
  noise,
  sampleImage,
  sampleIndex,
  sampleReferrer,
  sourceOf,
  store,
} from "./store-samples.ts";

const amd64 = { os: "linux", architecture: "amd64" };

/** What a rejection has to look like: an error for a person with one of the codes. */
export function withCode(...codes: readonly string[]) {
  return (error: unknown) => {
    assert(error instanceof ArchwayError, `not an error for a person: ${String(error)}`);
    assert(codes.includes(error.code), `${error.code} is none of ${codes.join(", ")}: ${error.message}`);
    assert.notEqual(error.message, "");
    return true;
  };
}

/** Checks that a store holds an image whole, byte by byte. */
export async function assertHolds(where: ImageStore, image: ReturnType<typeof sampleIndex>): Promise<void> {
  for (const { descriptor, bytes } of image.manifests) {
    assert.deepEqual(Buffer.from(await where.manifest(descriptor)), Buffer.from(bytes));
    assert.equal(await where.has(descriptor.digest, "manifest"), true);
  }
  for (const { descriptor, bytes } of image.blobs) {
    assert.deepEqual(await collect(where.fetch(descriptor)), Buffer.from(bytes));
  }
}

/**
 * Declares the tests of the contract for one kind of store. `open` gives an empty one, another at every call; two of the same kind may
 * share a registry.
 */
export function storeContract(kind: string, open: () => Promise<ImageStore>, options: { skip: string | false }): void {
  describe(`${kind} as an image store`, options, () => {
    test("gives an index back as it was stored, by tag and by digest", async () => {
      const image = sampleIndex("whole");
      const { descriptor } = image.root;
      const where = await open();
      await store(where, image);
      await where.tag("v1.0", descriptor);
      await assertHolds(where, image);
      assert.deepEqual(await where.resolve("v1.0"), descriptor);
      assert.deepEqual(await where.resolve(descriptor.digest), descriptor);
      const child = image.manifests[0].descriptor;
      assert.deepEqual(await where.resolve(child.digest), child);
    });

    test("answers NOT_FOUND for what it does not have", async () => {
      const where = await open();
      const { root, blobs } = sampleImage("nothing", amd64);
      await assert.rejects(where.resolve("v1"), withCode("NOT_FOUND"));
      await store(where, sampleImage("something", amd64));
      await assert.rejects(where.resolve("v1"), withCode("NOT_FOUND"));
      await assert.rejects(where.resolve(root.descriptor.digest), withCode("NOT_FOUND"));
      await assert.rejects(where.manifest(root.descriptor), withCode("NOT_FOUND"));
      await assert.rejects(collect(where.fetch(blobs[0].descriptor)), withCode("NOT_FOUND"));
      assert.equal(await where.has(root.descriptor.digest, "manifest"), false);
      assert.equal(await where.has(blobs[0].descriptor.digest, "blob"), false);
      await assert.rejects(where.tag("v1", root.descriptor), withCode("NOT_FOUND"));
    });

    test("reads a blob from any byte on", async () => {
      const where = await open();
      const { descriptor, bytes } = content(noise("range", 100_000));
      await where.putBlob(descriptor, sourceOf(bytes));
      for (const start of [0, 1, 65_536, 99_999]) {
        assert.deepEqual(
          await collect(where.fetch(descriptor, { range: { start } })),
          Buffer.from(bytes.subarray(start)),
        );
      }
    });

    test("keeps empty blobs and large ones", async () => {
      const where = await open();
      for (const size of [0, 20_000_000]) {
        const { descriptor, bytes } = content(noise("size", size));
        await where.putBlob(descriptor, sourceOf(bytes));
        assert.equal(await where.has(descriptor.digest, "blob"), true);
        assert(Buffer.from(bytes).equals(await collect(where.fetch(descriptor))));
        assert(Buffer.from(bytes).equals(await collectLent(where.fetch(descriptor, { lendsPieces: true }))));
      }
    });

    test("lends pieces of blobs of any length from any byte on", async () => {
      const where = await open();
      for (const size of [524_287, 524_288, 1_048_577, 3_000_000]) {
        const { descriptor, bytes } = content(noise("lent", size));
        await where.putBlob(descriptor, sourceOf(bytes));
        for (const start of [0, 1, size - 1]) {
          const stream = where.fetch(descriptor, { range: { start }, lendsPieces: true });
          assert(Buffer.from(bytes.subarray(start)).equals(await collectLent(stream)), `${size} from ${start}`);
        }
      }
    });

    test("keeps blobs with sha512 digests", async () => {
      const where = await open();
      const bytes = noise("sha512", 1_000);
      const descriptor = {
        mediaType: "application/octet-stream",
        digest: digestOf(bytes, "sha512"),
        size: bytes.length,
      };
      await where.putBlob(descriptor, sourceOf(bytes));
      assert.deepEqual(await collect(where.fetch(descriptor)), Buffer.from(bytes));
    });

    test("does not store a blob that is not what its descriptor says", async () => {
      const where = await open();
      const { descriptor, bytes } = content(noise("right", 200_000));
      const changed = Buffer.from(bytes);
      changed[150_000] = (changed[150_000] ?? 0) ^ 1;
      const longer = Buffer.concat([bytes, Buffer.from("x")]);
      for (const wrong of [changed, bytes.subarray(1), bytes.subarray(0, -1), longer]) {
        await assert.rejects(where.putBlob(descriptor, sourceOf(wrong)), withCode("DIGEST_MISMATCH"));
        assert.equal(await where.has(descriptor.digest, "blob"), false);
      }
    });

    test("does not read a blob as what it is not", async () => {
      const where = await open();
      const { descriptor, bytes } = content(noise("read", 1_000));
      await where.putBlob(descriptor, sourceOf(bytes));
      for (const size of [999, 1]) {
        await assert.rejects(collect(where.fetch({ ...descriptor, size })), withCode("DIGEST_MISMATCH"));
      }
    });

    test("opens no source for a blob that is there", async () => {
      const where = await open();
      const { descriptor, bytes } = content(noise("twice", 1_000));
      await where.putBlob(descriptor, sourceOf(bytes));
      await where.putBlob(descriptor, {
        open: () => assert.fail("the source was opened"),
      });
    });

    test("passes on why a source failed, and keeps nothing of it", async () => {
      const where = await open();
      const { descriptor, bytes } = content(noise("source", 300_000));
      const reason = new ArchwayError({ code: "SOURCE", kind: "failed", message: "the source is gone" });
      const source = {
        async *open() {
          yield bytes.subarray(0, 200_000);
          throw reason;
        },
      };
      await assert.rejects(where.putBlob(descriptor, source), (error) => error === reason);
      assert.equal(await where.has(descriptor.digest, "blob"), false);
    });

    test("refuses manifests whose parts are missing", async () => {
      const where = await open();
      const image = sampleIndex("parts");
      for (const { descriptor, bytes } of [image.manifests[0], image.root]) {
        await assert.rejects(where.putManifest(descriptor, bytes), withCode("NOT_FOUND", "REGISTRY_ERROR"));
        assert.equal(await where.has(descriptor.digest, "manifest"), false);
      }
    });

    test("refuses manifests that are too large or not what their descriptors say", async () => {
      const where = await open();
      const { root, blobs } = sampleImage("manifest", amd64);
      for (const { descriptor, bytes } of blobs) await where.putBlob(descriptor, sourceOf(bytes));
      const digest = digestOf(noise("another", 10));
      await assert.rejects(where.putManifest({ ...root.descriptor, digest }, root.bytes), withCode("DIGEST_MISMATCH"));
      const large = content(new Uint8Array(4 * 1024 * 1024 + 1));
      await assert.rejects(where.putManifest(large.descriptor, large.bytes), withCode("TOO_LARGE"));
    });

    test("moves a tag, and takes the same tag again", async () => {
      const where = await open();
      const [first, second] = [sampleImage("old", amd64), sampleImage("new", amd64)];
      for (const image of [first, second]) await store(where, image);
      for (const { root } of [first, second, second]) {
        await where.tag("moving", root.descriptor);
        assert.equal((await where.resolve("moving")).digest, root.descriptor.digest);
      }
      await where.tag("other", first.root.descriptor);
      assert.deepEqual((await Array.fromAsync(where.tags())).sort(), ["moving", "other"]);
    });

    test("deletes a manifest", async () => {
      const where = await open();
      const image = sampleImage("gone", amd64);
      await store(where, image);
      await where.tag("gone", image.root.descriptor);
      await where.delete(image.root.descriptor.digest);
      await assert.rejects(where.resolve("gone"), withCode("NOT_FOUND"));
      await assert.rejects(where.resolve(image.root.descriptor.digest), withCode("NOT_FOUND"));
      await assert.rejects(where.delete(image.root.descriptor.digest), withCode("NOT_FOUND"));
    });

    test("lists what is attached to a manifest", async () => {
      const where = await open();
      const image = sampleImage("subject", amd64);
      await store(where, image);
      assert.deepEqual(await where.referrers?.(image.root.descriptor.digest), []);
      const referrers = ["one", "two"].map((seed) => sampleReferrer(seed, image.root.descriptor));
      await Promise.all(referrers.map((referrer) => store(where, referrer)));
      await Promise.all(referrers.map((referrer) => store(where, referrer)));
      const listed = (await where.referrers?.(image.root.descriptor.digest)) ?? [];
      assert.deepEqual(
        listed.toSorted((a, b) => a.digest.localeCompare(b.digest)),
        referrers
          .map(({ root }, position) => ({
            ...root.descriptor,
            artifactType: "application/vnd.example.signature",
            annotations: { "org.example.seed": ["one", "two"][position] ?? "" },
          }))
          .toSorted((a, b) => a.digest.localeCompare(b.digest)),
      );
    });

    test("copies an index whole, even one that names an image twice (S15)", async () => {
      const [from, to] = [await open(), await open()];
      const image = sampleImage("same", amd64);
      const children = ["amd64", "arm64"].map((architecture) => ({
        ...image.root.descriptor,
        platform: { os: "linux", architecture },
      }));
      const { bytes, descriptor } = assembleIndex({ children });
      const root = { bytes, descriptor };
      const index: SampleImage = { root, manifests: [image.root, root], blobs: image.blobs };
      await store(from, index);
      await copyImage(from, to, descriptor);
      await to.tag("copied", descriptor);
      await assertHolds(to, index);
      const found = await to.resolve("copied");
      assert.deepEqual(imagesOf(parseIndex(await to.manifest(found))), children);
      await copyImage(from, to, descriptor);
    });

    test("works for many callers at once", async () => {
      const where = await open();
      const images = Array.from({ length: 12 }, (_, n) => sampleIndex(`many ${n % 4}`));
      await Promise.all(
        images.map(async (image, n) => {
          await Promise.all(image.blobs.map(({ descriptor, bytes }) => where.putBlob(descriptor, sourceOf(bytes))));
          for (const { descriptor, bytes } of image.manifests) await where.putManifest(descriptor, bytes);
          await where.tag(`t${n}`, image.root.descriptor);
        }),
      );
      assert.equal((await Array.fromAsync(where.tags())).length, images.length);
      for (const [n, image] of images.entries()) {
        assert.deepEqual(await where.resolve(`t${n}`), image.root.descriptor);
        await assertHolds(where, image);
      }
    });

    test("stops when it is told to", async () => {
      const where = await open();
      const { descriptor, bytes } = content(noise("abort", 10_000_000));
      const stop = new AbortController();
      const source = {
        async *open() {
          yield bytes.subarray(0, 5_000_000);
          stop.abort();
          yield bytes.subarray(5_000_000);
        },
      };
      await assert.rejects(where.putBlob(descriptor, source, { signal: stop.signal }), isAbort);
      assert.equal(await where.has(descriptor.digest, "blob"), false);
      await assert.rejects(where.resolve("x", { signal: stop.signal }), isAbort);
      await where.putBlob(descriptor, sourceOf(bytes));
      const reading = new AbortController();
      await assert.rejects(async () => {
        for await (const piece of where.fetch(descriptor, { signal: reading.signal })) {
          assert(piece.length > 0);
          reading.abort();
        }
      }, isAbort);
    });
  });
}
