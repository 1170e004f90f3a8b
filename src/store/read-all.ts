import { tooLarge } from "./store-error.ts";

/**
 * Reads a stream whole.
 *
 * @throws ArchwayError `TOO_LARGE` as soon as it is longer than `limit` bytes; `what` names it.
 */
export async function readAll(content: AsyncIterable<Uint8Array>, limit: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    length += chunk.length;
    if (length > limit) throw tooLarge(what, limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
