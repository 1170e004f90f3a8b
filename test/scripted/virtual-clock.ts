import type { Clock } from "../../src/job/clock.ts";

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** Time that passes only when nothing else happens: an hour of waiting takes no time, and the same things always happen in the same order. */
export class VirtualClock implements Clock {
  #now = 0;
  #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const stop = this.after(milliseconds, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      const onAbort = () => {
        stop();
        reject(signal?.reason);
      };
      return signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  timeout(milliseconds: number): AbortSignal {
    const over = new AbortController();
    this.after(milliseconds, () => over.abort(new DOMException("It took too long", "TimeoutError")));
    return over.signal;
  }

  /** Does something later; gives what keeps it from being done. */
  after(milliseconds: number, fire: () => void): () => void {
    const timer = { at: this.#now + milliseconds, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Lets time pass until a piece of work has ended. Throws when it waits for something that will never happen. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    const progress = { isOver: false };
    const end = () => (progress.isOver = true);
    work.then(end, end);
    for (;;) {
      // What is left to do without waiting, in the code and in Node's own streams.
      for (let turn = 0; turn < 3 && !progress.isOver; turn++) await new Promise(setImmediate);
      if (progress.isOver) return work;
      const next = this.#timers.reduce<Timer | undefined>(
        (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
        undefined,
      );
      if (next === undefined) throw new Error(`nothing happens any more, ${this.#now} ms after the start`);
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#now = next.at;
      next.fire();
    }
  }
}
