import type { Clock } from "../job/clock.ts";

/** The time that a job has, which can stand still. */
export class JobLimit {
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #reason: Error;
  /** Milliseconds that were left when it went on last. */
  #left: number;
  #since = 0;
  /** Of the timer that counts: those before it stood still in between. */
  #timer: AbortSignal | undefined;

  /**
   * Begins to count.
   *
   * @param milliseconds that there are; `Infinity` for as many as one likes
   * @param reason what the signal is aborted with
   */
  constructor(clock: Clock, milliseconds: number, reason: Error) {
    this.#clock = clock;
    this.#left = milliseconds;
    this.#reason = reason;
    this.#goOn();
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Does something that does not count. */
  async pause<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#timer = undefined;
    this.#left -= this.#clock.now() - this.#since;
    try {
      return await work();
    } finally {
      this.#goOn();
    }
  }

  #goOn(): void {
    this.#since = this.#clock.now();
    if (this.#left === Infinity) return;
    const timer = this.#clock.timeout(Math.max(0, this.#left));
    this.#timer = timer;
    const end = () => {
      if (this.#timer === timer) this.#over.abort(this.#reason);
    };
    timer.addEventListener("abort", end, { once: true });
  }
}
