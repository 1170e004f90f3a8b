import type { Transform } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { isAbort } from "../../error/error.ts";
import { layerCorrupt, layerUnsupported } from "./layer-error.ts";

/** How a layer is compressed, told by its first bytes: media types of layers are often wrong. */
export type Compression = "none" | "gzip" | "zstd";

/** Bounds against decompression bombs. */
export interface DecompressLimits {
  /** Most uncompressed bytes of one layer. */
  readonly maxBytes: number;
  /** Most uncompressed bytes for each compressed byte, looked at beyond {@link freeBytes}. */
  readonly maxRatio: number;
  /** Uncompressed bytes that any layer may have, however well it compresses: zeros compress a thousand times. */
  readonly freeBytes: number;
}

/** 64 GiB a layer (the largest known hold models of some tens of GB); 200 to 1 beyond the first 2 GiB. */
export const decompressLimits: DecompressLimits = {
  maxBytes: 64 * 1024 ** 3,
  maxRatio: 200,
  freeBytes: 2 * 1024 ** 3,
};

/** Node's default of 16 KiB halves the speed (measured: 178 against 409 MB per CPU second). */
const chunkSize = 256 * 1024;

/** zstd: windows up to 128 MiB (`--long`), the decoder's own default; more is a way to use up memory. */
const maxWindowLog = 27;

/** A zstd layer has one frame, or one for each file (zstd:chunked); more than this is an attack. */
const maxFrames = 250_000;

/**
 * Reads how bytes are compressed: gzip (RFC 1952), zstd or a skippable zstd frame (RFC 8878), else none. Four bytes are
 * enough.
 */
export function compressionOf(head: Uint8Array): Compression {
  const [a, b, c, d] = head;
  if (a === 0x1f && b === 0x8b) return "gzip";
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return "zstd";
  if (a !== undefined && a >= 0x50 && a <= 0x5f && b === 0x2a && c === 0x4d && d === 0x18) return "zstd";
  return "none";
}

/**
 * The uncompressed bytes of a layer. Takes gzip with any number of members, zstd with any number of frames, and plain bytes.
 * The source is read to its very end, so that a store can check the digest of what it gave. A piece is only valid until the
 * next one is asked for; the same may hold for the source's. `onCompression` is called before the first one.
 *
 * @throws ArchwayError `LAYER_CORRUPT` for damaged or cut compression, `LAYER_UNSUPPORTED` beyond the limits; errors of the source as they are.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  limits: DecompressLimits = decompressLimits,
  onCompression?: (compression: Compression) => void,
): AsyncGenerator<Uint8Array, void, void> {
  const input = new CountedInput(source);
  try {
    const head = await input.peek(4);
    const compression = compressionOf(head);
    onCompression?.(compression);
    let total = 0;
    for await (const chunk of compression === "none" ? input.rest() : decoded(input, compression)) {
      total += chunk.length;
      if (total > limits.maxBytes) throw layerUnsupported(`it unpacks to more than ${limits.maxBytes} bytes`);
      if (total > limits.freeBytes && total > input.bytes * limits.maxRatio) {
        throw layerUnsupported(`its first ${input.bytes} bytes unpack to more than ${total}: a decompression bomb`);
      }
      yield chunk;
    }
  } finally {
    await input.close();
  }
}

/**
 * Runs one decoder after the other over the input. Node's zstd decoder ends at the end of a frame when more bytes follow in
 * the same write and drops them (nodejs/node#64741); how many it took is in `bytesWritten`, and the next decoder gets the
 * others. Its gzip decoder takes all members itself.
 */
async function* decoded(input: CountedInput, compression: "gzip" | "zstd"): AsyncGenerator<Uint8Array, void, void> {
  for (let frames = 1; ; frames++) {
    if (frames > maxFrames) throw layerUnsupported(`it has more than ${maxFrames} zstd frames`);
    const decoder = compression === "gzip" ? createGunzip({ chunkSize }) : createZstd();
    const feeding = feed(input, decoder);
    // The failure reaches the reader through the decoder; this only keeps it from counting as unhandled meanwhile.
    feeding.catch((error: unknown) => decoder.destroy(error instanceof Error ? error : new Error(String(error))));
    try {
      for await (const chunk of decoder) {
        yield chunk;
        release(chunk);
      }
    } catch (error) {
      throw input.failed || isAbort(error) ? error : layerCorrupt(`${compression}: ${messageOf(error)}`, error);
    } finally {
      decoder.destroy();
    }
    if ((await feeding) === "exhausted") return;
    // Node's gzip decoder leaves nothing but padding: zeros after the last member, as tapes have them.
    if (compression === "gzip") return input.drain();
  }
}

/**
 * Gives the memory of a piece back at once, where a reader would wait for the garbage collector: a quarter less memory and a
 * tenth less time for a large layer. Only a piece that ends where its buffer ends can go: the decoder writes into the rest of
 * the others.
 */
function release(piece: Buffer): void {
  const { buffer, byteOffset, length } = piece;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === chunkSize && byteOffset + length === chunkSize) {
    buffer.transfer(0);
  }
}

function createZstd(): ReturnType<typeof createZstdDecompress> {
  return createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: maxWindowLog } });
}

/** Writes the input to a decoder until one of them ends; what the decoder left goes back to the input. */
async function feed(
  input: CountedInput,
  decoder: Transform & { readonly bytesWritten: number },
): Promise<"exhausted" | "frame-ended"> {
  let fed = 0;
  for (;;) {
    const chunk = await input.next();
    if (chunk === undefined) {
      decoder.end();
      return "exhausted";
    }
    fed += chunk.length;
    await new Promise<void>((resolve, reject) => {
      decoder.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
    const left = fed - decoder.bytesWritten;
    if (left > 0) {
      input.putBack(chunk.subarray(chunk.length - left));
      return "frame-ended";
    }
  }
}

/** A source that can be looked ahead into and given back to, and that knows how many bytes came. */
class CountedInput {
  bytes = 0;
  /** True once the source itself has thrown. */
  failed = false;
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Uint8Array | undefined;
  #done = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next bytes, at least one; `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined && held.length > 0) return held;
    while (!this.#done) {
      const chunk = await this.#pull();
      if (chunk !== undefined && chunk.length > 0) return chunk;
    }
    return undefined;
  }

  /** The first `length` bytes, fewer when the source is shorter, without taking them. */
  async peek(length: number): Promise<Uint8Array> {
    let head = (await this.next()) ?? new Uint8Array();
    while (head.length < length) {
      head = Uint8Array.from(head);
      const more = await this.next();
      if (more === undefined) break;
      head = Buffer.concat([head, more]);
    }
    this.putBack(head);
    return head;
  }

  putBack(bytes: Uint8Array): void {
    this.#held = bytes;
  }

  async *rest(): AsyncGenerator<Uint8Array, void, void> {
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) yield chunk;
  }

  /** Reads to the end. */
  async drain(): Promise<void> {
    while ((await this.next()) !== undefined);
  }

  /** Lets the source free what it holds. */
  async close(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    await this.#source.return?.();
  }

  async #pull(): Promise<Uint8Array | undefined> {
    try {
      const result = await this.#source.next();
      if (result.done === true) {
        this.#done = true;
        return undefined;
      }
      this.bytes += result.value.length;
      return result.value;
    } catch (error) {
      this.#done = true;
      this.failed = true;
      throw error;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
