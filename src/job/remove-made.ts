import type { AttemptPlace } from "./attempt-place.ts";
import type { Removable } from "./containerizer/containerizer.ts";

/** Milliseconds that an engine has for what nobody may interrupt: to make something and to remove it. */
export const patience = 60_000;

/** What of a job is needed to make and remove things in the engine. */
export type Maker = Pick<AttemptPlace, "containerizer" | "clock" | "emit" | "job">;

/**
 * Makes something in the engine that has to be removed later. A cancel does not interrupt it: whether the engine made what it was asked for is known only from its answer. When there
 * is none, what has the name is removed.
 *
 * @throws what the engine says
 */
export async function make(
  { containerizer, clock }: Pick<Maker, "containerizer" | "clock">,
  { kind, name }: { readonly kind: "container" | "network"; readonly name: string },
  ask: (signal: AbortSignal) => Promise<string>,
): Promise<string> {
  try {
    return await ask(clock.timeout(patience));
  } catch (error) {
    await containerizer.remove({ kind, id: name }, clock.timeout(patience)).catch(() => undefined);
    throw error;
  }
}

/** Removes something of a job. What the engine keeps all the same changes no result: it is told, and a later start removes it. */
export async function removeMade({ containerizer, clock, emit, job }: Maker, what: Removable): Promise<void> {
  try {
    await containerizer.remove(what, clock.timeout(patience));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    await emit({ type: "note", job: job.id, text: `A ${what.kind} was not removed, the next run does it: ${why}` });
  }
}
