/** A container engine whose connections break: bytes go to the socket of a real engine and back, until an attached container has written so many. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface CutRelay extends AsyncDisposable {
  readonly endpoint: string;
  /** Connections that were broken. */
  readonly cuts: () => number;
}

/**
 * Starts one.
 *
 * @param socket of the real engine
 * @param after bytes that come over a connection which a container is attached to before it breaks
 * @param at path of its own socket; a port of this machine when absent
 */
export async function startCutRelay({
  socket,
  after,
  at,
}: {
  readonly socket: string;
  readonly after: number;
  readonly at?: string;
}): Promise<CutRelay> {
  let cuts = 0;
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: socket, allowHalfOpen: true });
    const both = [client, engine] as const;
    let left = Number.POSITIVE_INFINITY;
    for (const [one, other] of [both, both.toReversed()] as const) {
      if (one === undefined || other === undefined) continue;
      open.add(one);
      one.on("end", () => other.end());
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
      one.on("data", (bytes: Buffer) => {
        if (one === client && bytes.includes("/attach?")) left = after;
        if (one === engine) left -= bytes.length;
        if (left < 0) {
          if (!client.destroyed) cuts++;
          client.destroy();
          engine.destroy();
          return;
        }
        if (other.write(bytes)) return;
        one.pause();
        other.once("drain", () => one.resume());
      });
    }
  });
  server.listen(at ?? { port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: at === undefined ? `tcp://127.0.0.1:${port}` : `unix://${at}`,
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const one of open) one.destroy();
      await closed;
    },
  };
}
