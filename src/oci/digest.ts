import { createHash } from "node:crypto";
import { ArchwayError } from "../error/error.ts";
import type { Descriptor, Digest } from "./descriptor.ts";

/** Algorithms of OCI image-spec, descriptor.md, with the length of their value in hexadecimal digits. */
const hexLengths = { sha256: 64, sha512: 128 } as const;

/** Name of a digest algorithm. */
export type DigestAlgorithm = keyof typeof hexLengths;

const digestPattern = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** True for `sha256:` or `sha512:` followed by a value of the right length in lower-case hexadecimal digits. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && digestPattern.test(value);
}

/**
 * Reads a digest.
 *
 * @throws ArchwayError `INVALID_DIGEST` (kind `input`).
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new ArchwayError({
    code: "INVALID_DIGEST",
    kind: "input",
    message: `"${text.slice(0, 160)}" is not a digest`,
    hint: "A digest is sha256: and 64, or sha512: and 128, hexadecimal digits in lower case.",
  });
}

/** The algorithm of a digest. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** The hexadecimal part of a digest. */
export function encodedOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** The digest of bytes. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/**
 * Checks bytes against a digest.
 *
 * @throws ArchwayError `DIGEST_MISMATCH` (kind `unreachable`): the content did not arrive as it was published.
 */
export function checkDigest(bytes: Uint8Array, digest: Digest, what: string): void {
  const actual = digestOf(bytes, algorithmOf(digest));
  if (actual !== digest) throw digestMismatch(what, digest, `its ${bytes.length} bytes have the digest ${actual}`);
}

/** Checks a stream against a descriptor while it passes. */
export interface DigestVerifier {
  /** Takes the next bytes; throws `DIGEST_MISMATCH` as soon as they are more than the descriptor's size. */
  update(chunk: Uint8Array): void;
  /** Throws `DIGEST_MISMATCH` unless size and digest are right. */
  finish(): void;
}

/** A verifier for content that a descriptor points at; `what` names it in errors. */
export function createVerifier(descriptor: Pick<Descriptor, "digest" | "size">, what: string): DigestVerifier {
  const { digest, size } = descriptor;
  const algorithm = algorithmOf(digest);
  const hash = createHash(algorithm);
  let length = 0;
  return {
    update(chunk) {
      length += chunk.length;
      if (length > size) throw digestMismatch(what, digest, `it is longer than the ${size} bytes of its descriptor`);
      hash.update(chunk);
    },
    finish() {
      if (length !== size) throw digestMismatch(what, digest, `it ended after ${length} of ${size} bytes`);
      const actual = `${algorithm}:${hash.digest("hex")}`;
      if (actual !== digest) throw digestMismatch(what, digest, `its ${size} bytes have the digest ${actual}`);
    },
  };
}

/** Passes a stream on, and throws at its end when it is not what the descriptor says. */
export async function* verified(
  content: AsyncIterable<Uint8Array>,
  descriptor: Pick<Descriptor, "digest" | "size">,
  what: string,
): AsyncIterable<Uint8Array> {
  const verifier = createVerifier(descriptor, what);
  for await (const chunk of content) {
    verifier.update(chunk);
    yield chunk;
  }
  verifier.finish();
}

function digestMismatch(what: string, digest: Digest, why: string): ArchwayError {
  return new ArchwayError({
    code: "DIGEST_MISMATCH",
    kind: "unreachable",
    message: `${what} is not what its digest ${digest} says: ${why}`,
    hint: "Something between here and the store changed or cut the content; try again, and check proxies and disks.",
  });
}
