import { dirname, relative } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Pack } from "tar-stream";
import type { Mount, PlacedFiles } from "./containerizer.ts";
import { getArchive, putArchive, tarOf } from "./engine-archive.ts";
import type { EngineHttp } from "./engine-http.ts";

/** What is to be put into a container, and where. */
interface Placed {
  readonly target: string;
  readonly source: PlacedFiles;
}

/**
 * Puts the files of a container into it before it starts: scripts and secrets for an engine that does not see this machine's files. They go with the container. One whose place is in a volume would
 * stay for the steps that follow.
 *
 * @returns puts back what was there before such files
 */
export async function placeFiles(
  engine: EngineHttp,
  container: string,
  mounts: readonly Mount[],
  signal: AbortSignal,
): Promise<((signal: AbortSignal) => Promise<void>) | undefined> {
  const placed = mounts.flatMap(({ target, source }): Placed[] =>
    typeof source === "object" && "files" in source ? [{ target, source }] : [],
  );
  if (placed.length === 0) return undefined;
  const volumes = mounts.flatMap(({ target, source }) =>
    typeof source === "object" && "volume" in source ? [target] : [],
  );
  const volumeOf = ({ target }: Placed) => volumes.find((volume) => target.startsWith(`${volume}/`));
  const before = await Promise.all(
    placed.flatMap((one) => {
      const volume = volumeOf(one);
      return volume === undefined ? [] : [read(engine, container, one.target, signal)];
    }),
  );
  // Podman does not look for volumes below the folder that it is given.
  for (const [folder, files] of Map.groupBy(placed, (one) => volumeOf(one) ?? "/"))
    await putArchive(
      engine,
      container,
      folder,
      tarOf((tar) => files.forEach((one) => add(tar, folder, one))),
      signal,
    );
  if (before.length === 0) return undefined;
  return async (within) => {
    for (const { target, tar } of before) {
      // A mount of a file leaves an empty one behind where none was.
      const old = tar ?? tarOf((empty) => void empty.entry({ name: target.split("/").at(-1) ?? "", mode: 0o644 }, ""));
      const content = old instanceof Uint8Array ? Readable.from([old]) : old;
      await putArchive(engine, container, dirname(target), content, within);
    }
  };
}

async function read(engine: EngineHttp, container: string, target: string, signal: AbortSignal) {
  const there = await getArchive(engine, container, target, signal);
  return { target, tar: there === undefined ? undefined : await buffer(there) };
}

function add(tar: Pack, folder: string, { target, source }: Placed): void {
  const name = relative(folder, target);
  const header = { uid: 0, gid: 0, mtime: new Date() };
  for (const [path, { content, mode }] of Object.entries(source.files))
    tar.entry({ ...header, name: path === "" ? name : `${name}/${path}`, mode }, Buffer.from(content));
}
