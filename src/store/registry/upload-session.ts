import { ArchwayError } from "../../error/error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { BlobSource, StoreOptions } from "../store.ts";
import { errorCodesOf } from "./failure.ts";
import type { HttpAnswer, RequestBody } from "./http.ts";
import type { Repository } from "./repository.ts";
import { PassingError } from "./retry.ts";

/** What is uploaded, and where. */
export interface Upload {
  readonly repository: Repository;
  readonly descriptor: Descriptor;
  readonly source: BlobSource;
  readonly options: StoreOptions;
}

/** An upload session of a registry (distribution-spec, "Pushing blobs"). */
export interface UploadSession {
  /** Where the next request goes. */
  readonly url: URL;
  /** Smallest chunk that the registry takes, bytes (`OCI-Chunk-Min-Length`); 0 when it does not care. */
  readonly minimumChunk: number;
}

/** Opens a session. */
export async function startSession({ repository, descriptor, options }: Upload): Promise<UploadSession> {
  const answer = await repository.send({
    method: "POST",
    target: "blobs/uploads/",
    access: "push",
    doing: "push to",
    ...options,
  });
  if (answer.status !== 202) throw uploadError(answer, repository, descriptor);
  return sessionOf(repository, answer);
}

/** The session that an answer 202 opens or continues. */
export async function sessionOf(repository: Repository, answer: HttpAnswer): Promise<UploadSession> {
  const { location } = answer.headers;
  if (location === undefined) throw repository.error(answer, "push, for want of a Location, to");
  const minimum = Number(answer.headers["oci-chunk-min-length"] ?? 0);
  return {
    url: await repository.transport.locate(location, answer),
    minimumChunk: Number.isSafeInteger(minimum) ? minimum : 0,
  };
}

/**
 * Ends a session with the blob's digest, and with the whole content when `body` is given.
 *
 * @throws PassingError for everything after which a new session may succeed.
 */
export async function commit(upload: Upload, url: URL, body?: RequestBody): Promise<void> {
  const { repository, descriptor, options } = upload;
  const target = new URL(url);
  // Added as text: registries sign their query, and writing it anew could change it.
  target.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${encodeURIComponent(descriptor.digest)}`;
  const answer = await repository.send({
    method: "PUT",
    target,
    access: "push",
    doing: `push blob ${descriptor.digest} to`,
    headers: { "content-type": "application/octet-stream" },
    body: body ?? new Uint8Array(),
    retry: false,
    ...options,
  });
  if (answer.status !== 201 && answer.status !== 204) {
    throw new PassingError(uploadError(answer, repository, descriptor));
  }
}

/** Gives up a session. A registry that cannot be asked any more drops it by itself in time. */
export async function endSession({ repository, descriptor }: Upload, { url }: UploadSession): Promise<void> {
  const request = {
    method: "DELETE",
    target: url,
    access: "push",
    doing: `end the push of ${descriptor.digest} to`,
  } as const;
  await repository.send({ ...request, retry: false }).catch(() => undefined);
}

/** Whether the blob is in the repository. */
export async function isUploaded({ repository, descriptor, options }: Upload): Promise<boolean> {
  const answer = await repository.send({
    method: "HEAD",
    target: `blobs/${descriptor.digest}`,
    access: "push",
    doing: `push blob ${descriptor.digest} to`,
    ...options,
  });
  return answer.status === 200;
}

/** The registry refuses an upload. */
export function uploadError(answer: HttpAnswer, repository: Repository, { digest }: Descriptor): ArchwayError {
  if (!errorCodesOf(answer).includes("DIGEST_INVALID")) return repository.error(answer, `push blob ${digest} to`);
  return new ArchwayError({
    code: "DIGEST_MISMATCH",
    kind: "unreachable",
    message: `cannot push blob ${digest} to ${repository.name}: it arrived there changed (${answer.url.host} computes another digest)`,
    hint: "Something between here and the registry changes content; check proxies, and use TLS.",
  });
}
