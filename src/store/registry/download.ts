import { ArchwayError } from "../../error/error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { notFound } from "../store-error.ts";
import type { FetchOptions } from "../store.ts";
import { connectionError, isPassingFailure } from "./failure.ts";
import type { HttpStream } from "./http.ts";
import type { Repository } from "./repository.ts";
import { backoff, pause } from "./retry.ts";

/** Most times that one download is resumed, even if every piece brings something: a server that sends byte by byte ends here. */
const maxResumes = 100;

/**
 * Streams a blob. A connection that breaks is resumed with `Range` where it broke. What arrives is not checked
 * here: only who reads the whole can.
 *
 * @throws ArchwayError `NOT_FOUND`, `UNREACHABLE` and what else `Transport.stream` throws.
 */
export async function* downloadBlob(
  repository: Repository,
  descriptor: Descriptor,
  { range, signal, lendsPieces = false }: FetchOptions,
): AsyncIterable<Uint8Array> {
  const { policy } = repository.transport;
  const start = range?.start ?? 0;
  // A range that begins at the end is an error to servers.
  if (start > 0 && start >= descriptor.size) return;
  let offset = start;
  let withoutProgress = 0;
  for (let resumes = 0; ; resumes++) {
    const before = offset;
    const answer = await openAt(repository, descriptor, offset, { lendsPieces, signal });
    let failure: unknown;
    try {
      for await (const chunk of fromOffset(answer, offset)) {
        offset += chunk.length;
        yield chunk;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isPassingFailure(error)) throw error;
      failure = error;
    }
    // More than the descriptor's size is the verifier's to refuse; less means that the connection was cut.
    if (offset >= descriptor.size) return;
    withoutProgress = offset > before ? 0 : withoutProgress + 1;
    if (withoutProgress >= policy.attempts || resumes >= maxResumes) {
      throw cutError(repository, descriptor, offset, answer.url, failure);
    }
    await pause(backoff(policy, withoutProgress + 1), signal);
  }
}

async function openAt(
  repository: Repository,
  { digest }: Descriptor,
  offset: number,
  { lendsPieces, signal }: { readonly lendsPieces: boolean; readonly signal: AbortSignal | undefined },
): Promise<HttpStream> {
  const doing = `read blob ${digest} of`;
  const answer = await repository.stream({
    method: "GET",
    target: `blobs/${digest}`,
    access: "pull",
    doing,
    lendsPieces,
    headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
    ...(signal === undefined ? {} : { signal }),
  });
  if (!("bytes" in answer)) return answer;
  if (answer.status === 404) throw notFound(repository.name, `blob ${digest}`);
  throw repository.error(answer, doing);
}

/** The part of an answer that begins at `offset`: servers may ignore a range and send the whole (RFC 9110 §14.2). */
async function* fromOffset(answer: HttpStream, offset: number): AsyncIterable<Uint8Array> {
  let skip = offset - firstByteOf(answer);
  if (skip < 0) throw badRange(answer, offset);
  for await (const chunk of answer.body) {
    if (skip < chunk.length) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}

function firstByteOf({ status, headers }: HttpStream): number {
  if (status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(headers["content-range"] ?? "")?.[1] ?? 0);
}

function badRange({ url, headers }: HttpStream, offset: number): ArchwayError {
  return new ArchwayError({
    code: "REGISTRY_ERROR",
    kind: "unreachable",
    message: `${url.host} was asked for bytes from ${offset} on and sent others (${headers["content-range"] ?? ""})`,
  });
}

function cutError(
  { name, transport }: Repository,
  { digest, size }: Descriptor,
  offset: number,
  url: URL,
  failure: unknown,
): ArchwayError {
  if (failure !== undefined) return connectionError(failure, url, transport.endpoint);
  return new ArchwayError({
    code: "UNREACHABLE",
    kind: "unreachable",
    message: `blob ${digest} of ${name} ends again and again after ${offset} of ${size} bytes`,
    hint: "Something between here and the registry cuts connections, or the registry's copy is damaged.",
  });
}
