import type { OutputSink } from "./containerizer.ts";

/**
 * Takes the engine's multiplexed output apart: frames of an eight-byte head (stream, three zeros, length in big endian) and content (Docker Engine API, "Attach to a
 * container"). Content is handed on as it comes, so that a frame of any size needs no memory; frames of one stream that come together go together, because engines make one
 * of every line.
 */
export class OutputFrames {
  readonly #sink: OutputSink;
  readonly #head = new Uint8Array(8);
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

  /** Hands on what a piece of the connection holds; resolves when the sink is ready for more. */
  async write(piece: Uint8Array): Promise<void> {
    let stream = this.#stream;
    let contents: Uint8Array[] = [];
    for (let at = 0; at < piece.length;) {
      if (this.#left === 0) {
        const wanted = Math.min(8 - this.#headFilled, piece.length - at);
        this.#head.set(piece.subarray(at, at + wanted), this.#headFilled);
        this.#headFilled += wanted;
        at += wanted;
        if (this.#headFilled < 8) break;
        this.#headFilled = 0;
        this.#stream = this.#head[0] === 2 ? "stderr" : "stdout";
        this.#left = new DataView(this.#head.buffer).getUint32(4);
        continue;
      }
      if (stream !== this.#stream) {
        await this.#hand(stream, contents);
        contents = [];
        stream = this.#stream;
      }
      const content = piece.subarray(at, at + this.#left);
      contents.push(content);
      at += content.length;
      this.#left -= content.length;
    }
    await this.#hand(stream, contents);
  }

  async #hand(stream: "stdout" | "stderr", contents: readonly Uint8Array[]): Promise<void> {
    const [first] = contents;
    if (first !== undefined) await this.#sink(stream, contents.length === 1 ? first : Buffer.concat(contents));
  }
}
