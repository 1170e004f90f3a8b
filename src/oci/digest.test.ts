import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import {
  algorithmOf,
  checkDigest,
  createVerifier,
  digestOf,
  encodedOf,
  isDigest,
  parseDigest,
  verified,
} from "./digest.ts";

const bytes = new TextEncoder().encode("abc");
/** FIPS 180-4 examples for "abc". */
const sha256 = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const sha512 =
  "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

function mismatch(error: unknown): boolean {
  return error instanceof ArchwayError && error.code === "DIGEST_MISMATCH" && error.kind === "unreachable";
}

test("digests are computed with both algorithms", () => {
  assert.equal(digestOf(bytes), sha256);
  assert.equal(digestOf(bytes, "sha512"), sha512);
  assert.equal(algorithmOf(digestOf(bytes, "sha512")), "sha512");
  assert.equal(encodedOf(digestOf(bytes)), sha256.slice(7));
});

test("only whole lower-case digests of the two algorithms are digests", () => {
  for (const text of [sha256, sha512]) assert.equal(parseDigest(text), text);
  const wrong = ["", "abc", sha256.slice(0, -1), `${sha256}0`, sha256.toUpperCase(), `${sha256}\n`, sha256.slice(7)];
  for (const text of [...wrong, `sha512:${sha256.slice(7)}`, "md5:d41d8cd98f00b204e9800998ecf8427e", 7, undefined]) {
    assert(!isDigest(text), String(text));
  }
  assert.throws(() => parseDigest("md5:x"), /"md5:x" is not a digest/);
});

test("bytes are checked against their digest", () => {
  checkDigest(bytes, digestOf(bytes), "x");
  assert.throws(() => checkDigest(bytes.subarray(1), digestOf(bytes), "manifest m"), mismatch);
});

test("a stream passes when it is what its descriptor says, whatever its pieces", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 })),
      fc.constantFrom("sha256", "sha512"),
      async (parts, algorithm) => {
        const whole = Buffer.concat(parts);
        const descriptor = { digest: digestOf(whole, algorithm), size: whole.length };
        assert.deepEqual(await collect(verified(pieces(parts), descriptor, "b")), whole);
      },
    ),
  );
});

test("a stream with a changed byte, or another length, throws", async () => {
  const descriptor = { digest: digestOf(bytes), size: 3 };
  const streams = [["abd"], ["ab"], ["abc", "d"], []].map((parts) =>
    parts.map((part) => new TextEncoder().encode(part)),
  );
  for (const parts of streams) await assert.rejects(collect(verified(pieces(parts), descriptor, "blob b")), mismatch);
});

test("a verifier stops at the first byte beyond the size", () => {
  const verifier = createVerifier({ digest: digestOf(bytes), size: 3 }, "blob b");
  verifier.update(bytes);
  assert.throws(() => verifier.update(Uint8Array.of(0)), /longer than the 3 bytes/);
});

async function* pieces(parts: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* parts;
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(stream));
}
