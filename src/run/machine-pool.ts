import {
  type BusyMachine,
  type JobSeconds,
  type Machine,
  placeJob,
  type PlacedJob,
  type Placement,
  type PlacePolicy,
  secondsOf,
} from "./place-job.ts";

/** A slot that a job has. */
export interface Slot {
  readonly placement: Placement;
  /** Gives it back; safe to repeat. */
  release(): void;
  /** Takes another one instead, wherever the job belongs now. Throws as {@link MachinePool.wait} does. */
  move(signal: AbortSignal, onWait: OnWait): Promise<void>;
}

/** A slot of the machine that the run itself is on, for jobs that are commands. */
export type OwnSlot = Pick<Slot, "release">;

/** Told why a job waits, when it begins to and whenever the reason changes. */
export type OnWait = (reason: string) => void | Promise<void>;

/** A job that has a slot, and when it began. */
interface Busy {
  readonly estimate: number | undefined;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** A job that waits: `take` says why, or has resolved its promise. */
interface Waiting {
  readonly take: () => string | undefined;
  readonly reject: (error: unknown) => void;
  readonly onWait: OnWait;
  reason?: string;
}

/** The machines of a run and what runs on them. Who waits longest is served first, on each machine. */
export class MachinePool {
  readonly #machines: readonly Machine[];
  readonly #own: { readonly name: string; readonly slots: number };
  readonly #policy: PlacePolicy;
  readonly #seconds: (job: PlacedJob) => JobSeconds;
  readonly #now: () => number;
  readonly #busy = new Map<string, Set<Busy>>();
  readonly #lost = new Map<string, string>();
  readonly #waiting = new Set<Waiting>();

  /**
   * @param parts.machines those that have an engine, the preferred first
   * @param parts.own the machine of the run itself, which may be among them
   * @param parts.seconds what is known of a job's earlier runs
   * @param parts.now milliseconds since the epoch
   */
  constructor(parts: {
    readonly machines: readonly Machine[];
    readonly own: { readonly name: string; readonly slots: number };
    readonly policy: PlacePolicy;
    readonly seconds: (job: PlacedJob) => JobSeconds;
    readonly now: () => number;
  }) {
    this.#machines = parts.machines;
    this.#own = parts.own;
    this.#policy = parts.policy;
    this.#seconds = parts.seconds;
    this.#now = parts.now;
  }

  /** Waits for a slot where a job belongs. Throws what {@link placeJob} throws, and the reason of the signal. */
  wait(job: PlacedJob, signal: AbortSignal, onWait: OnWait): Promise<Slot> {
    return this.#queue(signal, onWait, () => {
      const seconds = this.#seconds(job);
      const placed = placeJob(job, this.#state(), this.#policy, seconds);
      if ("waits" in placed) return placed.waits;
      const { placement } = placed;
      let current = { placement, release: this.#begin(placement.machine, secondsOf(placement.mode, seconds)) };
      return {
        get placement() {
          return current.placement;
        },
        release: () => current.release(),
        move: async (within: AbortSignal, tell: OnWait) => {
          current.release();
          current = await this.wait(job, within, tell);
        },
      };
    });
  }

  /** Waits for a slot of the machine of the run itself. Throws the reason of the signal. */
  waitHere(signal: AbortSignal, onWait: OnWait): Promise<OwnSlot> {
    const { name, slots } = this.#own;
    return this.#queue(signal, onWait, () => {
      const count = this.#busy.get(name)?.size ?? 0;
      if (count >= slots) return `for ${name}: ${count === 1 ? "1 job runs" : `${count} jobs run`} there`;
      return { release: this.#begin(name, undefined) };
    });
  }

  /** Takes a machine out: its engine does not answer any more. */
  lose(machine: string, why: string): void {
    if (this.#lost.has(machine)) return;
    this.#lost.set(machine, why);
    this.#serve();
  }

  /** Whether a machine was taken out. */
  isLost(machine: string): boolean {
    return this.#lost.has(machine);
  }

  #queue<One>(signal: AbortSignal, onWait: OnWait, take: () => One | string): Promise<One> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<One>();
    const waiting: Waiting = {
      take: () => {
        const taken = take();
        if (typeof taken === "string") return taken;
        resolve(taken);
        return undefined;
      },
      reject,
      onWait,
    };
    const giveUp = () => {
      this.#waiting.delete(waiting);
      reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    this.#waiting.add(waiting);
    this.#serve();
    return promise.finally(() => signal.removeEventListener("abort", giveUp));
  }

  #serve(): void {
    for (const waiting of this.#waiting) {
      let reason: string | undefined;
      try {
        reason = waiting.take();
      } catch (error) {
        this.#waiting.delete(waiting);
        waiting.reject(error);
        continue;
      }
      if (reason === undefined) this.#waiting.delete(waiting);
      else if (reason !== waiting.reason) {
        waiting.reason = reason;
        void Promise.resolve(waiting.onWait(reason)).catch(waiting.reject);
      }
    }
  }

  #begin(machine: string, estimate: number | undefined): () => void {
    const one: Busy = { estimate, since: this.#now() };
    const busy = this.#busy.get(machine) ?? new Set();
    this.#busy.set(machine, busy.add(one));
    return () => {
      if (busy.delete(one)) this.#serve();
    };
  }

  #state(): readonly BusyMachine[] {
    return this.#machines.map((machine) => {
      const running = [...(this.#busy.get(machine.name) ?? [])].map(({ estimate, since }) =>
        estimate === undefined ? undefined : Math.max(0, estimate - (this.#now() - since) / 1000),
      );
      const lost = this.#lost.get(machine.name);
      return { ...machine, running, ...(lost === undefined ? {} : { lost }) };
    });
  }
}
