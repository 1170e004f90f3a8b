import type { Engine, EngineInfo } from "../engine/engine.ts";
import { ArchwayError } from "../error/error.ts";

/** An engine that was asked and did not answer, or refused. */
export interface SilentEngine {
  readonly name: string;
  readonly endpoint: string;
  /** One line. */
  readonly reason: string;
}

/** What came of asking several engines. */
export interface ProbedEngines {
  readonly engines: readonly EngineInfo[];
  readonly unreachable: readonly SilentEngine[];
}

/**
 * Asks engines what they are, all at once. One that does not answer within `limit` milliseconds is no error: it is listed with the reason.
 * Throws what `signal` is aborted with, and anything that is no `ArchwayError`.
 */
export async function probeEngines(
  engines: readonly Engine[],
  limit: number,
  signal: AbortSignal,
): Promise<ProbedEngines> {
  const bound = AbortSignal.any([signal, AbortSignal.timeout(limit)]);
  const answers = await Promise.all(
    engines.map(async (engine) => {
      try {
        return await engine.probe(bound);
      } catch (error) {
        signal.throwIfAborted();
        const { name, endpoint } = engine;
        if (bound.aborted) return { name, endpoint, reason: `no answer within ${limit / 1000} s` };
        if (!(error instanceof ArchwayError)) throw error;
        return { name, endpoint, reason: error.message.split("\n")[0] ?? "" };
      }
    }),
  );
  return {
    engines: answers.filter((answer) => "platforms" in answer),
    unreachable: answers.filter((answer) => "reason" in answer),
  };
}
