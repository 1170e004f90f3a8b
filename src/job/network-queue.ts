import { ArchwayError } from "../error/error.ts";
import type { Clock } from "./clock.ts";
import type { NetworkId } from "./containerizer/containerizer.ts";

/** Milliseconds between two tries: that somebody else's network has gone nobody tells. */
const pause = 2_000;

/** Milliseconds without a network of ours on an engine that has no addresses for one: nobody will give any back soon. */
const patience = 300_000;

/** What waits for a network: it is told why, and does the waiting. */
export type WhileWaiting = <Result>(reason: string, work: () => Promise<Result>) => Promise<Result>;

/**
 * The networks of jobs on one engine. A default Docker has about thirty ranges of addresses, and each job needs one: who finds none left waits in line until one comes free, the first to come first.
 */
export class NetworkQueue {
  readonly #engine: string;
  readonly #clock: Clock;
  /** Networks that jobs have and will give back. */
  #held = 0;
  #waiting = 0;
  /** Settled when all that are in line now have left it. */
  #line: Promise<void> = Promise.resolve();
  #given = Promise.withResolvers<void>();
  /** When a job had a network last, or the line began. */
  #hope = 0;

  /** @param engine what a person calls it */
  constructor(engine: string, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /**
   * Makes a network, as soon as the engine has addresses for it. Whoever gets one calls {@link give} when it is gone.
   *
   * @param make throws `NETWORKS_FULL` when the engine has none
   * @throws ArchwayError `NETWORKS_FULL` (kind `unreachable`) when none came free for minutes in which no job had a network; else what `make` throws, and the reason of the signal while it waits
   */
  async take(
    make: () => Promise<NetworkId>,
    { signal, whileWaiting }: { readonly signal: AbortSignal; readonly whileWaiting: WhileWaiting },
  ): Promise<NetworkId> {
    const reason = `for a network: ${this.#engine} has no free range of addresses for one`;
    const network = (await this.#tryFirst(make)) ?? (await whileWaiting(reason, () => this.#waitInLine(make, signal)));
    this.#held += 1;
    return network;
  }

  /** A network is gone, or stays for good. */
  give(): void {
    this.#held -= 1;
    this.#hope = this.#clock.now();
    this.#given.resolve();
    this.#given = Promise.withResolvers();
  }

  /** Not past those who wait. */
  async #tryFirst(make: () => Promise<NetworkId>): Promise<NetworkId | undefined> {
    if (this.#waiting > 0) return undefined;
    try {
      return await make();
    } catch (error) {
      if (isFull(error)) return undefined;
      throw error;
    }
  }

  async #waitInLine(make: () => Promise<NetworkId>, signal: AbortSignal): Promise<NetworkId> {
    const turn = Promise.withResolvers<void>();
    const before = this.#line;
    this.#line = before.then(() => turn.promise);
    if (this.#waiting === 0) this.#hope = this.#clock.now();
    this.#waiting += 1;
    try {
      await heard(before, signal);
      for (;;) {
        const given = this.#given.promise;
        try {
          return await make();
        } catch (error) {
          if (!isFull(error)) throw error;
          if (this.#held === 0 && this.#clock.now() - this.#hope >= patience) throw giveUp(error);
        }
        const over = new AbortController();
        const rest = this.#clock.sleep(pause, AbortSignal.any([signal, over.signal]));
        await Promise.race([given, rest]).finally(() => over.abort());
      }
    } finally {
      this.#waiting -= 1;
      turn.resolve();
    }
  }
}

/** What a promise comes to, unless the signal is aborted before. */
async function heard<Result>(what: Promise<Result>, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted();
  const gone = Promise.withResolvers<never>();
  const onAbort = () => gone.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([what, gone.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function isFull(error: unknown): error is ArchwayError {
  return error instanceof ArchwayError && error.code === "NETWORKS_FULL";
}

function giveUp({ code, kind, message, hint, cause }: ArchwayError): ArchwayError {
  const waited = `${message} None came free for ${patience / 60_000} minutes.`;
  return new ArchwayError({ code, kind, message: waited, ...(hint === undefined ? {} : { hint }), cause });
}
