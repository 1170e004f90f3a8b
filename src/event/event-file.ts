import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import type { RunEvent } from "./run-event.ts";

/** Milliseconds from the first event that is not written to the next write: a reader of the file sees it that soon. */
const flushAfter = 40;
/** Characters that wait for the disk before the one who appends waits too. */
const maxWaiting = 8 * 1024 ** 2;

/** A file with one event a line, as JSON. */
export class EventFile {
  readonly #file: WriteStream;
  #waiting: string[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #failure: unknown;

  private constructor(file: WriteStream) {
    this.#file = file;
    file.on("error", (error) => (this.#failure ??= error));
  }

  /**
   * Opens a file: a new one with `wx`, one that may be there with `w`. Throws what the file system says.
   */
  static async open(path: string, flags: "wx" | "w"): Promise<EventFile> {
    const file = createWriteStream(path, { flags });
    await once(file, "open");
    return new EventFile(file);
  }

  /** Writes an event soon; the promise waits when the disk is behind. Throws what the disk said. */
  append(event: RunEvent): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const line = `${JSON.stringify(event)}\n`;
    this.#waiting.push(line);
    this.#size += line.length;
    this.#timer ??= setTimeout(() => this.#flush(), flushAfter);
    if (this.#size > maxWaiting) {
      this.#flush();
      if (this.#file.writableNeedDrain) return once(this.#file, "drain").then(() => undefined);
    }
    return undefined;
  }

  /** Writes what waits, and closes the file. Throws what the disk said. */
  async close(): Promise<void> {
    this.#flush();
    await new Promise<void>((resolve, reject) => {
      if (this.#failure === undefined) this.#file.once("error", reject).end(resolve);
      else reject(this.#failure);
    });
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    this.#file.write(this.#waiting.join(""));
    this.#waiting = [];
    this.#size = 0;
  }
}
