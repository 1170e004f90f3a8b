import { ArchwayError } from "../error/error.ts";
import type { AttemptPlace } from "./attempt-place.ts";
import type { Removable } from "./containerizer/containerizer.ts";

/** Milliseconds that an engine has for what nobody may interrupt: to make something and to remove it. */
export const patience = 60_000;

/** Milliseconds that an engine has which nobody waits to get rid of: with a hundred containers to start at a time, the last one takes minutes. */
const long = 600_000;

/** What of a job is needed to make and remove things in the engine. */
export type Maker = Pick<AttemptPlace, "containerizer" | "clock" | "emit" | "job"> &
  Partial<Pick<AttemptPlace, "late">>;

/**
 * Lets an engine do what a cancel does not interrupt. It has ten minutes for it, but only one after a cancel, and where nobody can tell of one (`late` is absent).
 *
 * @param what it does: `start a container`
 * @throws ArchwayError `ENGINE_STUCK` (kind `unreachable`) when the time is over; what `ask` throws
 */
export async function unhurried<Answer>(
  { containerizer, clock, late }: Pick<Maker, "containerizer" | "clock" | "late">,
  what: string,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const isPressed = late === undefined || late.aborted;
  const limit = isPressed ? clock.timeout(patience) : AbortSignal.any([clock.timeout(long), late]);
  try {
    return await ask(limit);
  } catch (error) {
    if (!limit.aborted) throw error;
    throw new ArchwayError({
      code: "ENGINE_STUCK",
      kind: "unreachable",
      message: `${containerizer.name} did not ${what} in time.`,
      hint: "It may have too much to do: --jobs lets fewer jobs run at a time. Its own log tells more.",
      cause: error,
    });
  }
}

/**
 * Makes something in the engine that has to be removed later. A cancel does not interrupt it: whether the engine made what it was asked for is known only from its answer. When there
 * is none, what has the name is removed.
 *
 * @throws what the engine says
 */
export async function make(
  maker: Pick<Maker, "containerizer" | "clock" | "late">,
  { kind, name }: { readonly kind: "container" | "network"; readonly name: string },
  ask: (signal: AbortSignal) => Promise<string>,
): Promise<string> {
  try {
    return await unhurried(maker, `make a ${kind}`, ask);
  } catch (error) {
    const { containerizer, clock } = maker;
    await containerizer.remove({ kind, id: name }, clock.timeout(patience)).catch(() => undefined);
    throw error;
  }
}

/** Removes something of a job. What the engine keeps all the same changes no result: it is told, and a later start removes it. */
export async function removeMade(maker: Maker, what: Removable): Promise<void> {
  const { containerizer, emit, job } = maker;
  try {
    await unhurried(maker, `remove a ${what.kind}`, (limit) => containerizer.remove(what, limit));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    await emit({ type: "note", job: job.id, text: `A ${what.kind} was not removed, the next run does it: ${why}` });
  }
}
