import { ArchwayError } from "../../error/error.ts";
import type { HttpAnswer } from "./http.ts";
import { backoff, PassingError, pause } from "./retry.ts";
import { SourceReader } from "./source-reader.ts";
import type { Upload, UploadSession } from "./upload-session.ts";
import { commit, sessionOf, uploadError } from "./upload-session.ts";

/** Bytes of one chunk, unless the registry wants larger ones: what a broken connection costs at most. */
const chunkSize = 16 * 1024 * 1024;

/** Where an upload stands. */
interface Position {
  readonly url: URL;
  /** Bytes that the registry has. */
  readonly offset: number;
}

/**
 * Uploads a blob in chunks, in order. After a chunk that broke the registry is asked how far it came (distribution-spec, "Pushing a
 * blob in chunks"; 416 means that we disagree about it).
 *
 * @throws PassingError when the session is lost or stays where it is.
 */
export async function uploadInChunks(upload: Upload, session: UploadSession): Promise<void> {
  const { repository, descriptor, source, options } = upload;
  const { policy } = repository.transport;
  const size = Math.max(chunkSize, session.minimumChunk);
  const reader = new SourceReader(source, descriptor);
  let position: Position = { url: session.url, offset: 0 };
  try {
    for (let failures = 0; position.offset < descriptor.size;) {
      const end = Math.min(position.offset + size, descriptor.size);
      const next = await sendChunk(upload, reader, position, end);
      failures = next.offset > position.offset ? 0 : failures + 1;
      if (failures >= policy.attempts) throw new PassingError(stuck(upload, position.offset));
      if (failures > 0) await pause(backoff(policy, failures), options.signal);
      position = next;
    }
  } finally {
    await reader.close();
  }
  await commit(upload, position.url);
}

async function sendChunk(
  upload: Upload,
  reader: SourceReader,
  { url, offset }: Position,
  end: number,
): Promise<Position> {
  const { repository, descriptor, options } = upload;
  try {
    const answer = await repository.send({
      method: "PATCH",
      target: url,
      access: "push",
      doing: `push blob ${descriptor.digest} to`,
      headers: { "content-type": "application/octet-stream", "content-range": `${offset}-${end - 1}` },
      body: { length: end - offset, open: () => reader.read(offset, end) },
      retry: false,
      ...options,
    });
    if (answer.status === 202) return await positionOf(upload, answer, end);
    if (answer.status !== 416) throw new PassingError(uploadError(answer, repository, descriptor));
  } catch (error) {
    if (!(error instanceof PassingError)) throw error;
  }
  return askPosition(upload, url);
}

async function askPosition(upload: Upload, url: URL): Promise<Position> {
  const { repository, descriptor, options } = upload;
  const doing = `continue the push of blob ${descriptor.digest} to`;
  const answer = await repository.send({ method: "GET", target: url, access: "push", doing, ...options });
  if (answer.status !== 204 && answer.status !== 202)
    throw new PassingError(uploadError(answer, repository, descriptor));
  return positionOf(upload, answer, 0);
}

/** `Range: 0-N` says that N + 1 bytes are there; registries write `0-0` for none, too. */
async function positionOf({ repository }: Upload, answer: HttpAnswer, otherwise: number): Promise<Position> {
  const { url } = await sessionOf(repository, answer);
  const last = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.range ?? "")?.[1];
  if (last === undefined) return { url, offset: otherwise };
  return { url, offset: last === "0" ? 0 : Number(last) + 1 };
}

function stuck({ repository, descriptor }: Upload, offset: number): ArchwayError {
  return new ArchwayError({
    code: "UNREACHABLE",
    kind: "unreachable",
    message: `cannot push blob ${descriptor.digest} to ${repository.name}: it stops again and again after ${offset} of ${descriptor.size} bytes`,
    hint: "Something between here and the registry cuts connections.",
  });
}
