import { ArchwayError } from "../../error/error.ts";
import { Authenticator } from "./auth.ts";
import { parseChallenge } from "./challenge.ts";
import { defaultTimeouts, openConnections, speaksTls } from "./connections.ts";
import type { CredentialFinder } from "./credentials.ts";
import {
  connectionError,
  isNeverConnected,
  isPassingFailure,
  refusalError,
  statusError,
  throttledError,
} from "./failure.ts";
import type { Connections, HttpAnswer, HttpRequest, HttpStream, RequestBody, Timeouts } from "./http.ts";
import { BodyError, exchange, openStream, readAnswer } from "./http.ts";
import { andThen, Lane } from "../lane.ts";
import type { RedirectRules } from "./redirect.ts";
import { checkTarget, followRedirect, maxRedirects } from "./redirect.ts";
import type { RetryPolicy } from "./retry.ts";
import { backoff, defaultRetryPolicy, isPassing, PassingError, pause, retryAfter } from "./retry.ts";
import type { Endpoint, RegistrySettings } from "./settings.ts";
import { endpointOf } from "./settings.ts";

/** A request to a registry, before scheme, credentials and retries. */
export interface RegistryRequest {
  readonly method: HttpRequest["method"];
  /** Path below the registry's root (`/v2/…`), or a URL that the registry gave. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | RequestBody;
  /** The repository that it is about. */
  readonly repository: string;
  /** Token scopes (`repository:library/alpine:pull`). */
  readonly scopes: readonly string[];
  /** What failed, for errors: `cannot push to HOST/PATH`. */
  readonly doing: string;
  readonly signal?: AbortSignal;
  /** False when the caller repeats it in its own way; then what may pass is thrown as a {@link PassingError}. */
  readonly retry?: boolean;
  /** The reader of a stream is done with a piece when it asks for the next one. */
  readonly lendsPieces?: boolean;
  /** Most bytes of the answer; 64 KiB unless told. */
  readonly limit?: number;
}

/** What a {@link Transport} is made with. */
export interface TransportParts {
  readonly settings: RegistrySettings;
  readonly credentials: CredentialFinder;
  readonly retry?: RetryPolicy;
  readonly timeouts?: Timeouts;
}

/**
 * Requests at once to one registry. Downloads and uploads have lanes of their own: a copy within a registry holds one of each, and
 * in a common lane such copies could wait for each other for ever.
 */
const laneWidths = { small: 8, download: 6, upload: 6 };

/** Tries when nobody answers at all: a registry that restarts is back, and a wrong address is told soon. */
const connectAttempts = 3;

type LaneName = keyof typeof laneWidths;

/**
 * Speaks HTTP with one registry for all its repositories: scheme, credentials, redirects, retries, limits. Answers with status below
 * 400, and 400, 404, 405, 409, 412, 413, 416 and the like, are the caller's to judge; 401, 403, 429 and 5xx become errors here.
 */
export class Transport {
  readonly endpoint: Endpoint;
  readonly policy: RetryPolicy;
  readonly #auth: Authenticator;
  readonly #rules: RedirectRules;
  readonly #lanes: Readonly<Record<LaneName, Lane>>;
  readonly #connections: Connections;
  #root: Promise<URL> | undefined;
  /** On the clock of `performance.now()`: nobody asks before, because the registry wants a rest. */
  #restUntil = 0;
  #isDown = false;

  constructor(host: string, parts: TransportParts) {
    this.endpoint = endpointOf(host, parts.settings);
    this.policy = parts.retry ?? defaultRetryPolicy;
    this.#connections = openConnections(this.endpoint, parts.timeouts ?? defaultTimeouts);
    this.#rules = { apiHost: this.endpoint.apiHost, insecure: parts.settings.insecure };
    this.#lanes = {
      small: new Lane(laneWidths.small),
      download: new Lane(laneWidths.download),
      upload: new Lane(laneWidths.upload),
    };
    this.#auth = new Authenticator({
      host,
      credentials: parts.credentials,
      rules: this.#rules,
      send: (request) => this.#withRetries(request, () => this.#exchange(request)),
    });
  }

  /** True when the last attempt to reach it found nobody. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** Sends a request and reads the answer whole. */
  async send(request: RegistryRequest): Promise<HttpAnswer> {
    const streams = request.body !== undefined && !(request.body instanceof Uint8Array);
    const lane = this.#lanes[streams ? "upload" : "small"];
    const once = () =>
      lane.run(() => this.#authorized(request, (http) => this.#exchange(http, request.limit)), request.signal);
    const answer = await (request.retry === false ? once() : this.#withRetries(request, once));
    await this.#check(request, answer);
    return answer;
  }

  /**
   * Sends a request whose answer's body is handed out as it comes, when its status is 2xx; other answers are read. A body has to be
   * read or left, because it holds a place in the lane.
   */
  async stream(request: RegistryRequest): Promise<HttpStream | HttpAnswer> {
    const leave = await this.#lanes.download.enter(request.signal);
    try {
      const answer = await this.#withRetries(request, () =>
        this.#authorized(request, (http) => this.#openStream(http)),
      );
      if (!("bytes" in answer)) return { ...answer, body: andThen(answer.body, leave) };
      await this.#check(request, answer);
      leave();
      return answer;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** A URL that the registry gave (`Location`, `Link`), made absolute; refused where the registry must not send us. */
  async locate(location: string, answer: HttpAnswer): Promise<URL> {
    const root = await this.#baseUrl();
    if (!URL.canParse(location, answer.url.href))
      throw statusError(answer, `${this.endpoint.host} sends us to no valid place`);
    const url = new URL(location, answer.url);
    // Registries behind a proxy that ends TLS often believe that they are spoken to in plain HTTP.
    if (url.protocol === "http:" && root.protocol === "https:" && url.hostname === root.hostname) {
      url.protocol = "https:";
      url.port = root.port;
    }
    checkTarget(url, this.#rules);
    return url;
  }

  /** Closes idle connections. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  /** Adds credentials, answers challenges, follows redirects. */
  async #authorized<Answer extends HttpAnswer | HttpStream>(
    request: RegistryRequest,
    send: (request: HttpRequest) => Promise<Answer | HttpAnswer>,
  ): Promise<Answer | HttpAnswer> {
    const { repository, scopes, signal } = request;
    const url = typeof request.target === "string" ? new URL(request.target, await this.#baseUrl()) : request.target;
    const isOurs = url.origin === (await this.#baseUrl()).origin;
    for (let refused = 0; ;) {
      const authorization = isOurs ? await this.#auth.authorization(repository, scopes, signal) : undefined;
      const answer = await this.#redirected(
        {
          method: request.method,
          url,
          headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
          ...(request.body === undefined ? {} : { body: request.body }),
          ...(signal === undefined ? {} : { signal }),
          ...(request.lendsPieces === undefined ? {} : { lendsPieces: request.lendsPieces }),
        },
        send,
      );
      if (answer.status !== 401 || answer.url.origin !== url.origin) return answer;
      // A token that was refused may have expired; a new one that is refused too is an answer.
      if (authorization !== undefined) refused++;
      const challenge = parseChallenge(answer.headers["www-authenticate"]);
      if (refused > 1 || !(await this.#auth.challenged(challenge, repository, scopes, authorization))) return answer;
    }
  }

  async #redirected<Answer extends HttpAnswer | HttpStream>(
    first: HttpRequest,
    send: (request: HttpRequest) => Promise<Answer | HttpAnswer>,
  ): Promise<Answer | HttpAnswer> {
    let request = first;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const answer = await send(request);
      const next = followRedirect(request, answer, this.#rules);
      if (next === undefined) return answer;
      request = next;
    }
    throw new ArchwayError({
      code: "REGISTRY_ERROR",
      kind: "unreachable",
      message: `${this.endpoint.host} redirects more than ${maxRedirects} times in a row`,
    });
  }

  /** Repeats what may pass: failed connections, and statuses that say "later". */
  async #withRetries<Answer extends HttpAnswer | HttpStream>(
    request: { readonly signal?: AbortSignal },
    once: () => Promise<Answer | HttpAnswer>,
  ): Promise<Answer | HttpAnswer> {
    const { signal } = request;
    for (let attempt = 1; ; attempt++) {
      const rest = this.#restUntil - performance.now();
      if (rest > 0) await pause(rest, signal);
      try {
        const answer = await once();
        if (!("bytes" in answer) || !isPassing(answer.status)) return answer;
        this.#rest(answer, attempt);
        if (attempt >= this.policy.attempts) return answer;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof PassingError)) throw error;
        const attempts = error.connected ? this.policy.attempts : Math.min(this.policy.attempts, connectAttempts);
        if (attempt >= attempts) throw error.reason;
      }
      await pause(backoff(this.policy, attempt), signal);
    }
  }

  /** Obeys `Retry-After`: all requests to this registry wait. */
  #rest(answer: HttpAnswer, attempt: number): void {
    const wait = retryAfter(answer.headers["retry-after"], Date.now());
    if (wait === undefined) return;
    if (wait > this.policy.maxRetryAfter) throw throttledError(answer, Math.ceil(wait / 1000));
    if (attempt < this.policy.attempts) this.#restUntil = Math.max(this.#restUntil, performance.now() + wait);
  }

  async #exchange(request: HttpRequest, limit?: number): Promise<HttpAnswer> {
    return this.#connected(request, (connections) => exchange(connections, request, limit));
  }

  async #openStream(request: HttpRequest): Promise<HttpStream | HttpAnswer> {
    const answer = await this.#connected(request, (connections) => openStream(connections, request));
    if (answer.status >= 200 && answer.status < 300) return answer;
    const bytes = await this.#connected(request, () => readAnswer(answer, answer.body));
    return { status: answer.status, headers: answer.headers, url: answer.url, bytes };
  }

  /** Runs one exchange and turns failures of the connection into errors for a person. */
  async #connected<Result>(request: HttpRequest, run: (connections: Connections) => Promise<Result>): Promise<Result> {
    try {
      const result = await run(this.#connections);
      this.#isDown = false;
      return result;
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof BodyError) throw error.cause;
      if (error instanceof ArchwayError) throw error;
      const reason = connectionError(error, request.url, this.endpoint);
      if (request.url.host === this.endpoint.apiHost)
        this.#isDown = isNeverConnected(error) || !isPassingFailure(error);
      throw isPassingFailure(error) ? new PassingError(reason, !isNeverConnected(error)) : reason;
    }
  }

  /** Scheme and host of the API. */
  #baseUrl(): Promise<URL> {
    this.#root ??= this.#findScheme().catch((error: unknown) => {
      this.#root = undefined;
      throw error;
    });
    return this.#root;
  }

  async #findScheme(): Promise<URL> {
    const secure = new URL(`https://${this.endpoint.apiHost}`);
    if (!this.endpoint.plainHttp) return secure;
    const tls = await this.#connected({ method: "GET", url: secure, headers: {} }, () =>
      speaksTls(this.endpoint, this.#connections.timeouts),
    );
    return tls ? secure : new URL(`http://${this.endpoint.apiHost}`);
  }

  /** Throws for answers that no caller can use. */
  async #check(request: RegistryRequest, answer: HttpAnswer): Promise<void> {
    const { status } = answer;
    if (status === 401 || status === 403) throw await this.#refusal(request, answer);
    if (status < 500 && !isPassing(status)) return;
    const error = statusError(answer, request.doing);
    throw request.retry === false ? new PassingError(error) : error;
  }

  async #refusal(request: RegistryRequest, answer: HttpAnswer): Promise<ArchwayError> {
    if (answer.url.host !== this.endpoint.apiHost) return statusError(answer, request.doing);
    return refusalError(answer, request.doing, {
      host: this.endpoint.host,
      user: await this.#auth.user(request.repository),
      wrongPassword: answer.status === 401 && this.#auth.takesPasswords,
      problem: await this.#auth.problem(request.repository),
    });
  }
}
