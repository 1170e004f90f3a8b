import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import { readAll } from "../read-all.ts";
import type { SocketReader } from "./socket-reader.ts";

/** Bounds of one exchange, milliseconds. */
export interface Timeouts {
  /** Until a connection stands, TLS included. */
  readonly connect: number;
  /** Without a byte in either direction. */
  readonly idle: number;
}

/** A body that can be sent again. */
export interface RequestBody {
  /** Bytes. */
  readonly length: number;
  /** A piece is only valid until the next one is asked for. */
  open(): AsyncIterable<Uint8Array>;
}

/** One HTTP request. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | RequestBody;
  readonly signal?: AbortSignal;
  /** The reader of a streamed answer is done with a piece when it asks for the next one: the memory may be used again. */
  readonly lendsPieces?: boolean;
}

/** Status and headers of an answer; header names in lower case. */
export interface HttpHead {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

/** An answer whose body is read. */
export interface HttpAnswer extends HttpHead {
  readonly bytes: Uint8Array;
}

/** An answer whose body comes. It has to be read to its end or left early (`return`), because it holds a connection. */
export interface HttpStream extends HttpHead {
  readonly body: AsyncIterable<Uint8Array>;
}

/** Connections to one registry and the hosts it sends us to. */
export interface Connections {
  readonly timeouts: Timeouts;
  /** The agent for a URL's scheme. Throws `INVALID_CONFIG` when a configured authority cannot be read. */
  agentFor(url: URL): Promise<http.Agent>;
  /** How a connection of the agents can be read past them. */
  readerOf(socket: Duplex): SocketReader | undefined;
  /** Closes idle connections. */
  close(): Promise<void>;
}

/** The source of a request's body failed: the reason is the source's own, not the network's. */
export class BodyError extends Error {
  override readonly name = "BodyError";

  constructor(cause: unknown) {
    super("the source of an upload failed", { cause });
  }
}

/** A connection on which nothing moved any more. */
class IdleError extends Error {
  override readonly name = "IdleError";
  readonly code = "ETIMEDOUT";
}

/** Most bytes of an answer that is read whole, unless the caller asks for more: answers to uploads and errors are small. */
const smallAnswer = 64 * 1024;

/** Sends a request and reads the answer whole, at most `limit` bytes. Redirects, retries and credentials are not its business. */
export async function exchange(
  connections: Connections,
  request: HttpRequest,
  limit: number = smallAnswer,
): Promise<HttpAnswer> {
  const { head, incoming, stop } = await send(connections, request);
  try {
    return { ...head, bytes: await readAnswer(head, incoming, limit) };
  } finally {
    stop();
  }
}

/** Sends a request and hands out the body as it comes. */
export async function openStream(connections: Connections, request: HttpRequest): Promise<HttpStream> {
  const { head, incoming, direct } = await send(connections, request);
  return { ...head, body: direct ?? incoming };
}

/** Reads a body to its end. Of an error, which may be a long page of some proxy, the beginning is enough. */
export async function readAnswer(
  { status, url }: HttpHead,
  body: AsyncIterable<Uint8Array>,
  limit: number = smallAnswer,
): Promise<Uint8Array> {
  if (status < 400) return readAll(body, limit, `the answer of ${url.host}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

interface Sent {
  readonly head: HttpHead;
  readonly incoming: http.IncomingMessage;
  /** The body, where it is read past `incoming`. */
  readonly direct: AsyncIterable<Uint8Array> | undefined;
  /** Ends sending a body that the server did not wait for. */
  readonly stop: () => void;
}

async function send(connections: Connections, request: HttpRequest): Promise<Sent> {
  const { url, method, body, signal } = request;
  const secure = url.protocol === "https:";
  const agent = await connections.agentFor(url);
  const length = body === undefined ? undefined : body.length;
  const options = {
    method,
    agent,
    headers: {
      "user-agent": "archway",
      ...request.headers,
      ...(length === undefined ? {} : { "content-length": String(length) }),
    },
    ...(signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = secure ? https.request(url, options) : http.request(url, options);
    limitTime(outgoing, connections.timeouts, secure);
    outgoing.on("error", reject);
    const sending = sendBody(outgoing, body);
    sending.catch(reject);
    outgoing.on("response", (incoming) => {
      const stop = () => {
        if (!outgoing.writableFinished) outgoing.destroy();
      };
      const reader = request.lendsPieces === true ? connections.readerOf(incoming.socket) : undefined;
      const head = { status: incoming.statusCode ?? 0, headers: incoming.headers, url };
      resolve({ head, incoming, direct: reader?.takeOver(incoming), stop });
    });
  });
}

async function sendBody(outgoing: http.ClientRequest, body: HttpRequest["body"]): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) {
    outgoing.end(body);
    return;
  }
  await pour(body.open(), outgoing);
  outgoing.end();
}

/**
 * Writes content into a request piece by piece, each when the connection has taken the one before. A request that ends before, with an answer or a
 * failure of its own, ends this too; a failure of the content ends the request.
 */
async function pour(content: AsyncIterable<Uint8Array>, outgoing: http.ClientRequest): Promise<void> {
  let proceed: (() => void) | undefined;
  const wake = () => proceed?.();
  outgoing.on("close", wake);
  try {
    for await (const chunk of content) {
      if (outgoing.destroyed) return;
      await new Promise<void>((resolve) => {
        proceed = resolve;
        outgoing.write(chunk, wake);
      });
      if (outgoing.destroyed) return;
    }
  } catch (error) {
    const failure = new BodyError(error);
    outgoing.destroy(failure);
    throw failure;
  } finally {
    outgoing.off("close", wake);
  }
}

function limitTime(outgoing: http.ClientRequest, timeouts: Timeouts, secure: boolean): void {
  outgoing.setTimeout(timeouts.idle, () => {
    outgoing.destroy(new IdleError(`no byte came for ${timeouts.idle / 1000} seconds`));
  });
  outgoing.on("socket", (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => {
      outgoing.destroy(new IdleError(`no connection within ${timeouts.connect / 1000} seconds`));
    }, timeouts.connect);
    const connected = () => clearTimeout(timer);
    socket.once(secure ? "secureConnect" : "connect", connected);
    socket.once("close", connected);
  });
}
