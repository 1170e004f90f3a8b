/**
 * A container engine behind TCP, as on another machine: what it is asked goes to the socket of a real engine. It may say that it is something else, hide this machine's files, and be cut
 * off.
 */
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";

export interface EngineRelay extends AsyncDisposable {
  readonly endpoint: string;
  /** Breaks all connections and takes no more. */
  cut(): Promise<void>;
}

export interface RelayOptions {
  /** Socket of the real engine. */
  readonly socket: string;
  /** What it says of itself in the place of what is true: keys of `GET /version` and `GET /info`. */
  readonly says?: Readonly<Record<string, string | number>>;
  /** Does not see the files of this machine. */
  readonly isBlind?: boolean;
  /** Has no emulators: takes containers of this architecture alone. */
  readonly runsOnly?: string;
  /** Reaches no registry. */
  readonly isCutOff?: boolean;
  /** PEM texts: it speaks TLS with clients that have a certificate. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** Starts one on a port of its own. */
export async function startEngineRelay(options: RelayOptions): Promise<EngineRelay> {
  const { socket, tls } = options;
  const answer = (asked: IncomingMessage, response: ServerResponse) =>
    void forward(asked, response, options).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  const server =
    tls === undefined
      ? createServer(answer)
      : createSecureServer({ ...tls, requestCert: true, rejectUnauthorized: true }, answer);
  // Engines do not close connections that are kept: one that is used again in that moment would be lost.
  server.keepAliveTimeout = 0;
  const sockets = new Set<Duplex>();
  server.on("connection", (one: Socket) => {
    sockets.add(one);
    one.once("close", () => sockets.delete(one));
  });
  server.on("upgrade", (asked: IncomingMessage, client: Duplex, head: Buffer) => {
    const engine = connect({ path: socket, allowHalfOpen: true });
    const headers = Array.from({ length: asked.rawHeaders.length / 2 }, (_, index) =>
      asked.rawHeaders.slice(2 * index, 2 * index + 2).join(": "),
    );
    engine.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
    engine.write(head);
    engine.pipe(client).pipe(engine);
    engine.on("error", () => client.destroy());
    client.on("error", () => engine.destroy());
    client.on("close", () => engine.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const cut = async () => {
    const closed = once(server, "close");
    server.close();
    for (const one of sockets) one.destroy();
    await closed;
  };
  return {
    endpoint: `tcp://127.0.0.1:${port}`,
    cut,
    [Symbol.asyncDispose]: () => (server.listening ? cut() : Promise.resolve()),
  };
}

async function forward(
  asked: IncomingMessage,
  response: ServerResponse,
  { socket, says, isBlind, isCutOff, runsOnly }: RelayOptions,
): Promise<void> {
  const { url = "", method, headers } = asked;
  const isCreate = url.includes("/containers/create");
  const body = isCreate ? await buffer(asked) : undefined;
  if (isBlind && isCreate && (url.includes("/libpod/") || body?.includes("archway-absent"))) {
    response.writeHead(400).end('{"message":"bind source path does not exist"}');
    return;
  }
  const { searchParams } = new URL(url, "http://engine");
  if (runsOnly !== undefined && isCreate && searchParams.get("platform")?.split("/")[1] !== runsOnly) {
    asked.resume();
    response.writeHead(400).end('{"message":"exec format error"}');
    return;
  }
  if (isCutOff && url.includes("/images/create")) {
    asked.resume();
    response.writeHead(500).end('{"message":"dial tcp: no route to host"}');
    return;
  }
  const sent = request({ socketPath: socket, method, path: url, headers });
  if (body === undefined) asked.pipe(sent);
  else sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  const { "content-length": _, ...kept } = answer.headers;
  if (says !== undefined && /\/(version|info)$/.test(url)) {
    const told: object = JSON.parse((await buffer(answer)).toString("utf8"));
    response.writeHead(answer.statusCode ?? 500, kept).end(JSON.stringify({ ...told, ...says }));
    return;
  }
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  response.flushHeaders();
  answer.pipe(response);
}
