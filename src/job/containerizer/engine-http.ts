import { createReadStream } from "node:fs";
import { Agent, request, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { ArchwayError } from "../../error/error.ts";

/** An answer of the engine that is no success. */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** A file that is sent instead. */
  readonly upload?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The Engine API over its socket: JSON in and out, streams, and connections that are taken over. */
export class EngineHttp {
  /** `unix://PATH`, as a person writes it. */
  readonly endpoint: string;
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  /** @throws ArchwayError `ENDPOINT_INVALID` (kind `input`) for what is no socket of this machine. */
  constructor(endpoint: string) {
    const path = /^unix:\/\/(\/.+)$/.exec(endpoint)?.[1];
    if (path === undefined) {
      throw new ArchwayError({
        code: "ENDPOINT_INVALID",
        kind: "input",
        message: `${endpoint} is no socket of this machine: jobs run on the engine of this machine alone.`,
        hint: "Give unix:///run/docker.sock or the socket of Podman.",
      });
    }
    this.endpoint = endpoint;
    this.#socketPath = path;
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
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = this.#open(asked, signal, reject);
      sent.on("response", resolve);
      if (asked.upload !== undefined) createReadStream(asked.upload).on("error", reject).pipe(sent);
      else sent.end(asked.body === undefined ? undefined : JSON.stringify(asked.body));
    });
    await requireSuccess(answer);
    return answer;
  }

  /** Takes a connection over: what follows the answer belongs to the caller. */
  async hijack(
    asked: EngineRequest,
    signal: AbortSignal,
  ): Promise<{ readonly stream: Readable; readonly head: Uint8Array }> {
    return new Promise((resolve, reject) => {
      const upgrade = { Connection: "Upgrade", Upgrade: "tcp", ...asked.headers };
      const sent = this.#open({ ...asked, headers: upgrade }, signal, reject);
      sent.on("upgrade", (_, socket: Socket, head: Uint8Array) => resolve({ stream: socket, head }));
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
      socketPath: this.#socketPath,
      agent: this.#agent,
      method,
      path,
      signal,
      headers: { Host: "engine", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    });
    sent.on("error", (error) => reject(signal.aborted ? signal.reason : engineLost(this.endpoint, error)));
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
    hint: "Is it running? docker info, or podman info, tells.",
    cause,
  });
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
