import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import type { Pack } from "tar-stream";
import { removeAbandoned, writeAtomically } from "./atomic-file.ts";
import { fileError } from "./store-error.ts";

/** Adds one file to a tar: exactly `size` bytes of content. */
export type AddFile = (name: string, size: number, content: AsyncIterable<Uint8Array>) => Promise<void>;

/**
 * Writes a tar whole or not at all. Everything about an entry but its content is fixed, so that the bytes depend on the content alone.
 *
 * @param fill adds the files, one after another.
 * @throws ArchwayError `NO_SPACE`, `DENIED`, `NOT_FOUND`; what `fill` throws.
 */
export async function writeTarFile(
  file: string,
  fill: (add: AddFile) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const tar = pack();
  // Both sides throw what breaks the stream between them; an event that nobody hears would end the process.
  tar.on("error", () => undefined);
  const filling = fill(async (name, size, content) => {
    const header = { name, size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, type: "file" } as const;
    await pipeline(Readable.from(content, { objectMode: false }), tar.entry(header));
  }).then(
    () => tar.finalize(),
    (error: unknown) => {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    },
  );
  const written = (async () => {
    await removeAbandoned(dirname(file));
    await writeAtomically(dirname(file), file, contentOf(tar), signal);
  })().catch((error: unknown) => {
    // Ends the entry that is being filled, which would wait for the disk forever.
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  const [filled, ended] = await Promise.allSettled([filling, written]);
  // Each failure breaks the other side too: the one that is an error of its own is told, the disk's before the source's.
  const failures = [ended, filled].flatMap((outcome) =>
    outcome.status === "rejected" ? [outcome.reason as unknown] : [],
  );
  const cause = failures.find((failure) => !isBrokenStream(failure)) ?? failures[0];
  if (cause !== undefined) throw fileError(cause, `cannot write ${file}`);
}

/** What a stream of Node or of streamx says whose other side has failed. */
function isBrokenStream(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return error.code === "ERR_STREAM_PREMATURE_CLOSE" || error.code === "STREAM_DESTROYED";
}

async function* contentOf(tar: Pack): AsyncIterable<Uint8Array> {
  for await (const chunk of tar) if (chunk instanceof Uint8Array) yield chunk;
}

/** Bytes as the content of an entry. */
export async function* contentOfBytes(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
