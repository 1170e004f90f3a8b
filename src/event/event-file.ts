import { open } from "node:fs/promises";
import type { RunEvent } from "./run-event.ts";

/** Characters that wait for the disk before the one who appends waits too. */
const maxWaiting = 1024 ** 2;

/** Where lines are kept. */
export interface LineSink {
  /** Keeps whole lines; they are kept when it resolves. Never called while another call is under way. */
  write(lines: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * A file with one event a line, as JSON. A line goes to the file as soon as the one before is there; those that come meanwhile go together. While a run goes on the file may
 * end in the middle of a line: what has no line end is not there yet.
 */
export class EventFile {
  readonly #sink: LineSink;
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

  /** Writes an event soon; the promise waits when the disk is behind. Throws what the disk said. */
  append(event: RunEvent): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const line = `${JSON.stringify(event)}\n`;
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
        const lines = this.#waiting.join("");
        this.#waiting = [];
        await this.#sink.write(lines);
        this.#size -= lines.length;
        if (this.#size > maxWaiting) continue;
        this.#room?.resolve();
        this.#room = undefined;
      }
    } catch (error) {
      this.#failure = error;
      this.#room?.reject(error);
    }
    this.#writing = undefined;
  }
}
