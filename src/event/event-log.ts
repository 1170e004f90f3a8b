import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { RunEvent, RunEventBody } from "./run-event.ts";

/** Milliseconds from the first event that is not written to the next write: a reader of the file sees it that soon. */
const flushAfter = 40;
/** Characters that wait for the disk before the one who appends waits too. */
const maxWaiting = 8 * 1024 ** 2;

/** The stream of events of one run, kept in a file with one JSON document a line; readers in the process get each event at once. */
export class EventLog {
  readonly #file: WriteStream;
  readonly #now: () => number;
  readonly #listeners: ((event: RunEvent) => void)[] = [];
  #next = 0;
  #waiting: string[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #failure: unknown;

  private constructor(file: WriteStream, now: () => number) {
    this.#file = file;
    this.#now = now;
    file.on("error", (error) => (this.#failure ??= error));
  }

  /** Opens a new log. Throws what the file system says. */
  static async create(path: string, now: () => number): Promise<EventLog> {
    await mkdir(dirname(path), { recursive: true });
    const file = createWriteStream(path, { flags: "wx" });
    await once(file, "open");
    return new EventLog(file, now);
  }

  /** Calls a reader for every event from here on. */
  onEvent(listener: (event: RunEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Appends one event; the promise waits when the disk is behind. Throws what the disk said: a run whose log is lost is no run. */
  append(body: RunEventBody): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const event: RunEvent = { index: this.#next++, at: this.#now(), ...body };
    for (const listener of this.#listeners) listener(event);
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

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    this.#flush();
    await new Promise<void>((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure);
      else this.#file.end(resolve);
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
