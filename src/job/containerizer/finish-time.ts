/** Times of a container by its engine's clock, as the Engine API writes them. */
export interface EngineTimes {
  readonly StartedAt: string;
  readonly FinishedAt: string;
}

/** A moment that is known to lie between two, milliseconds since the epoch by this machine's clock; both are NaN when nothing is known. */
export interface Between {
  readonly earliest: number;
  readonly latest: number;
}

/**
 * When a container ended. Its start happened while we waited for the answer to it, which tells how far the engine's clock is off; one that agrees with ours within that time is taken for right.
 *
 * @param start our clock when it was asked to start, and when it had
 */
export function finishTime({ StartedAt, FinishedAt }: EngineTimes, start: Between): Between {
  const started = Date.parse(StartedAt);
  const finished = Date.parse(FinishedAt);
  const isRight = started >= start.earliest && started <= start.latest;
  if (isRight) return { earliest: finished, latest: finished };
  return { earliest: finished - started + start.earliest, latest: finished - started + start.latest };
}
