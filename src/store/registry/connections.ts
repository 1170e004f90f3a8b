import { readFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { connect, getCACertificates } from "node:tls";
import { ArchwayError } from "../../error/error.ts";
import { isNotTls } from "./failure.ts";
import type { Connections, Timeouts } from "./http.ts";
import type { Endpoint } from "./settings.ts";
import { hostnameOf } from "./settings.ts";

/** Bounds for registries: a large blob may be checked for minutes after its last byte has been sent. */
export const defaultTimeouts: Timeouts = { connect: 10_000, idle: 120_000 };

/** Idle connections that are kept for the next requests. */
const keptConnections = 16;

/** Connections to a registry, kept alive between requests. The certificate authorities are read when TLS is spoken first. */
export function openConnections(endpoint: Endpoint, timeouts: Timeouts): Connections {
  const options = { keepAlive: true, maxFreeSockets: keptConnections, autoSelectFamilyAttemptTimeout: 1_000 };
  const plain = new http.Agent(options);
  let secure: Promise<https.Agent> | undefined;
  const openSecure = async () => new https.Agent({ ...options, ca: await trustedAuthorities(endpoint) });
  return {
    timeouts,
    async agentFor(url) {
      if (url.protocol === "http:") return plain;
      secure ??= openSecure();
      return secure;
    },
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
 * Whether a server speaks TLS, asked by a handshake without a word of HTTP. For hosts that may be spoken to in plain HTTP: TLS is
 * taken whenever it is there.
 */
export function speaksTls(endpoint: Endpoint, timeouts: Timeouts, signal?: AbortSignal): Promise<boolean> {
  const hostname = hostnameOf(endpoint.apiHost);
  const port = Number(/:(\d+)$/.exec(endpoint.apiHost)?.[1] ?? 443);
  return new Promise((resolve, reject) => {
    // Only the protocol is asked for here; certificates are checked by every request.
    const socket = connect({ host: hostname, port, rejectUnauthorized: false, timeout: timeouts.connect });
    const abort = () => socket.destroy(new DOMException("aborted", "AbortError"));
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("secureConnect", () => resolve(true));
    // A server that waits for the end of a line of HTTP says nothing.
    socket.once("timeout", () => (socket.connecting ? socket.destroy(new Error("timeout")) : resolve(false)));
    socket.once("error", (error) => (isNotTls(error) || wasReset(error) ? resolve(false) : reject(error)));
    socket.once("close", () => signal?.removeEventListener("abort", abort));
    for (const event of ["secureConnect", "timeout"]) socket.once(event, () => socket.destroy());
  });
}

function wasReset(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNRESET";
}
