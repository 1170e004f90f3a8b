import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { RunEvent, RunEventBody } from "./run-event.ts";

/** Characters that wait for the disk before the one who appends waits too. */
const maxWaiting = 8 * 1024 ** 2;

/** Where the lines of a stream are kept. */
export interface LineSink {
  /** Keeps whole lines; they are kept when it resolves. Never called while another call is under way. */
  write(lines: string): Promise<void>;
  close(): Promise<void>;
}

/** Takes an event in. Who appends waits for the promise: a reader that is slow slows down what it reads of. */
export type EventListener = (event: RunEvent) => void | Promise<void>;

/**
 * The stream of events of one run, kept in a file with one JSON document a line; readers in the process get each event at once. A line goes to the file as soon as the one before
 * is there; those that come meanwhile go together. While the run goes on the file may end in the middle of a line: what has no line end is not there yet.
 */
export class EventLog {
  readonly #sink: LineSink;
  readonly #now: () => number;
  readonly #listeners: EventListener[] = [];
  #next = 0;
  #waiting: string[] = [];
  /** Characters that are not kept yet. */
  #size = 0;
  #writing: Promise<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  #failure: unknown;

  constructor(sink: LineSink, now: () => number) {
    this.#sink = sink;
    this.#now = now;
  }

  /** Opens a new log in a file. Throws what the file system says. */
  static async create(path: string, now: () => number): Promise<EventLog> {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, "wx");
    return new EventLog({ write: (lines) => file.appendFile(lines), close: () => file.close() }, now);
  }

  /** Calls a reader for every event from here on. */
  onEvent(listener: EventListener): void {
    this.#listeners.push(listener);
  }

  /** Appends one event; the promise waits for the disk and for readers that are behind. Throws what the disk said: a run whose log is lost is no run. */
  append(body: RunEventBody): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const event: RunEvent = { index: this.#next++, at: this.#now(), ...body };
    const line = `${JSON.stringify(event)}\n`;
    this.#waiting.push(line);
    this.#size += line.length;
    this.#writing ??= this.#write();
    const behind = this.#listeners.map((listener) => listener(event)).filter((one) => one !== undefined);
    if (this.#size > maxWaiting) behind.push((this.#room ??= Promise.withResolvers()).promise);
    return behind.length === 0 ? undefined : Promise.all(behind).then(() => undefined);
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
        if (this.#size <= maxWaiting) this.#leave();
      }
    } catch (error) {
      this.#failure = error;
      this.#leave();
    }
    this.#writing = undefined;
  }

  /** Lets those go on that wait for the disk. */
  #leave(): void {
    if (this.#failure === undefined) this.#room?.resolve();
    else this.#room?.reject(this.#failure);
    this.#room = undefined;
  }
}
