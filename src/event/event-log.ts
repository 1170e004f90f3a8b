import type { RunEvent, RunEventBody } from "./run-event.ts";
import type { EventFile } from "./event-file.ts";

/** The stream of events of one run: kept in files, and given to readers in the process at once. */
export class EventLog {
  readonly #files: readonly EventFile[];
  readonly #now: () => number;
  readonly #listeners: ((event: RunEvent) => void)[] = [];
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
  onEvent(listener: (event: RunEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Appends one event; the promise waits when the disk is behind. Throws what the disk said: a run whose log is lost is no run. */
  append(body: RunEventBody): void | Promise<void> {
    const event: RunEvent = { index: this.#next++, at: this.#now(), ...body };
    for (const listener of this.#listeners) listener(event);
    const waits = this.#files.map((file) => file.append(event)).filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined);
  }

  /** Writes what waits, and closes the files. */
  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }
}
