import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { connect } from "node:net";
import { getCACertificates } from "node:tls";
import { ArchwayError } from "../../error/error.ts";
import type { Connections, Timeouts } from "./http.ts";
import type { Endpoint } from "./settings.ts";
import { hostnameOf } from "./settings.ts";
import { SocketReaders } from "./socket-reader.ts";

/** Bounds for registries: a large blob may be checked for minutes after its last byte has been sent. */
export const defaultTimeouts: Timeouts = { connect: 10_000, idle: 120_000 };

/** Idle connections that are kept for the next requests. */
const keptConnections = 16;

/** Connections to a registry, kept alive between requests. The certificate authorities are read when TLS is spoken first. */
export function openConnections(endpoint: Endpoint, timeouts: Timeouts): Connections {
  const options = { keepAlive: true, maxFreeSockets: keptConnections, autoSelectFamilyAttemptTimeout: 1_000 };
  const readers = new SocketReaders();
  const plain = readers.follow(new http.Agent(options));
  let secure: Promise<https.Agent> | undefined;
  const openSecure = async () =>
    readers.follow(new https.Agent({ ...options, ca: await trustedAuthorities(endpoint) }));
  return {
    timeouts,
    async agentFor(url) {
      if (url.protocol === "http:") return plain;
      secure ??= openSecure();
      return secure;
    },
    readerOf: (socket) => readers.of(socket),
    async close() {
      plain.destroy();
      (await secure?.catch(() => undefined))?.destroy();
    },
  };
}

/** Those of Node.js, those of the system (where companies put theirs, and where other image tools look), and the configured file. */
async function trustedAuthorities({ ca, host }: Endpoint): Promise<string[]> {
  const own = ca === undefined ? [] : [await readAuthority(ca, host)];
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system"), ...own])];
}

async function readAuthority(file: string, host: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new ArchwayError({
      code: "INVALID_CONFIG",
      kind: "input",
      message: `the certificate authority of ${host} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: "Check registries: in .archway.yaml.",
      cause: error,
    });
  }
}

/**
 * Whether a server speaks TLS, asked by the first message of a handshake without a word of HTTP. For hosts that may be spoken to in plain
 * HTTP: TLS is taken whenever it is there. The handshake is not finished: preparing a real one takes longer than the whole exchange.
 */
export function speaksTls(endpoint: Endpoint, timeouts: Timeouts): Promise<boolean> {
  const host = hostnameOf(endpoint.apiHost);
  const port = Number(/:(\d+)$/.exec(endpoint.apiHost)?.[1] ?? 443);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeouts.connect });
    const settle = (speaks: boolean) => {
      resolve(speaks);
      socket.destroy();
    };
    socket.once("connect", () => socket.write(clientHello()));
    socket.once("data", ([type]) => settle(type === recordTypes.handshake || type === recordTypes.alert));
    socket.once("end", () => settle(false));
    // A server that waits for the end of a line of HTTP says nothing.
    socket.once("timeout", () => (socket.connecting ? socket.destroy(timedOut()) : settle(false)));
    socket.once("error", (error) => (wasReset(error) ? resolve(false) : reject(error)));
  });
}

/** First byte of a TLS record (RFC 8446 §5.1): what a server of TLS answers with. */
const recordTypes = { alert: 0x15, handshake: 0x16 };

/**
 * A ClientHello (RFC 8446 §4.1.2) with what TLS 1.2 and 1.3 require; a server that wants more answers with an alert. The number of an extension
 * is a line feed, at which servers of HTTP stop waiting for a line.
 */
function clientHello(): Buffer {
  const suites = "130113021303c02bc02fc02cc030";
  const groups = "000a00060004001d0017";
  const signatures = "000d00080006040308040401";
  const versions = "002b00050403040303";
  const extensions = groups + signatures + versions;
  const body = `0303${randomBytes(32).toString("hex")}00${sized(suites, 2)}0100${sized(extensions, 2)}`;
  return Buffer.from(`160301${sized(`01${sized(body, 3)}`, 2)}`, "hex");
}

/** Hexadecimal content after its length in so many bytes. */
function sized(content: string, lengthBytes: number): string {
  return (content.length / 2).toString(16).padStart(2 * lengthBytes, "0") + content;
}

function timedOut(): Error {
  return Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" });
}

function wasReset(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNRESET";
}
