import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import { parseConfig } from "./config.ts";
import { digestOf } from "./digest.ts";
import { attestationsOf, imagesOf, orphansOf, parseIndex } from "./index.ts";
import { parseManifestOrIndex } from "./manifest-or-index.ts";
import { isRunnable, parseManifest } from "./manifest.ts";
import { mediaTypes } from "./media-types.ts";

const digestA = `sha256:${"a".repeat(64)}`;
const digestB = `sha256:${"b".repeat(64)}`;
const config = { mediaType: mediaTypes.ociConfig, digest: digestA, size: 2 };
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digestB, size: 3 };

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function invalid(message: RegExp, code = "INVALID_MANIFEST") {
  return (error: unknown) => {
    assert(error instanceof ArchwayError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

describe("indexes", () => {
  const bytes = encode({
    schemaVersion: 2,
    manifests: [
      {
        mediaType: mediaTypes.ociManifest,
        digest: digestA,
        size: 1,
        platform: { os: "linux", architecture: "arm64", variant: "v8" },
      },
      {
        mediaType: mediaTypes.ociManifest,
        digest: digestB,
        size: 1,
        platform: { os: "unknown", architecture: "unknown" },
        annotations: { "vnd.docker.reference.digest": digestA, "vnd.docker.reference.type": "attestation-manifest" },
      },
      {
        mediaType: mediaTypes.ociManifest,
        digest: digestB,
        size: 1,
        platform: { os: "unknown", architecture: "unknown" },
      },
      { mediaType: mediaTypes.ociIndex, digest: digestB, size: 1, platform: { os: "", architecture: "" } },
      { mediaType: "application/vnd.example+json", digest: digestB, size: 1, data: "e30=", future: [1] },
    ],
    annotations: null,
    future: true,
  });

  test("tell what each entry is for; unknown fields and types are tolerated", () => {
    const index = parseIndex(bytes);
    assert.deepEqual(
      index.entries.map(({ role }) => role),
      ["image", "attestation", "other", "index", "other"],
    );
    assert.deepEqual(imagesOf(index)[0]?.platform, { os: "linux", architecture: "arm64" });
    assert.equal(index.entries[3]?.descriptor.platform, undefined);
    assert.equal(index.bytes, bytes);
    assert.equal(index.digest, digestOf(bytes));
    assert.equal(index.mediaType, mediaTypes.ociIndex);
  });

  test("bind attestations by annotation, not by unknown/unknown", () => {
    const index = parseIndex(bytes);
    assert.equal(attestationsOf(index, `sha256:${"a".repeat(64)}`).length, 1);
    assert.deepEqual(orphansOf(index), []);
  });

  test("are checked against the digest they were asked for by", () => {
    assert.equal(parseIndex(bytes, { digest: digestOf(bytes, "sha512") }).digest, digestOf(bytes, "sha512"));
    assert.throws(() => parseIndex(bytes, { digest: digestOf(encode(1)) }), invalid(/image index/, "DIGEST_MISMATCH"));
  });

  test("with too many entries are refused", () => {
    const entry = { mediaType: mediaTypes.ociManifest, digest: digestA, size: 1 };
    const manifests = Array.from({ length: 1_001 }, () => entry);
    assert.throws(() => parseIndex(encode({ schemaVersion: 2, manifests })), invalid(/manifests/));
  });
});

describe("manifests", () => {
  test("show config and layers", () => {
    const manifest = parseManifest(encode({ schemaVersion: 2, config, layers: [layer], annotations: { a: "b" } }));
    assert.deepEqual(manifest.config, config);
    assert.deepEqual(manifest.layers, [layer]);
    assert.deepEqual(manifest.annotations, { a: "b" });
    assert(isRunnable(manifest));
  });

  test("of attestations and artifacts are not runnable", () => {
    const statement = { ...layer, mediaType: mediaTypes.inToto };
    assert(!isRunnable(parseManifest(encode({ schemaVersion: 2, config, layers: [statement] }))));
    const empty = { ...config, mediaType: mediaTypes.ociEmpty };
    assert(!isRunnable(parseManifest(encode({ schemaVersion: 2, config: empty, layers: [] }))));
  });

  test("that could be read as an index too are refused", () => {
    const both = encode({ schemaVersion: 2, config, layers: [], manifests: [] });
    assert.throws(() => parseManifest(both), invalid(/both layers and manifests/));
    assert.throws(() => parseIndex(both), invalid(/both manifests and layers/));
  });

  for (const [what, change] of [
    ["a size below zero", { config: { ...config, size: -1 } }],
    ["a size that no number can hold", { config: { ...config, size: 2 ** 60 } }],
    ["a digest of another algorithm", { config: { ...config, digest: "md5:d41d8cd98f00b204e9800998ecf8427e" } }],
    ["a digest that is a path", { layers: [{ ...layer, digest: "sha256:../../../etc/passwd" }] }],
    ["no layers", { layers: undefined }],
    ["a media type of something else", { mediaType: "text/html" }],
    ["annotations that are no strings", { annotations: { a: 1 } }],
  ] as const) {
    test(`with ${what} are refused`, () => {
      assert.throws(
        () => parseManifest(encode({ schemaVersion: 2, config, layers: [layer], ...change })),
        invalid(/not valid/),
      );
    });
  }
});

describe("parseManifestOrIndex", () => {
  const manifest = encode({ schemaVersion: 2, config, layers: [layer] });
  const index = encode({ schemaVersion: 2, manifests: [] });

  test("goes by the document's media type, else the expected one, else the shape", () => {
    assert.equal(parseManifestOrIndex(manifest).kind, "manifest");
    assert.equal(parseManifestOrIndex(index).kind, "index");
    assert.equal(parseManifestOrIndex(index, { mediaType: "application/json" }).kind, "index");
    assert.equal(parseManifestOrIndex(index, { mediaType: mediaTypes.dockerList }).mediaType, mediaTypes.dockerList);
    const docker = encode({ schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config, layers: [] });
    assert.equal(parseManifestOrIndex(docker, { mediaType: mediaTypes.ociIndex }).mediaType, mediaTypes.dockerManifest);
  });

  test("says what is wrong with Docker's schema 1 and with other documents", () => {
    assert.throws(() => parseManifestOrIndex(encode({ schemaVersion: 1, fsLayers: [] })), invalid(/old schema 1/));
    const other = encode({ schemaVersion: 2, mediaType: "application/vnd.example+json" });
    assert.throws(() => parseManifestOrIndex(other), invalid(/neither an image nor an index/));
    assert.throws(() => parseManifestOrIndex(encode([])), invalid(/not valid/));
  });

  test("answers any bytes with a view or an error for a person", () => {
    const keys = ["schemaVersion", "mediaType", "config", "layers", "manifests", "digest", "size", "platform"];
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(1, 2, -1, digestA, mediaTypes.ociIndex, mediaTypes.ociManifest, null, config, layer),
        fc.dictionary(fc.constantFrom(...keys), tie("any")),
        fc.array(tie("any"), { maxLength: 3 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (document) => {
        const bytes = encode(document);
        try {
          assert.equal(parseManifestOrIndex(bytes).digest, digestOf(bytes));
        } catch (error) {
          assert(error instanceof ArchwayError && error.code === "INVALID_MANIFEST", String(error));
        }
      }),
    );
  });
});

describe("configs", () => {
  test("show platform, command, history and layers, in old spellings too", () => {
    const view = parseConfig(
      encode({
        os: "linux",
        architecture: "arm",
        created: "2026-01-01T00:00:00Z",
        config: { Entrypoint: null, Cmd: "run", Env: ["PATH=/bin"], WorkingDir: "/w", User: "1", Labels: { a: "b" } },
        rootfs: { type: "layers", diff_ids: [digestA] },
        history: [{ created_by: "ADD x", empty_layer: true }, {}],
      }),
    );
    assert.deepEqual(view.platform, { os: "linux", architecture: "arm", variant: "v7" });
    assert.deepEqual(view.entrypoint, []);
    assert.deepEqual(view.command, ["run"]);
    assert.deepEqual(view.environment, ["PATH=/bin"]);
    assert.deepEqual(view.labels, { a: "b" });
    assert.deepEqual(view.diffIds, [digestA]);
    assert.deepEqual(view.history, [{ createdBy: "ADD x", emptyLayer: true }, { emptyLayer: false }]);
  });

  test("without a platform are refused: nothing defaults it", () => {
    assert.throws(() => parseConfig(encode({ os: "linux", rootfs: {} })), invalid(/architecture/));
    assert.throws(() => parseConfig(encode({ os: "linux", architecture: "", rootfs: {} })), invalid(/architecture/));
  });
});
