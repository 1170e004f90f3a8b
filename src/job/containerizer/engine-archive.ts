import { Readable } from "node:stream";
import { pack, type Pack } from "tar-stream";
import { type EngineHttp, EngineRefusal } from "./engine-http.ts";

/** Unpacks a tar into a folder of a container, also of one that never ran; names in it may lead deeper. Throws {@link EngineRefusal}. */
export async function putArchive(
  engine: EngineHttp,
  container: string,
  folder: string,
  tar: Readable,
  signal: AbortSignal,
): Promise<void> {
  const path = `/containers/${container}/archive?path=${encodeURIComponent(folder)}`;
  const headers = { "Content-Type": "application/x-tar" };
  await engine.json({ method: "PUT", path, headers, upload: tar }, signal);
}

/** A tar of what is at a path of a container, named by its last part; undefined when nothing is there. */
export async function getArchive(
  engine: EngineHttp,
  container: string,
  path: string,
  signal: AbortSignal,
): Promise<Readable | undefined> {
  const asked = `/containers/${container}/archive?path=${encodeURIComponent(path)}`;
  try {
    return await engine.stream({ method: "GET", path: asked }, signal);
  } catch (error) {
    if (error instanceof EngineRefusal && error.status === 404) return undefined;
    throw error;
  }
}

/** A tar that is filled while it is read. What `fill` throws breaks the reading. */
export function tarOf(fill: (tar: Pack) => void | Promise<void>): Readable {
  const tar = pack();
  tar.on("error", () => undefined);
  void (async () => {
    try {
      await fill(tar);
      tar.finalize();
    } catch (error) {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  })();
  return Readable.from(tar, { objectMode: false });
}
