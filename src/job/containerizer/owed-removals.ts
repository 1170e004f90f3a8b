import type { Removable } from "./containerizer.ts";

/** Networks and volumes go after the containers that have them. */
const order: readonly Removable["kind"][] = ["container", "network", "volume", "image"];

/** What an engine could not remove when it was asked, since it had gone or something was in the way: it is tried again when the engine is back, and at the end. What stays then a later start removes. */
export class OwedRemovals {
  readonly #owed = new Map<string, Removable>();

  /** Takes note of what a removal came to. Throws what it throws. */
  async note(what: Removable, removal: Promise<void>): Promise<void> {
    const key = `${what.kind} ${what.id}`;
    try {
      await removal;
      this.#owed.delete(key);
    } catch (error) {
      this.#owed.set(key, what);
      throw error;
    }
  }

  /** Tries again what is left, one after the other. Nobody is told what stays. */
  async retry(remove: (what: Removable) => Promise<void>): Promise<void> {
    const owed = [...this.#owed.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
    for (const what of owed) await remove(what).catch(() => undefined);
  }
}
