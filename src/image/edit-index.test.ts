import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Digest } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { imagesOf, orphansOf, parseIndex } from "../oci/index.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { formatPlatform, parsePlatform } from "../platform/platform.ts";
import { withAnnotations, withoutPlatforms } from "./edit-index.ts";

const digest = (text: string): Digest => digestOf(new TextEncoder().encode(text));
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const none = { index: {}, entry: () => undefined };

function entry(name: string, platform: string | undefined, more: object = {}): object {
  const [os, architecture, variant] = (platform ?? "").split("/");
  return {
    mediaType: mediaTypes.ociManifest,
    "x-first": [1, { deep: null }],
    digest: digest(name),
    size: name.length,
    ...(platform === undefined
      ? {}
      : { platform: { architecture, os, ...(variant === undefined ? {} : { variant }) } }),
    ...more,
  };
}

function attestation(name: string, of: string): object {
  const annotations = {
    "vnd.docker.reference.digest": digest(of),
    "vnd.docker.reference.type": "attestation-manifest",
  };
  return entry(name, "unknown/unknown", { annotations });
}

function indexOf(manifests: readonly object[], more: object = {}, space: number | string = 0) {
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, "x-unknown": 1.5, manifests, ...more };
  return parseIndex(encode(JSON.stringify(document, undefined, space)));
}

const names = (bytes: Uint8Array): string[] =>
  imagesOf(parseIndex(bytes)).map(({ platform }) => (platform ? formatPlatform(platform) : "none"));

describe("withoutPlatforms", () => {
  const amd64 = entry("a", "linux/amd64");
  const arm64 = entry("b", "linux/arm64/v8");
  const v7 = entry("c", "linux/arm/v7");

  test("removes an image with its attestations, and leaves every other byte", () => {
    for (const space of [0, 2, "\t"]) {
      const before = [amd64, arm64, v7, attestation("of a", "a"), attestation("of b", "b")];
      const after = [amd64, v7, attestation("of a", "a")];
      const result = withoutPlatforms(indexOf(before, { later: "x" }, space), [parsePlatform("linux/arm64")]);
      assert.equal(decode(result.bytes), decode(indexOf(after, { later: "x" }, space).bytes));
      assert.equal(result.descriptor.digest, digestOf(result.bytes));
      assert.equal(result.descriptor.size, result.bytes.length);
    }
  });

  test("keeps an attestation while another platform has the same image", () => {
    const twice = [entry("same", "linux/amd64"), entry("same", "linux/arm64"), attestation("of same", "same")];
    const result = withoutPlatforms(indexOf(twice), [parsePlatform("linux/arm64")]);
    assert.equal(parseIndex(result.bytes).entries.length, 2);
    assert.deepEqual(orphansOf(parseIndex(result.bytes)), []);
  });

  test("removes what is attached to an attestation that goes", () => {
    const chain = [amd64, arm64, attestation("signature", "of b"), attestation("of b", "b")];
    const result = withoutPlatforms(indexOf(chain), [parsePlatform("linux/arm64")]);
    assert.deepEqual(names(result.bytes), ["linux/amd64"]);
    assert.equal(parseIndex(result.bytes).entries.length, 1);
  });

  test("a platform that only the config tells can be removed", () => {
    const index = indexOf([entry("a", undefined), arm64]);
    const known = (one: { digest: Digest }) =>
      one.digest === digest("a") ? parsePlatform("linux/riscv64") : parsePlatform("linux/arm64");
    assert.deepEqual(names(withoutPlatforms(index, [parsePlatform("linux/riscv64")], known).bytes), ["linux/arm64"]);
  });

  test("tells what there is instead of a platform that is not there, and never empties an index", () => {
    const index = indexOf([amd64, arm64]);
    assert.throws(() => withoutPlatforms(index, [parsePlatform("linux/s390x")]), {
      code: "PLATFORM_NOT_FOUND",
      kind: "input",
      hint: "It has linux/amd64, linux/arm64.",
    });
    const all = ["linux/amd64", "linux/arm64"].map((name) => parsePlatform(name));
    assert.throws(() => withoutPlatforms(index, all), { code: "LAST_PLATFORM", kind: "input" });
  });

  test("for any index: removing nothing changes no byte, and removing anything orphans nothing", () => {
    const platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x", "windows/amd64"];
    const image = fc.record({
      name: fc.constantFrom("p", "q", "r", "s", "t"),
      platform: fc.constantFrom(...platforms),
    });
    const proofs = fc.array(fc.constantFrom("p", "q", "r", "s", "t", "gone"), { maxLength: 4 });
    const space = fc.constantFrom(0, 1, 2, 4, "\t", "\r\n ");
    const more = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 });
    fc.assert(
      fc.property(
        fc.array(image, { minLength: 1, maxLength: 6 }),
        proofs,
        space,
        more,
        fc.subarray(platforms),
        fc.nat(),
        (images, subjects, indent, unknown, remove, shuffle) => {
          const entries = [
            ...images.map(({ name, platform }) => entry(name, platform, { unknown })),
            ...subjects.map((subject, at) => attestation(`proof ${at}`, subject)),
          ].sort(
            (a, b) =>
              ((JSON.stringify(a).length * (shuffle + 1)) % 7) - ((JSON.stringify(b).length * (shuffle + 1)) % 7),
          );
          const index = indexOf(entries, { unknown }, indent);
          assert.deepEqual(withoutPlatforms(index, []).bytes, index.bytes);
          const there = new Set(images.map(({ platform }) => platform));
          const asked = remove.filter((name) => there.has(name));
          if (asked.length === there.size) return;
          const result = parseIndex(
            withoutPlatforms(
              index,
              asked.map((name) => parsePlatform(name)),
            ).bytes,
          );
          const orphans = new Set(orphansOf(index).map((one) => one.digest));
          assert.ok(orphansOf(result).every((one) => orphans.has(one.digest)));
          assert.deepEqual(
            names(result.bytes),
            names(index.bytes).filter((name) => !asked.includes(name)),
          );
          const raw = (bytes: Uint8Array) => JSON.parse(decode(bytes)) as { manifests: unknown[] };
          const kept = new Set(result.entries.map(({ descriptor }) => descriptor.digest));
          const expected = raw(index.bytes);
          const left = expected.manifests.filter((_, at) => {
            const found = index.entries[at];
            if (found === undefined || !kept.has(found.descriptor.digest)) return false;
            const { platform } = found.descriptor;
            return found.role !== "image" || !platform || !asked.includes(formatPlatform(platform));
          });
          assert.deepEqual(raw(result.bytes), { ...expected, manifests: left });
        },
      ),
    );
  });
});

describe("withAnnotations", () => {
  const amd64 = entry("a", "linux/amd64");
  const arm64 = entry("b", "linux/arm64", { annotations: { old: "1", gone: "2" } });

  test("sets and removes on the index and on descriptors, in the layout of the text", () => {
    for (const space of [0, 2]) {
      const index = indexOf([amd64, arm64], {}, space);
      const result = withAnnotations(index, {
        index: { title: 'A "b" \u00e4' },
        entry: ({ platform }) => (platform?.architecture === "arm64" ? { gone: null, old: "3" } : { note: "x" }),
      });
      const expected = indexOf(
        [{ ...amd64, annotations: { note: "x" } }, entry("b", "linux/arm64", { annotations: { old: "3" } })],
        { annotations: { title: 'A "b" \u00e4' } },
        space,
      );
      assert.equal(decode(result.bytes), decode(expected.bytes));
    }
  });

  test("the last annotation takes the field with it, and what is not there can be removed", () => {
    const index = indexOf([amd64], { annotations: { only: "1" } });
    const removed = withAnnotations(index, { ...none, index: { only: null, never: null } });
    assert.equal(decode(removed.bytes), decode(indexOf([amd64]).bytes));
    assert.deepEqual(withAnnotations(index, { ...none, index: { only: "1" } }).bytes, index.bytes);
  });

  test("a Docker manifest list becomes an OCI index only when asked", () => {
    const list = {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerList,
      manifests: [{ ...amd64, mediaType: mediaTypes.dockerManifest }],
    };
    const index = parseIndex(encode(JSON.stringify(list)));
    assert.throws(() => withAnnotations(index, { ...none, index: { a: "b" } }), { code: "DOCKER_LIST", hint: /--oci/ });
    const result = withAnnotations(index, { ...none, index: { a: "b" }, toOci: true });
    assert.equal(result.descriptor.mediaType, mediaTypes.ociIndex);
    assert.deepEqual(JSON.parse(decode(result.bytes)), {
      ...list,
      mediaType: mediaTypes.ociIndex,
      annotations: { a: "b" },
    });
    assert.deepEqual(withAnnotations(index, none).bytes, index.bytes);
  });

  test("what binds attestations is not touched", () => {
    const index = indexOf([amd64]);
    const entryChange = () => ({ "vnd.docker.reference.digest": "sha256:0" });
    assert.throws(() => withAnnotations(index, { index: {}, entry: entryChange }), { code: "RESERVED_ANNOTATION" });
  });

  test("for any index and changes: the parsed document is what objects would give", () => {
    const key = fc.constantFrom("a", "b", "c", "d e", "ü\n", "constructor");
    const annotations = fc.dictionary(key, fc.string());
    const changes = fc.dictionary(key, fc.option(fc.string(), { nil: null }));
    const apply = (before: Record<string, string>, change: Record<string, string | null>) =>
      Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== null));
    fc.assert(
      fc.property(
        fc.option(annotations, { nil: undefined }),
        fc.option(annotations, { nil: undefined }),
        changes,
        changes,
        fc.constantFrom(0, 2, "\t"),
        (onIndex, onEntry, change, entryChange, space) => {
          const own = onEntry === undefined ? {} : { annotations: onEntry };
          const index = indexOf(
            [entry("a", "linux/amd64", own)],
            onIndex === undefined ? {} : { annotations: onIndex },
            space,
          );
          const result = parseIndex(withAnnotations(index, { index: change, entry: () => entryChange }).bytes);
          assert.deepEqual({ ...result.annotations }, apply(onIndex ?? {}, change));
          assert.deepEqual({ ...result.entries[0]?.descriptor.annotations }, apply(onEntry ?? {}, entryChange));
          const again = withAnnotations(result, { index: change, entry: () => entryChange });
          assert.deepEqual(again.bytes, result.bytes, "a second time changes nothing");
        },
      ),
    );
  });
});
