import { ArchwayError } from "../error/error.ts";
import { maxJsonDepth, maxJsonValues, maxManifestIn } from "./limits.ts";

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openings = new Set([0x5b, 0x7b]);
const closings = new Set([0x5d, 0x7d]);

/**
 * Parses JSON that came from outside: UTF-8 without faults, at most 8 MiB, 64 deep and 250,000 values.
 * `what` names the document in errors, for example `image index sha256:…`.
 *
 * @throws ArchwayError `TOO_LARGE` beyond a bound, `INVALID_MANIFEST` when it is not JSON (kind `failed`).
 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  if (bytes.length > maxManifestIn) throw tooLarge(what, `${bytes.length} bytes, at most ${maxManifestIn} are read`);
  checkStructure(bytes, what);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ArchwayError({
      code: "INVALID_MANIFEST",
      kind: "failed",
      message: `${what} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  }
}

/** JSON as this project writes it: two spaces, keys in the order given, no final line feed; the same value gives the same bytes. */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, undefined, 2));
}

/** Counts nesting and values without building anything, so that the parser never sees a document beyond the bounds. */
function checkStructure(bytes: Uint8Array, what: string): void {
  let depth = 0;
  let values = 0;
  for (let position = 0; position < bytes.length; position++) {
    const byte = bytes[position] ?? 0;
    if (byte === quote) position = endOfString(bytes, position);
    else if (byte === comma) values++;
    else if (openings.has(byte)) {
      values++;
      if (++depth > maxJsonDepth) throw tooLarge(what, `it nests deeper than ${maxJsonDepth} levels`);
    } else if (closings.has(byte)) depth--;
    if (values > maxJsonValues) throw tooLarge(what, `it holds more than ${maxJsonValues} values`);
  }
}

/** Position of the quote that ends the string beginning at `start`, or the last byte when nothing ends it. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let position = start + 1; position < bytes.length; position++) {
    if (bytes[position] === backslash) position++;
    else if (bytes[position] === quote) return position;
  }
  return bytes.length;
}

function tooLarge(what: string, why: string): ArchwayError {
  return new ArchwayError({ code: "TOO_LARGE", kind: "failed", message: `${what} is too large: ${why}` });
}
