import { setImmediate as nextTurn } from "node:timers/promises";
import type { OutputSink } from "./containerizer.ts";

const headSize = 8;

/**
 * Reads a connection with the engine's multiplexed output to its end; how fast is the sink's to say. Only one piece in a turn of the event loop: a connection that always has more would leave the others
 * waiting otherwise, and with them the lines of other jobs.
 *
 * @returns whether it ended with a whole frame
 */
export async function readOutput(pieces: AsyncIterable<Uint8Array>, sink: OutputSink): Promise<boolean> {
  const frames = new OutputFrames(sink);
  for await (const piece of pieces) {
    await frames.write(piece);
    await nextTurn();
  }
  return frames.isWhole;
}

/**
 * Takes the engine's multiplexed output apart: frames of an eight-byte head (stream, three zeros, length in big endian) and content (Docker Engine API, "Attach to a
 * container"). Content is handed on as it comes, so that a frame of any size needs no memory; frames of one stream that come together go together, because engines make one
 * of every line.
 */
export class OutputFrames {
  readonly #sink: OutputSink;
  readonly #head = new Uint8Array(headSize);
  #headFilled = 0;
  #left = 0;
  #stream: "stdout" | "stderr" = "stdout";

  constructor(sink: OutputSink) {
    this.#sink = sink;
  }

  /** Whether what came ends with a whole frame. */
  get isWhole(): boolean {
    return this.#left === 0 && this.#headFilled === 0;
  }

  /** Hands on what a piece of the connection holds; resolves when the sink is ready for more. The piece is used up: its contents are moved together in it. */
  async write(piece: Uint8Array): Promise<void> {
    // Contents of one stream that are not handed on yet.
    const gathered = { stream: this.#stream, start: 0, end: 0 };
    for (let at = 0; at < piece.length;) {
      if (this.#left === 0) {
        at = this.#readHead(piece, at);
        continue;
      }
      if (gathered.end > gathered.start && gathered.stream !== this.#stream) {
        await this.#sink(gathered.stream, piece.subarray(gathered.start, gathered.end));
        gathered.end = gathered.start;
      }
      if (gathered.end === gathered.start) Object.assign(gathered, { stream: this.#stream, start: at, end: at });
      const length = Math.min(this.#left, piece.length - at);
      if (gathered.end < at) piece.copyWithin(gathered.end, at, at + length);
      gathered.end += length;
      this.#left -= length;
      at += length;
    }
    if (gathered.end > gathered.start) await this.#sink(gathered.stream, piece.subarray(gathered.start, gathered.end));
  }

  /** Reads as much of a head as is there; returns where it ends. */
  #readHead(piece: Uint8Array, from: number): number {
    let at = from;
    while (this.#headFilled < headSize && at < piece.length) this.#head[this.#headFilled++] = piece[at++] ?? 0;
    if (this.#headFilled < headSize) return at;
    const [stream, , , , a = 0, b = 0, c = 0, d = 0] = this.#head;
    this.#headFilled = 0;
    this.#stream = stream === 2 ? "stderr" : "stdout";
    this.#left = a * 2 ** 24 + (b << 16) + (c << 8) + d;
    return at;
  }
}
