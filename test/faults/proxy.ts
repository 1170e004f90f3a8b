/**
 * An HTTP proxy that stands between a client and a real registry and breaks what it is told to break. A fault is chosen for every
 * request, so that a test says exactly what goes wrong and when.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";

/** What goes wrong with one request. */
export type Fault =
  /** Answered here; the registry never sees it. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The connection breaks after so many bytes of the answer's body. */
  | { readonly kind: "cut-answer"; readonly after: number }
  /** The connection breaks after so many bytes of the request's body; the registry sees it break, too. */
  | { readonly kind: "cut-request"; readonly after: number }
  /** The registry does what it is asked, and its answer never arrives. */
  | { readonly kind: "lose-answer" }
  /** One bit of the answer's body is turned around. */
  | { readonly kind: "corrupt-answer"; readonly at: number }
  /** One bit of the request's body is turned around. */
  | { readonly kind: "corrupt-request"; readonly at: number }
  /** The answer's body stops after so many bytes, and the connection stays. */
  | { readonly kind: "stall"; readonly after: number }
  /** The request reaches the registry without one of its headers: without `authorization` as if it had expired, for example. */
  | { readonly kind: "drop-header"; readonly name: string }
  /** The request reaches the registry with another path and query, or the answer arrives with other headers (null takes one away). */
  | {
      readonly kind: "rewrite";
      readonly url?: string;
      readonly answerHeaders?: Readonly<Record<string, string | null>>;
    };

/** A request that the proxy saw. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  /** What was done to it. */
  readonly fault: Fault | undefined;
}

/** A running proxy. */
export interface FaultProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Everything that came, oldest first. */
  readonly seen: SeenRequest[];
  /** Chooses the fault of a request; none when it gives undefined. May be replaced at any time. */
  choose: (request: Omit<SeenRequest, "fault">) => Fault | undefined;
}

/** Starts a proxy before a registry (`host:port`, plain HTTP). */
export async function startFaultProxy(registry: string): Promise<FaultProxy> {
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers, socket } = incoming;
    const fault = proxy.choose({ method, url, headers });
    proxy.seen.push({ method, url, headers, fault });
    relay(registry, incoming, outgoing, fault).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: FaultProxy = {
    host: `127.0.0.1:${portOf(server.address())}`,
    seen: [],
    choose: () => undefined,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return proxy;
}

async function relay(
  registry: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (fault?.kind === "status") {
    outgoing.writeHead(fault.status, { "content-length": Buffer.byteLength(fault.body ?? ""), ...fault.headers });
    outgoing.end(incoming.method === "HEAD" ? undefined : fault.body);
    return;
  }
  const { socket } = incoming;
  const headers = { ...incoming.headers };
  if (fault?.kind === "drop-header") delete headers[fault.name];
  const path = (fault?.kind === "rewrite" ? fault.url : undefined) ?? incoming.url;
  // A connection of its own: one whose request was not sent to its end cannot be used again.
  const onward = httpRequest(`http://${registry}`, { method: incoming.method, path, headers, agent: false });
  const answered = once(onward, "response");
  // Awaited below; a failure before that is not to end the process.
  answered.catch(() => undefined);
  let early = false;
  onward.once("response", () => {
    early = true;
  });
  for await (const piece of broken(incoming, fault, "request")) {
    if (piece === "cut") {
      onward.destroy();
      socket.destroy();
      return;
    }
    // A registry that refuses a body does not read it to the end.
    if (early) break;
    if (!onward.write(piece)) await Promise.race([once(onward, "drain"), answered]);
  }
  onward.end();
  const [answer]: IncomingMessage[] = await answered;
  if (answer === undefined) return;
  if (fault?.kind === "lose-answer") {
    answer.resume();
    await once(answer, "end");
    socket.destroy();
    return;
  }
  outgoing.writeHead(answer.statusCode ?? 500, rewritten(answer, fault));
  outgoing.flushHeaders();
  const closed = once(outgoing, "close").catch(() => undefined);
  for await (const piece of broken(answer, fault, "answer")) {
    if (piece === "cut") {
      answer.destroy();
      if (fault?.kind === "stall" && !socket.destroyed) await once(socket, "close");
      // What came before the cut arrives.
      socket.destroySoon();
      return;
    }
    if (!outgoing.write(piece)) await Promise.race([once(outgoing, "drain"), closed]);
    if (outgoing.destroyed) return;
  }
  outgoing.end();
}

/** A body with what the fault does to it; "cut" is where the connection breaks. */
async function* broken(
  body: IncomingMessage,
  fault: Fault | undefined,
  direction: "request" | "answer",
): AsyncIterable<Uint8Array | "cut"> {
  let position = 0;
  const cutsHere = fault?.kind === `cut-${direction}` || (fault?.kind === "stall" && direction === "answer");
  const limit = cutsHere && "after" in fault ? fault.after : Number.POSITIVE_INFINITY;
  for await (const piece of body) {
    if (!Buffer.isBuffer(piece)) continue;
    const room = limit - position;
    const kept = piece.subarray(0, Math.max(0, Math.min(piece.length, room)));
    if (fault?.kind === `corrupt-${direction}` && "at" in fault) flipBit(kept, fault.at - position);
    position += piece.length;
    yield kept;
    if (position < limit) continue;
    yield "cut";
    return;
  }
  if (cutsHere && position <= limit) yield "cut";
}

function flipBit(bytes: Uint8Array, at: number): void {
  const byte = bytes[at];
  if (byte !== undefined) bytes[at] = byte ^ 1;
}

function rewritten(answer: IncomingMessage, fault: Fault | undefined): Record<string, string | string[]> {
  const changes = (fault?.kind === "rewrite" ? fault.answerHeaders : undefined) ?? {};
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries({ ...answer.headers, ...changes })) {
    if (value !== undefined && value !== null) headers[name] = value;
  }
  return headers;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new TypeError("the proxy has no port");
  return address.port;
}
