import type { ContainerSpec } from "../containerizer/containerizer.ts";
import { type Maker, removeMade } from "../remove-made.ts";

/** A container that has ended and is still there. */
export interface HeldContainer {
  readonly id: string;
  readonly spec: ContainerSpec;
}

/** The containers of an attempt's steps that may have to be kept: of each step the last one, until it is known whether the job fails of it. */
export class HeldContainers {
  readonly #maker: Maker;
  readonly #held = new Map<string, HeldContainer>();

  constructor(maker: Maker) {
    this.#maker = maker;
  }

  /** Takes a container that has ended instead of its removal; an earlier one of the same step goes. */
  async take(container: HeldContainer): Promise<void> {
    const step = container.spec.labels.step ?? "";
    const before = this.#held.get(step);
    this.#held.set(step, container);
    if (before !== undefined) await this.#remove(before);
  }

  /** The container of a step, which from now on is somebody else's to remove. */
  give(step: string): HeldContainer | undefined {
    const held = this.#held.get(step);
    this.#held.delete(step);
    return held;
  }

  /** Removes what nobody wanted. */
  async release(): Promise<void> {
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const one of held) await this.#remove(one);
  }

  #remove({ id }: HeldContainer): Promise<void> {
    return removeMade(this.#maker, { kind: "container", id });
  }
}
