import type { BigIntStats } from "node:fs";

/** Nanoseconds in which a file could change twice and look the same: clocks of file systems are coarse. */
const granularity = 2_000_000_000n;

/** What a copy has in common with its original: size, time and mode. */
export function contentMark({ size, mtimeNs, mode }: BigIntStats): string {
  return `${size} ${mtimeNs} ${mode}`;
}

/**
 * What tells this state of a file from every other one, {@link contentMark} first: the time of the last change of any kind cannot be set back. Undefined when the file changed so lately that it may
 * change again unseen.
 *
 * @param now milliseconds since the epoch, not after the file was looked at
 */
export function fileMark(found: BigIntStats, now: number): string | undefined {
  const { dev, ino, ctimeNs, mtimeNs } = found;
  const limit = BigInt(Math.floor(now)) * 1_000_000n - granularity;
  if (ctimeNs > limit || mtimeNs > limit) return undefined;
  return `${contentMark(found)} ${dev} ${ino} ${ctimeNs}`;
}
