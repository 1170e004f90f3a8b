import type { RunEvent, RunEventBody } from "./run-event.ts";
import type { EventFile } from "./event-file.ts";

/** Takes an event in. Who appends waits for the promise: a reader that is slow slows down what it reads of. */
type EventListener = (event: RunEvent) => void | Promise<void>;

/** The stream of events of one run: kept in files, and given to readers in the process at once. */
export class EventLog {
  readonly #files: readonly EventFile[];
  readonly #now: () => number;
  readonly #listeners: EventListener[] = [];
  #next = 0;

  /**
   * @param files where all events go; the log closes them
   * @param now milliseconds since the epoch
   */
  constructor(files: readonly EventFile[], now: () => number) {
    this.#files = files;
    this.#now = now;
  }

  /** Calls a reader for every event from here on. */
  onEvent(listener: EventListener): void {
    this.#listeners.push(listener);
  }

  /** Appends one event; the promise waits for disks and readers that are behind. Throws what the disk said: a run whose log is lost is no run. */
  append(body: RunEventBody): void | Promise<void> {
    const event: RunEvent = { index: this.#next++, at: this.#now(), ...body };
    const heard = this.#listeners.map((listener) => listener(event));
    const line = this.#files.length === 0 ? "" : `${JSON.stringify(event)}\n`;
    const kept = this.#files.map((file) => file.append(line));
    const waits = [...heard, ...kept].filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined);
  }

  /** Writes what waits, and closes the files. */
  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }
}
