import { readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { connect as connectPlain, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectSecure } from "node:tls";
import { ArchwayError } from "../../error/error.ts";
import type { EngineEndpoint, TlsFiles } from "./engine-endpoint.ts";
import { ProgramStream, sshArguments } from "./ssh-stream.ts";

/** Milliseconds that a connection over a network may take to come about. */
const connectLimit = 20_000;
/** Milliseconds of silence after which the other side is asked whether it is still there: a machine without power says no goodbye. */
const aliveAfter = 30_000;
/** Logins over ssh that are under way at a time: sshd drops some of more than ten (`MaxStartups`). */
const loginsAtOnce = 8;

/**
 * Makes the connections to an engine, and keeps them for later requests.
 *
 * @throws ArchwayError `ENDPOINT_INVALID` (kind `input`) when a file for TLS cannot be read
 */
export async function openDialer({ way, shown }: EngineEndpoint, env: NodeJS.ProcessEnv): Promise<Agent> {
  switch (way.kind) {
    case "unix":
      return new DialAgent(() => connectPlain(way.path));
    case "tcp": {
      const { host, port, tls } = way;
      const kept = { host, port, keepAlive: true, keepAliveInitialDelay: aliveAfter };
      if (tls === undefined) return new DialAgent(() => bounded(connectPlain(kept), "connect"));
      const files = await readTls(tls, shown);
      const servername = tls.serverName ?? (/^[\d.]+$|:/.test(host) ? undefined : host);
      const options = { ...kept, ...files, ...(servername === undefined ? {} : { servername }) };
      return new DialAgent(() => {
        const socket = connectSecure(options);
        socket.setKeepAlive(true, aliveAfter);
        return bounded(socket, "secureConnect");
      });
    }
    case "ssh":
      return new DialAgent(() => new ProgramStream("ssh", sshArguments(way), env), loginsAtOnce);
  }
}

/** Keeps connections of one kind. */
class DialAgent extends Agent {
  readonly #dial: () => Duplex;
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #opening = 0;

  constructor(dial: () => Duplex, atOnce = Number.POSITIVE_INFINITY) {
    // Without a limit: each container that runs has a connection for its output, and one that waits for those would never be asked to end.
    super({ keepAlive: true });
    this.#dial = dial;
    this.#atOnce = atOnce;
  }

  override createConnection(_: unknown, done?: (error: Error | null, stream: Duplex) => void): Duplex | undefined {
    if (this.#opening < this.#atOnce) return this.#open();
    this.#waiting.push(() => done?.(null, this.#open()));
    return undefined;
  }

  /** A connection that counts as opening until the first byte comes. */
  #open(): Duplex {
    const stream = this.#dial();
    if (this.#atOnce === Number.POSITIVE_INFINITY) return stream;
    this.#opening++;
    let isOpening = true;
    const opened = () => {
      if (!isOpening) return;
      isOpening = false;
      this.#opening--;
      this.#waiting.shift()?.();
    };
    stream.once("ready", opened);
    stream.once("close", opened);
    return stream;
  }
}

function bounded<Kind extends Socket>(socket: Kind, opened: "connect" | "secureConnect"): Kind {
  const timer = setTimeout(
    () => socket.destroy(new Error(`no connection within ${connectLimit / 1000} s`)),
    connectLimit,
  );
  timer.unref();
  socket.once(opened, () => clearTimeout(timer));
  socket.once("close", () => clearTimeout(timer));
  return socket;
}

async function readTls({ ca, cert, key }: TlsFiles, shown: string) {
  const read = async (name: "ca" | "cert" | "key", path: string | undefined) => {
    if (path === undefined) return {};
    try {
      return { [name]: await readFile(path) };
    } catch (error) {
      throw new ArchwayError({
        code: "ENDPOINT_INVALID",
        kind: "input",
        message: `A file for the connection to ${shown} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
        hint: "DOCKER_CERT_PATH is the folder with ca.pem, cert.pem and key.pem.",
        cause: error,
      });
    }
  };
  const [own, certificate, secret] = await Promise.all([read("ca", ca), read("cert", cert), read("key", key)]);
  return { ...own, ...certificate, ...secret };
}
