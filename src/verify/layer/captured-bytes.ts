/** A part of a file: from `start` up to `end`, bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Chosen ranges of a file that streams by, kept in one arena that is used again for the next file, so that reading a layer of
 * thousands of programs makes no garbage. What is read from it is only valid until {@link reset}.
 */
export class CapturedBytes {
  readonly #maxBytes: number;
  #arena: Buffer;
  #used = 0;
  #windows: { start: number; end: number; at: number }[] = [];

  /** Keeps at most `maxBytes` of one file. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#arena = Buffer.alloc(Math.min(maxBytes, 64 * 1024));
  }

  /** All of a buffer, as a test or a small reader has it. */
  static of(bytes: Uint8Array): CapturedBytes {
    const captured = new CapturedBytes(bytes.length);
    captured.add({ start: 0, end: bytes.length });
    captured.write(0, bytes);
    return captured;
  }

  /** Forgets everything, for the next file. */
  reset(): void {
    this.#used = 0;
    this.#windows = [];
  }

  /**
   * Wants a range of bytes that are still to come; one that begins where the last one ends extends it. False when there is no
   * room.
   */
  add(range: ByteRange): boolean {
    const { start, end } = range;
    const length = end - start;
    if (length <= 0 || this.#used + length > this.#maxBytes) return false;
    this.#makeRoom(this.#used + length);
    const last = this.#windows.at(-1);
    if (last !== undefined && last.end === start) last.end = end;
    else this.#windows.push({ start, end, at: this.#used });
    // Bytes that never come (the file is cut) read as zeros, not as those of the file before.
    this.#arena.fill(0, this.#used, this.#used + length);
    this.#used += length;
    return true;
  }

  /** Takes a piece of the file that begins at `position`. */
  write(position: number, piece: Uint8Array): void {
    const pieceEnd = position + piece.length;
    for (const { start, end, at } of this.#windows) {
      if (start >= pieceEnd || end <= position) continue;
      const from = Math.max(start, position);
      this.#arena.set(piece.subarray(from - position, Math.min(end, pieceEnd) - position), at + from - start);
    }
  }

  /** `length` bytes at `offset`, or `undefined` unless all of them were kept. */
  slice(offset: number, length: number): Buffer | undefined {
    const available = this.upTo(offset, length);
    return available.length === length ? available : undefined;
  }

  /** At most `length` bytes at `offset`: as many as were kept without a gap. */
  upTo(offset: number, length: number): Buffer {
    const window = this.#windows.find(({ start, end }) => start <= offset && offset < end);
    if (window === undefined || !(length > 0)) return Buffer.alloc(0);
    const at = window.at + offset - window.start;
    return this.#arena.subarray(at, Math.min(at + length, window.at + window.end - window.start));
  }

  /** The text at `offset` up to its NUL; `undefined` when it is not kept or longer than `maxLength`. */
  text(offset: number, maxLength = 4096): string | undefined {
    const bytes = this.upTo(offset, maxLength);
    const end = bytes.indexOf(0);
    return end === -1 ? undefined : bytes.toString("utf8", 0, end);
  }

  #makeRoom(length: number): void {
    if (length <= this.#arena.length) return;
    const larger = Buffer.alloc(Math.min(this.#maxBytes, Math.max(length, this.#arena.length * 2)));
    this.#arena.copy(larger, 0, 0, this.#used);
    this.#arena = larger;
  }
}
