import type { Agent, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { PieceRing } from "./piece-ring.ts";

/** Bytes of the buffer in which heads and small answers arrive. */
const headSize = 64 * 1024;

/** Shortest body that is read past `node:http`, bytes: it costs the connection, which cannot be used again. */
const directFrom = 512 * 1024;

/**
 * Reads what comes over one connection into memory of its own, by `onread` of `node:net`. All goes on to `node:http` as usual, until a large body is
 * taken over: that would otherwise come in a new buffer every 64 KiB, or 16 KiB with TLS, each copied and handed through two streams.
 */
export class SocketReader {
  /** For `net.connect` and `tls.connect`. */
  readonly onread = {
    buffer: (): Uint8Array => this.#body?.ring.room ?? this.#head,
    callback: (length: number, buffer: Uint8Array): boolean => this.#read(buffer.subarray(0, length)),
  };
  readonly #head = Buffer.allocUnsafeSlow(headSize);
  #socket: Duplex | undefined;
  #body: DirectBody | undefined;
  /** True while `node:http` is being given what has been read: what it has not seen yet it has not buffered either. */
  #isPassing = false;

  /** Names the connection whose bytes these are; before anything is read. */
  attach(socket: Duplex): void {
    this.#socket = socket;
  }

  /**
   * The body of an answer, read past `node:http`. To be called while the answer's head is announced. Undefined when that is not possible: the body is
   * short, or of unknown length.
   */
  takeOver(incoming: IncomingMessage): DirectBody | undefined {
    const length = Number(incoming.headers["content-length"]);
    const isContent = incoming.statusCode === 200 || incoming.statusCode === 206;
    if (!isContent || !this.#isPassing || !(length >= directFrom)) return undefined;
    this.#body = new DirectBody(incoming, length);
    return this.#body;
  }

  #read(bytes: Uint8Array): boolean {
    return this.#body?.add(bytes) ?? this.#pass(bytes);
  }

  #pass(bytes: Uint8Array): boolean {
    this.#isPassing = true;
    const takesMore = this.#socket?.push(Buffer.from(bytes)) ?? false;
    this.#isPassing = false;
    return this.#body?.begin() ?? takesMore;
  }
}

/** A body whose pieces lie in memory that is used again: a piece is valid until the next one is asked for. It can be read once. */
export class DirectBody implements AsyncIterable<Uint8Array> {
  readonly ring = new PieceRing();
  readonly #incoming: IncomingMessage;
  /** Bytes that have not arrived. */
  #missing: number;
  #failure: Error | undefined;
  #isPaused = false;
  #wake = (): void => undefined;

  constructor(incoming: IncomingMessage, length: number) {
    this.#incoming = incoming;
    this.#missing = length;
    incoming.once("error", (error) => this.#fail(error));
    incoming.once("close", () => this.#fail(new CutError("the connection was closed within an answer")));
  }

  /** Takes what `node:http` has read of the body already. */
  begin(): boolean {
    for (;;) {
      const early: unknown = this.#incoming.read();
      if (!(early instanceof Uint8Array)) break;
      this.ring.room.set(early);
      this.add(early);
    }
    // Node pauses a connection whose answer nobody reads.
    this.#incoming.socket.resume();
    return true;
  }

  /** Takes bytes that lie at the ring's room. Returns whether there is room for more. */
  add({ length }: Uint8Array): boolean {
    if (!this.ring.hasRoom) {
      this.#fail(new RangeError("a connection that was paused went on"));
      return false;
    }
    this.ring.wrote(Math.min(length, this.#missing));
    this.#missing -= Math.min(length, this.#missing);
    this.#isPaused = this.ring.isFull || this.#missing === 0;
    this.#wake();
    return !this.#isPaused;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) {
        const piece = this.ring.take();
        if (this.#isPaused && this.#missing > 0 && !this.ring.isFull) {
          this.#isPaused = false;
          this.#incoming.socket.resume();
        }
        if (piece !== undefined) yield piece;
        else if (this.#missing === 0) return;
        else if (this.#failure !== undefined) throw this.#failure;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#incoming.destroy();
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}

/** A connection that ended too early. */
class CutError extends Error {
  override readonly name = "CutError";
  readonly code = "ECONNRESET";
}

/** The readers of all connections of some agents. */
export class SocketReaders {
  readonly #readers = new WeakMap<Duplex, SocketReader>();

  of(socket: Duplex): SocketReader | undefined {
    return this.#readers.get(socket);
  }

  /** Gives every connection that the agent will open a reader. */
  follow<Followed extends Agent>(agent: Followed): Followed {
    const open = agent.createConnection.bind(agent);
    agent.createConnection = (options, callback) => {
      const reader = new SocketReader();
      const attach = (socket: Duplex | null | undefined) => {
        if (!socket) return;
        reader.attach(socket);
        this.#readers.set(socket, reader);
      };
      const reading = { ...options, onread: reader.onread };
      const socket = open(reading, (error, opened) => {
        attach(opened);
        callback?.(error, opened);
      });
      attach(socket);
      return socket;
    };
    return agent;
  }
}
