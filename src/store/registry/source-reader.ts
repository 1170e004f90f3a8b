import { ArchwayError } from "../../error/error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { BlobSource } from "../store.ts";

/**
 * Reads a blob's source piece by piece: pieces that follow each other come from one opened stream; any other start opens it anew.
 */
export class SourceReader {
  readonly #source: BlobSource;
  readonly #descriptor: Descriptor;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  /** Read from the stream and not handed out yet. */
  #rest: Uint8Array = new Uint8Array();
  /** Where `#rest` begins. */
  #position = 0;

  constructor(source: BlobSource, descriptor: Descriptor) {
    this.#source = source;
    this.#descriptor = descriptor;
  }

  /** The bytes from `start` up to `end`. Throws `DIGEST_MISMATCH` when the source ends before. */
  async *read(start: number, end: number): AsyncIterable<Uint8Array> {
    if (this.#iterator === undefined || this.#position !== start) await this.#openAt(start);
    while (this.#position < end) {
      if (this.#rest.length === 0 && !(await this.#fill())) throw this.#tooShort();
      const piece = this.#rest.subarray(0, end - this.#position);
      this.#rest = this.#rest.subarray(piece.length);
      this.#position += piece.length;
      yield piece;
    }
  }

  /** Closes the stream. */
  async close(): Promise<void> {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    await iterator?.return?.();
  }

  async #openAt(start: number): Promise<void> {
    await this.close();
    this.#iterator = this.#source.open(start)[Symbol.asyncIterator]();
    this.#rest = new Uint8Array();
    this.#position = start;
  }

  async #fill(): Promise<boolean> {
    const next = await this.#iterator?.next();
    if (next === undefined || next.done === true) return false;
    this.#rest = next.value;
    return true;
  }

  #tooShort(): ArchwayError {
    const { digest, size } = this.#descriptor;
    return new ArchwayError({
      code: "DIGEST_MISMATCH",
      kind: "unreachable",
      message: `blob ${digest} ended after ${this.#position} of ${size} bytes`,
    });
  }
}
