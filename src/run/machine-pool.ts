import { chooseFree, type Choice, type Machine } from "./choose-machine.ts";

/** A job that waits for a slot. */
interface Waiter {
  readonly choices: readonly Choice[];
  readonly take: (choice: Choice) => void;
}

/** The slots of the machines; those who wait get them in the order in which they came. */
export class MachinePool {
  readonly #used = new Map<Machine, number>();
  readonly #waiting = new Set<Waiter>();

  /**
   * Takes a slot of one of the choices, waiting for it if need be. Throws the reason of the signal.
   *
   * @param onWait called when there is none at once
   */
  async take(choices: readonly Choice[], signal: AbortSignal, onWait: () => void | Promise<void>): Promise<Choice> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Choice>();
    let taken: Choice | undefined;
    const waiter = {
      choices,
      take: (choice: Choice) => {
        taken = choice;
        resolve(choice);
      },
    };
    this.#waiting.add(waiter);
    this.#serve();
    if (taken !== undefined) return taken;
    const giveUp = () => {
      if (this.#waiting.delete(waiter)) reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      const [choice] = await Promise.all([promise, onWait()]);
      return choice;
    } catch (error) {
      this.#waiting.delete(waiter);
      if (taken !== undefined) this.free(taken);
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** Gives a slot back. */
  free({ machine }: Choice): void {
    this.#used.set(machine, (this.#used.get(machine) ?? 0) - 1);
    this.#serve();
  }

  #serve(): void {
    const free = (machine: Machine) => machine.slots - (this.#used.get(machine) ?? 0);
    const before: Waiter[] = [];
    for (const waiter of this.#waiting) {
      const ahead = before.filter(({ choices }) => sharesNative(choices, waiter.choices)).length;
      const choice = chooseFree(waiter.choices, free, ahead);
      if (choice === undefined) before.push(waiter);
      else {
        this.#waiting.delete(waiter);
        this.#used.set(choice.machine, (this.#used.get(choice.machine) ?? 0) + 1);
        waiter.take(choice);
      }
    }
  }
}

function sharesNative(a: readonly Choice[], b: readonly Choice[]): boolean {
  return a.some(
    (one) => one.mode === "native" && b.some(({ mode, machine }) => mode === "native" && machine === one.machine),
  );
}
