/** Bytes of one piece of a log at most. */
const maxPiece = 64 * 1024;

/** A piece of output as an event carries it. */
export interface LogPiece {
  /** Bytes of the source before it. */
  readonly offset: number;
  readonly text?: string;
  readonly base64?: string;
}

/**
 * Cuts the bytes of one source into pieces for events: text where they are UTF-8, base64 where not. A sequence that is cut between two writes waits for its rest, of each
 * stream by itself.
 */
export class LogPieces {
  readonly #held = { stdout: new Uint8Array(), stderr: new Uint8Array() };
  #size = 0;

  /** Bytes of the pieces so far. */
  get size(): number {
    return this.#size;
  }

  /** The pieces of some bytes. */
  push(stream: "stdout" | "stderr", bytes: Uint8Array): readonly LogPiece[] {
    const all = this.#held[stream].length === 0 ? bytes : Buffer.concat([this.#held[stream], bytes]);
    const whole = all.length - cutSequence(all);
    this.#held[stream] = Uint8Array.from(all.subarray(whole));
    return this.#cut(all.subarray(0, whole));
  }

  /** What is held of a stream that has ended. */
  end(stream: "stdout" | "stderr"): readonly LogPiece[] {
    const rest = this.#held[stream];
    this.#held[stream] = new Uint8Array();
    return this.#cut(rest);
  }

  #cut(bytes: Uint8Array): readonly LogPiece[] {
    const pieces: LogPiece[] = [];
    for (let at = 0; at < bytes.length;) {
      let end = Math.min(at + maxPiece, bytes.length);
      if (end < bytes.length) end -= cutSequence(bytes.subarray(at, end));
      const piece = bytes.subarray(at, end);
      pieces.push({ offset: this.#size, ...encode(piece) });
      this.#size += piece.length;
      at = end;
    }
    return pieces;
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function encode(bytes: Uint8Array): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: strict.decode(bytes) };
  } catch {
    // Binary output: the only way to keep every byte in JSON.
    return { base64: Buffer.from(bytes).toString("base64") };
  }
}

/** Bytes at the end that begin a sequence of UTF-8 which is not whole. */
function cutSequence(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue;
    const length = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return byte < 0xf8 && length > back ? back : 0;
  }
  return 0;
}
