import type { z } from "zod";
import { ArchwayError } from "../error/error.ts";
import type { Digest } from "./descriptor.ts";
import { checkDigest, digestOf } from "./digest.ts";
import { parseJson } from "./json.ts";

/** What is known of a document before it is read. */
export interface Expected {
  /** The digest that it was asked for by; the bytes are checked against it. */
  readonly digest?: Digest;
  /** Media type of the descriptor or of the registry's answer; used when the document does not name its own. */
  readonly mediaType?: string;
}

/** Fields that every view has: the bytes as published, never re-serialised, and what follows from them. */
export interface Document {
  /** Not to be changed: the digest is theirs. */
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly mediaType: string;
}

/**
 * Reads bytes once for a view: checks the digest, parses within the bounds and by the schema.
 *
 * @throws ArchwayError `DIGEST_MISMATCH`, `TOO_LARGE`, `INVALID_MANIFEST`.
 */
export function readDocument<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
  what: string,
  expected: Expected,
): { digest: Digest; content: z.output<Schema> } {
  if (expected.digest !== undefined) checkDigest(bytes, expected.digest, what);
  const digest = expected.digest ?? digestOf(bytes);
  // A run reads a handful of documents: compiling the schema would take longer than interpreting it.
  const parsed = schema.safeParse(parseJson(bytes, `${what} ${digest}`), { jitless: true });
  if (parsed.success) return { digest, content: parsed.data };
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw invalidDocument(what, digest, `${issue?.message ?? "it has another shape"}${where}`);
}

/** An error for a document that breaks the specification. */
export function invalidDocument(what: string, digest: Digest, why: string): ArchwayError {
  return new ArchwayError({
    code: "INVALID_MANIFEST",
    kind: "failed",
    message: `${what} ${digest} is not valid: ${why}`,
  });
}
