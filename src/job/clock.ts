import { setTimeout as wait } from "node:timers/promises";

/** Time as jobs know it: the machine's, or a test's. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Waits so many milliseconds. Throws the signal's reason when that is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** A signal that is aborted after so many milliseconds. Holds no process. */
  timeout(milliseconds: number): AbortSignal;
}

/** The longest time that a timer of Node can have: 24 days. */
const longest = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    signal?.throwIfAborted();
    try {
      await wait(Math.min(milliseconds, longest), undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
  timeout: (milliseconds) => AbortSignal.timeout(Math.min(Math.ceil(milliseconds), longest)),
};

/** Whether something ends, well or not, within so many milliseconds. Leaves no timer behind. */
export async function endsWithin(clock: Clock, milliseconds: number, what: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  const ended = what.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([ended, clock.sleep(milliseconds, over.signal).then(() => false)]);
  } finally {
    over.abort();
  }
}
