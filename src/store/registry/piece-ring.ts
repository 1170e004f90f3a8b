/** Memory of one body, in parts: one is read from while the next ones fill. Smaller parts cost time, larger ones bring none. */
const partSize = 512 * 1024;
const partCount = 4;

/** A part with less room than this is full: reads become short at its end. */
const leastRoom = 64 * 1024;

/** Memory that is filled on one side and emptied on the other, over and over: no piece needs a buffer of its own. */
export class PieceRing {
  readonly #parts: readonly Buffer[] = Array.from({ length: partCount }, () => Buffer.allocUnsafeSlow(partSize));
  /** Where each full part ends. */
  readonly #ends: number[] = this.#parts.map(() => 0);
  #writing = 0;
  /** Bytes in the part that is being filled. */
  #written = 0;
  #reading = 0;
  /** Bytes that have been taken from the part that is being read. */
  #taken = 0;
  /** Parts that are full and have not been given back. */
  #full = 0;

  /** Where the next bytes go. To be filled only while there is room, but it can be fetched before. */
  get room(): Buffer {
    return this.#part(this.#writing).subarray(this.#written);
  }

  /** True when nothing more should come. One part is still free then: TLS goes on until it has handed out what it has decrypted. */
  get isFull(): boolean {
    return this.#full >= partCount - 1;
  }

  /** False when the room is memory that has not been given back. */
  get hasRoom(): boolean {
    return this.#full < partCount;
  }

  /** Takes note of bytes that have been written at the beginning of the room. */
  wrote(length: number): void {
    this.#written += length;
    if (partSize - this.#written >= leastRoom) return;
    this.#ends[this.#writing] = this.#written;
    this.#full++;
    this.#writing = (this.#writing + 1) % partCount;
    this.#written = 0;
  }

  /** What has come since the last piece, which is given back herewith. Undefined when there is nothing. */
  take(): Uint8Array | undefined {
    if (this.#full > 0 && this.#taken === this.#ends[this.#reading]) {
      this.#full--;
      this.#reading = (this.#reading + 1) % partCount;
      this.#taken = 0;
    }
    const end = this.#full > 0 ? this.#ends[this.#reading] : this.#written;
    if (end === this.#taken) return undefined;
    const piece = this.#part(this.#reading).subarray(this.#taken, end);
    this.#taken += piece.length;
    return piece;
  }

  #part(position: number): Buffer {
    const part = this.#parts[position];
    if (part === undefined) throw new RangeError(`the ring has no part ${position}`);
    return part;
  }
}
