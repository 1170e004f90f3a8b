import { statfs } from "node:fs/promises";
import type { AttemptPlace } from "./attempt-place.ts";

/** What a file system tells of its room. */
export interface Room {
  /** Bytes of a block. */
  readonly bsize: number;
  readonly blocks: number;
  /** Blocks that users may still have. */
  readonly bavail: number;
  /** Files that there can be; 0 where they are not counted. */
  readonly files: number;
  readonly ffree: number;
}

/** A program that finds no room seldom fills the last byte: what is less than this, and than a fiftieth of the disk, is none. */
const rest = 32 * 1024 ** 2;

/** Whether nothing more can be written to a file system. */
export function isFull({ bsize, blocks, bavail, files, ffree }: Room): boolean {
  return bavail * bsize < Math.min(rest, (blocks * bsize) / 50) || (files > 0 && ffree === 0);
}

/**
 * Whether a disk that the containers of a job write to is full: that of its workspace, or of the engine. Undefined when none is known to be and not all can be asked, since the engine is on another machine.
 */
export async function askDisks({
  folder,
  containerizer,
  clock,
}: Pick<AttemptPlace, "folder" | "containerizer" | "clock">): Promise<"full" | "room" | undefined> {
  const engine = await containerizer.dataFolder?.(clock.timeout(5_000)).catch(() => undefined);
  const paths = [folder.disk, engine];
  const ask = async (path: string | undefined) =>
    path === undefined ? undefined : statfs(path).then(isFull, () => undefined);
  const full = await Promise.all(paths.map(ask));
  if (full.includes(true)) return "full";
  return full.includes(undefined) ? undefined : "room";
}
