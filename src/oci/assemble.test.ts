import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import type { Platform } from "../platform/platform.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import { assembleIndex } from "./assemble.ts";
import type { Descriptor, Digest } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import { attestationsOf, imagesOf, orphansOf, parseIndex } from "./index.ts";
import { mediaTypes } from "./media-types.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };
const armv7 = { os: "linux", architecture: "arm", variant: "v7" };

function digest(text: string): Digest {
  return digestOf(new TextEncoder().encode(text));
}

function image(text: string, platform: Platform, mediaType: string = mediaTypes.ociManifest): Descriptor {
  return { mediaType, digest: digest(text), size: text.length, platform };
}

function attestation(text: string, subject: Digest): Descriptor {
  return {
    ...image(text, { os: "unknown", architecture: "unknown" }),
    annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject },
  };
}

function refusal(code: string, message: RegExp) {
  return (error: unknown) => {
    assert(error instanceof ArchwayError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.kind, "input");
    assert.match(error.message, message);
    return true;
  };
}

describe("assembleIndex", () => {
  test("gives exactly these bytes", () => {
    const { bytes, descriptor } = assembleIndex({
      children: [image("a", amd64), image("b", armv7)],
      annotations: { "org.example.b": "2", "org.example.a": "1" },
    });
    assert.equal(
      new TextDecoder().decode(bytes),
      `{
  "schemaVersion": 2,
  "mediaType": "application/vnd.oci.image.index.v1+json",
  "manifests": [
    {
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "${digest("a")}",
      "size": 1,
      "platform": {
        "architecture": "amd64",
        "os": "linux"
      }
    },
    {
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "${digest("b")}",
      "size": 1,
      "platform": {
        "architecture": "arm",
        "os": "linux",
        "variant": "v7"
      }
    }
  ],
  "annotations": {
    "org.example.a": "1",
    "org.example.b": "2"
  }
}`,
    );
    assert.deepEqual(descriptor, { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length });
  });

  test("normalises platforms and finds duplicates by what they mean", () => {
    const { bytes } = assembleIndex({
      children: [image("a", { os: "Linux", architecture: "aarch64", variant: "v8" })],
    });
    assert.deepEqual(imagesOf(parseIndex(bytes))[0]?.platform, arm64);
    const twice = [image("a", arm64), image("b", { os: "linux", architecture: "aarch64", variant: "8" })];
    assert.throws(
      () => assembleIndex({ children: twice }),
      refusal("DUPLICATE_PLATFORM", new RegExp(`linux/arm64: ${digest("a")} and ${digest("b")}`)),
    );
    assert.throws(
      () => assembleIndex({ children: [image("a", arm64), image("a", arm64)] }),
      refusal("DUPLICATE_PLATFORM", /is named twice/),
    );
  });

  test("tells Windows versions apart", () => {
    const windows = { os: "windows", architecture: "amd64" };
    const children = ["10.0.17763.1", "10.0.20348.2"].map((osVersion) => ({ ...image(osVersion, windows), osVersion }));
    const images = imagesOf(parseIndex(assembleIndex({ children }).bytes));
    assert.deepEqual(
      images.map(({ osVersion }) => osVersion),
      ["10.0.17763.1", "10.0.20348.2"],
    );
    assert.throws(
      () => assembleIndex({ children: [...children, ...children] }),
      refusal("DUPLICATE_PLATFORM", /10\.0/),
    );
  });

  test("keeps images that are equal byte by byte under each of their platforms (S15)", () => {
    const same = digest("same");
    const children = [image("same", amd64), image("same", arm64), image("other", armv7)];
    const index = parseIndex(
      assembleIndex({ children, attestations: [attestation("proof", same), attestation("proof", same)] }).bytes,
    );
    assert.deepEqual(
      imagesOf(index).map(({ digest, platform }) => [digest, platform]),
      [
        [same, amd64],
        [same, arm64],
        [digest("other"), armv7],
      ],
    );
    assert.equal(attestationsOf(index, same).length, 1);
  });

  test("lets attestations follow their images, and refuses those of others", () => {
    const children = [image("a", amd64), image("b", arm64)];
    const attestations = [attestation("of b", digest("b")), attestation("of a", digest("a"))];
    const index = parseIndex(assembleIndex({ children, attestations }).bytes);
    assert.deepEqual(
      index.entries.map(({ role, descriptor }) => [role, descriptor.digest]),
      [
        ["image", digest("a")],
        ["image", digest("b")],
        ["attestation", digest("of a")],
        ["attestation", digest("of b")],
      ],
    );
    assert.deepEqual(orphansOf(index), []);
    assert.throws(
      () => assembleIndex({ children, attestations: [attestation("x", digest("gone"))] }),
      refusal("ORPHAN_ATTESTATION", /is not joined/),
    );
    assert.throws(
      () => assembleIndex({ children, attestations: [image("x", { os: "unknown", architecture: "unknown" })] }),
      refusal("ORPHAN_ATTESTATION", /does not say/),
    );
  });

  test("is a Docker manifest list only when everything in it is Docker's and nothing is annotated", () => {
    const docker = [image("a", amd64, mediaTypes.dockerManifest), image("b", arm64, mediaTypes.dockerManifest)];
    const mixed = [image("a", amd64, mediaTypes.dockerManifest), image("b", arm64)];
    const typeOf = (parts: Parameters<typeof assembleIndex>[0]) => assembleIndex(parts).descriptor.mediaType;
    assert.equal(typeOf({ children: docker }), mediaTypes.dockerList);
    assert.equal(typeOf({ children: docker, mediaType: mediaTypes.ociIndex }), mediaTypes.ociIndex);
    assert.equal(typeOf({ children: docker, annotations: { a: "b" } }), mediaTypes.ociIndex);
    assert.equal(typeOf({ children: docker, attestations: [attestation("x", digest("a"))] }), mediaTypes.ociIndex);
    assert.equal(typeOf({ children: docker.map((one) => ({ ...one, annotations: { a: "b" } })) }), mediaTypes.ociIndex);
    assert.equal(typeOf({ children: mixed }), mediaTypes.ociIndex);
    const asked = mediaTypes.dockerList;
    assert.throws(() => typeOf({ children: mixed, mediaType: asked }), refusal("INVALID_INDEX", /OCI media types/));
    assert.throws(
      () => typeOf({ children: docker, annotations: { a: "b" }, mediaType: asked }),
      refusal("INVALID_INDEX", /annotations/),
    );
    assert.throws(() => typeOf({ children: docker, mediaType: "text/plain" }), refusal("INVALID_INDEX", /text\/plain/));
  });

  test("refuses what is no image of a known platform", () => {
    assert.throws(() => assembleIndex({ children: [] }), refusal("INVALID_INDEX", /at least one/));
    const { platform: _, ...bare } = image("a", amd64);
    assert.throws(() => assembleIndex({ children: [bare] }), refusal("PLATFORM_MISSING", /not known/));
    const unknown = image("a", { os: "unknown", architecture: "unknown" });
    assert.throws(() => assembleIndex({ children: [unknown] }), refusal("PLATFORM_MISSING", /not known/));
    const nested = image("a", amd64, mediaTypes.ociIndex);
    assert.throws(() => assembleIndex({ children: [nested] }), refusal("INVALID_INDEX", /an index itself/));
  });

  test("refuses more than the limits", () => {
    const many = Array.from({ length: 1_001 }, (_, n) => image(String(n), { ...amd64, variant: `v${n + 2}` }));
    assert.throws(() => assembleIndex({ children: many }), refusal("TOO_LARGE", /1001 entries/));
    const annotations = { long: "x".repeat(4 * 1024 * 1024) };
    assert.throws(() => assembleIndex({ children: [image("a", amd64)], annotations }), refusal("TOO_LARGE", /4194304/));
  });

  test("what goes in comes out, and the same parts give the same bytes", () => {
    const platform = fc.record(
      {
        os: fc.constantFrom("linux", "windows"),
        architecture: fc.constantFrom("amd64", "arm64", "arm", "s390x"),
        variant: fc.constantFrom("v5", "v6"),
      },
      { requiredKeys: ["os", "architecture"] },
    );
    // zod drops this key, and no annotation has it.
    const key = fc.string().filter((text) => text !== "__proto__");
    const unique = fc.uniqueArray(platform, { minLength: 1, selector: (value: Platform) => formatPlatform(value) });
    fc.assert(
      fc.property(
        unique,
        fc.nat(3),
        fc.dictionary(key, fc.string(), { maxKeys: 4 }),
        (platforms, salt, annotations) => {
          const children = platforms.map((one, position) => image(`${position % (salt + 1)}`, one));
          const attestations = children.map((child) => attestation(`of ${child.digest}`, child.digest));
          const { bytes } = assembleIndex({ children, attestations, annotations });
          assert.deepEqual(assembleIndex({ children, attestations, annotations: reversed(annotations) }).bytes, bytes);
          const index = parseIndex(bytes);
          const images = imagesOf(index);
          assert.equal(images.length, platforms.length);
          for (const [position, one] of platforms.entries()) {
            const found = images[position];
            assert(found?.platform && samePlatform(found.platform, one));
            assert.equal(attestationsOf(index, found.digest).length, 1);
          }
          assert.deepEqual(index.annotations, { ...annotations });
        },
      ),
    );
  });
});

function reversed(annotations: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).reverse());
}
