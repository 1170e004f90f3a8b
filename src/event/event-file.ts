import { open } from "node:fs/promises";

/** Characters that wait for the disk before the one who appends waits too: what is behind them waits for all of them, also when the disk is slow. */
const maxWaiting = 256 * 1024;
/** Bytes of one write, unless one line alone has more. */
const writeSize = 256 * 1024;

/** Where lines are kept. */
export interface LineSink {
  /** Keeps whole lines; they are kept when it resolves, and the bytes are used again. Never called while another call is under way. */
  write(lines: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * A file with one event a line. A line goes to the file as soon as the one before is there; those that come meanwhile go together. While a run goes on the file may
 * end in the middle of a line: what has no line end is not there yet.
 */
export class EventFile {
  readonly #sink: LineSink;
  /** Filled for each write: a buffer of its own for each of them would be most of the memory of a run whose steps write much. */
  readonly #buffer = Buffer.alloc(writeSize);
  #waiting: string[] = [];
  /** Characters that are not kept yet. */
  #size = 0;
  #writing: Promise<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  #failure: unknown;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  /**
   * Opens a file: a new one with `wx`, one that may be there with `w`. Throws what the file system says.
   */
  static async open(path: string, flags: "wx" | "w"): Promise<EventFile> {
    const file = await open(path, flags);
    return new EventFile({ write: (lines) => file.appendFile(lines), close: () => file.close() });
  }

  /** Writes a line, its end included, soon; the promise waits when the disk is behind. Throws what the disk said. */
  append(line: string): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#waiting.push(line);
    this.#size += line.length;
    this.#writing ??= this.#write();
    return this.#size > maxWaiting ? (this.#room ??= Promise.withResolvers()).promise : undefined;
  }

  /** Writes what waits, and closes the file. Throws what the disk said. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#sink.close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #write(): Promise<void> {
    // Events of one moment go together.
    await Promise.resolve();
    try {
      while (this.#waiting.length > 0) {
        const lines = this.#waiting;
        this.#waiting = [];
        for (let at = 0; at < lines.length;) {
          const { bytes, next } = this.#encode(lines, at);
          await this.#sink.write(bytes);
          for (; at < next; at++) this.#size -= lines[at]?.length ?? 0;
          if (this.#size > maxWaiting) continue;
          this.#room?.resolve();
          this.#room = undefined;
        }
      }
    } catch (error) {
      this.#failure = error;
      this.#room?.reject(error);
    }
    this.#writing = undefined;
  }

  /** The lines of the next write, and the first one behind it. */
  #encode(lines: readonly string[], from: number): { readonly bytes: Uint8Array; readonly next: number } {
    let next = from;
    let end = 0;
    for (; next < lines.length; next++) {
      const line = lines[next] ?? "";
      if (end + Buffer.byteLength(line) > writeSize) break;
      end += this.#buffer.write(line, end);
    }
    if (next > from) return { bytes: this.#buffer.subarray(0, end), next };
    return { bytes: Buffer.from(lines[from] ?? ""), next: from + 1 };
  }
}
