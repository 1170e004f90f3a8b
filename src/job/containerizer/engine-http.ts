import { createReadStream } from "node:fs";
import { request, type Agent, type IncomingMessage } from "node:http";
import { addAbortSignal, type Duplex, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ArchwayError } from "../../error/error.ts";
import { openDialer } from "./dial-engine.ts";
import type { EngineEndpoint } from "./engine-endpoint.ts";

/** An answer of the engine that is no success. */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The other side closed a connection that was kept in the moment in which it was used again. */
class StaleConnection extends Error {}

/** Methods of requests that may have been heard, and do no harm when they are heard again. */
const repeatable: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE"]);

export interface EngineRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** A file, or what comes, that is sent instead. */
  readonly upload?: string | Readable;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The Engine API over its connection: JSON in and out, streams, and connections that are taken over. */
export class EngineHttp {
  /** As a person writes it. */
  readonly endpoint: string;
  readonly #agent: Agent;

  private constructor(endpoint: string, agent: Agent) {
    this.endpoint = endpoint;
    this.#agent = agent;
  }

  /** Nothing is asked yet. Throws `ENDPOINT_INVALID` (kind `input`) when a file for TLS cannot be read. */
  static async open(endpoint: EngineEndpoint, env: NodeJS.ProcessEnv): Promise<EngineHttp> {
    return new EngineHttp(endpoint.shown, await openDialer(endpoint, env));
  }

  /** Ends the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }

  /** An answer as JSON; `undefined` for one without a body. */
  async json(asked: EngineRequest, signal: AbortSignal): Promise<unknown> {
    const answer = await this.stream(asked, signal);
    const text = await readText(answer).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : engineLost(this.endpoint, error);
    });
    // Some answers are one document a line: the last one says what came of it.
    const last = text.trim().split("\n").at(-1) ?? "";
    return last === "" ? undefined : JSON.parse(last);
  }

  /** An answer as it comes. Throws {@link EngineRefusal} for one that is no success, `ENGINE_LOST` (kind `unreachable`) when nobody answers. */
  async stream(asked: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
    for (;;) {
      try {
        const answer = await this.#send(asked, signal);
        await requireSuccess(answer);
        return answer;
      } catch (error) {
        // The next kept connection may be like it; a new one is not.
        if (!(error instanceof StaleConnection)) throw error;
      }
    }
  }

  #send(asked: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = this.#open(asked, signal, reject);
      sent.on("response", resolve);
      const { upload } = asked;
      if (upload !== undefined)
        pipeline(typeof upload === "string" ? createReadStream(upload) : upload, sent).catch(reject);
      else sent.end(asked.body === undefined ? undefined : JSON.stringify(asked.body));
    });
  }

  /** Takes a connection over: what follows the answer belongs to the caller. The signal cuts it off for as long as it is open. */
  async hijack(
    asked: EngineRequest,
    signal: AbortSignal,
  ): Promise<{ readonly stream: Readable; readonly head: Uint8Array }> {
    return new Promise((resolve, reject) => {
      const upgrade = { Connection: "Upgrade", Upgrade: "tcp", ...asked.headers };
      const sent = this.#open({ ...asked, headers: upgrade }, signal, reject);
      // With the upgrade the request is over for Node, and its signal no longer reaches the connection.
      sent.on("upgrade", (_, socket: Duplex, head: Uint8Array) =>
        resolve({ stream: addAbortSignal(signal, socket), head }),
      );
      // Podman before 4.5 answers 200 and goes on as if it had been 101.
      sent.on("response", (answer) => {
        if (answer.statusCode === 200) resolve({ stream: answer, head: new Uint8Array() });
        else requireSuccess(answer).catch(reject);
      });
      sent.end(asked.body === undefined ? undefined : JSON.stringify(asked.body));
    });
  }

  #open({ method, path, body, headers }: EngineRequest, signal: AbortSignal, reject: (error: unknown) => void) {
    const sent = request({
      agent: this.#agent,
      method,
      path,
      signal,
      headers: { Host: "engine", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    });
    sent.on("error", (error) => {
      if (signal.aborted) reject(signal.reason);
      else if (sent.reusedSocket && repeatable.has(method)) reject(new StaleConnection());
      else reject(engineLost(this.endpoint, error));
    });
    return sent;
  }
}

/** The engine does not answer, or not to the end. */
export function engineLost(endpoint: string, cause: unknown): ArchwayError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ArchwayError({
    code: "ENGINE_LOST",
    kind: "unreachable",
    message: `The container engine at ${endpoint} does not answer: ${why}.`,
    hint: endpoint.startsWith("ssh:")
      ? `ssh must get in without a question, and the user there must be allowed to use Docker or Podman: ${sshTrial(endpoint)} tells.`
      : "Is it running? docker info, or podman info, tells.",
    cause,
  });
}

function sshTrial(endpoint: string): string {
  const [, user = "", host = "", port] = /^ssh:\/\/([^@/]+@)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?/.exec(endpoint) ?? [];
  return `ssh ${port === undefined ? "" : `-p ${port} `}${user}${host.replace(/[[\]]/g, "")} docker info`;
}

async function requireSuccess(answer: IncomingMessage): Promise<void> {
  const status = answer.statusCode ?? 0;
  if ((status >= 200 && status < 300) || status === 101 || status === 304) return;
  const text = await readText(answer);
  throw new EngineRefusal(status, messageOf(text) || `HTTP ${status}`);
}

function messageOf(text: string): string {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === "object" && answer !== null && "message" in answer) return String(answer.message);
  } catch {
    // Not JSON: the text itself is what was said.
  }
  return text.trim();
}

async function readText(answer: IncomingMessage): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of answer) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}
