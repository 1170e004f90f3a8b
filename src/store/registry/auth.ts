import { z } from "zod";
import { ArchwayError } from "../../error/error.ts";
import type { Challenge } from "./challenge.ts";
import type { Credential, CredentialFinder } from "./credentials.ts";
import { loginHint, reasonOf } from "./failure.ts";
import type { HttpAnswer, HttpRequest } from "./http.ts";
import type { RedirectRules } from "./redirect.ts";
import { checkTarget } from "./redirect.ts";

/** Sends a request to a token server: with retries, without our authorisation. */
export type SendPlain = (request: HttpRequest) => Promise<HttpAnswer>;

/** What an {@link Authenticator} works with. */
export interface AuthenticatorParts {
  /** The registry as references spell it. */
  readonly host: string;
  readonly credentials: Pick<CredentialFinder, "find">;
  readonly rules: RedirectRules;
  readonly send: SendPlain;
}

interface Token {
  readonly header: string;
  /** On the clock of `performance.now()`. */
  readonly expires: number;
}

/** Tokens without `expires_in` live so long, seconds (token.md). */
const defaultLifetime = 60;

/** Part of a token's life in which it is used; the rest is for clocks and slow requests. */
const usableLife = 0.8;

const tokenSchema = z.object({
  token: z.string().nullish(),
  access_token: z.string().nullish(),
  expires_in: z.number().positive().nullish(),
});

/**
 * Knows how one registry authenticates and keeps its tokens, by scope. Tokens are fetched once for all requests that wait for the same
 * scope. A token with fewer rights than asked is no error here: the next answer of the registry says what is missing.
 */
export class Authenticator {
  readonly #parts: AuthenticatorParts;
  #challenge: Challenge | undefined;
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** Value of the `Authorization` header for scopes in a repository; undefined as long as the registry has not asked for one. */
  async authorization(path: string, scopes: readonly string[], signal?: AbortSignal): Promise<string | undefined> {
    const { credential } = await this.#credential(path);
    if (credential?.kind === "bearer") return `Bearer ${credential.token}`;
    if (this.#challenge === undefined) return undefined;
    if (this.#challenge.kind === "basic") return basicHeader(credential);
    return unlessAborted(this.#bearer(this.#challenge, credential, scopes), signal);
  }

  /**
   * Takes in an answer 401 to a request that was sent with `used` as its authorisation.
   *
   * @returns Whether trying again, with a new authorisation, makes sense.
   */
  async challenged(
    challenge: Challenge | undefined,
    path: string,
    scopes: readonly string[],
    used?: string,
  ): Promise<boolean> {
    if (challenge === undefined) return false;
    const { credential } = await this.#credential(path);
    if (credential?.kind === "bearer") return false;
    const known = this.#challenge;
    this.#challenge = challenge;
    if (challenge.kind === "basic") return used === undefined && credential?.kind === "basic";
    const key = scopeKey(scopes);
    if (used === undefined || known?.kind !== "bearer") return true;
    // Only the token that was refused is dropped: another request may have fetched a new one meanwhile.
    const current = await this.#tokens.get(key)?.catch(() => undefined);
    if (current === undefined || current.header === used) this.#tokens.delete(key);
    return true;
  }

  /** True when the registry takes the password itself, so that a refusal means that it is wrong. */
  get takesPasswords(): boolean {
    return this.#challenge?.kind === "basic";
  }

  /** The name that credentials log in with: for messages. */
  async user(path: string): Promise<string | undefined> {
    const { credential } = await this.#credential(path);
    return credential && nameOf(credential);
  }

  /** Why a configured credential helper gave nothing, if it failed: for messages. */
  async problem(path: string): Promise<string | undefined> {
    return (await this.#credential(path)).problem;
  }

  #credential(path: string): ReturnType<CredentialFinder["find"]> {
    return this.#parts.credentials.find(this.#parts.host, path);
  }

  async #bearer(
    challenge: Challenge & { kind: "bearer" },
    credential: Credential | undefined,
    scopes: readonly string[],
  ): Promise<string> {
    const key = scopeKey(scopes);
    const known = this.#tokens.get(key);
    if (known !== undefined && (await isUsable(known))) return (await known).header;
    const current = this.#tokens.get(key);
    if (current !== undefined && current !== known) return (await current).header;
    const fetched = this.#fetchToken(challenge, credential, scopes);
    this.#tokens.set(key, fetched);
    return (await fetched).header;
  }

  async #fetchToken(
    challenge: Challenge & { kind: "bearer" },
    credential: Credential | undefined,
    scopes: readonly string[],
  ): Promise<Token> {
    const asked = [...new Set([...scopes, ...(challenge.scope?.split(" ") ?? [])])];
    const request = tokenRequest(this.#realm(challenge), challenge.service, credential, asked);
    const answer = await this.#parts.send(request);
    if (answer.status !== 200) throw this.#refused(answer, credential);
    const parsed = tokenSchema.safeParse(parseToken(answer.bytes));
    const token = parsed.data?.token || parsed.data?.access_token;
    if (!token) throw this.#unauthorized(`${answer.url.host} gave no token`);
    const lifetime = parsed.data?.expires_in ?? defaultLifetime;
    return { header: `Bearer ${token}`, expires: performance.now() + lifetime * 1000 * usableLife };
  }

  #realm({ realm }: Challenge & { kind: "bearer" }): URL {
    if (!URL.canParse(realm)) throw this.#unauthorized(`it names a token server that is no URL`);
    const url = new URL(realm);
    checkTarget(url, this.#parts.rules);
    return url;
  }

  #refused(answer: HttpAnswer, credential: Credential | undefined): ArchwayError {
    const reason = reasonOf(answer);
    const who = credential === undefined ? "to nobody in particular" : `to ${nameOf(credential)}`;
    return this.#unauthorized(`${answer.url.host} gives no token ${who} (${answer.status}${reason && `: ${reason}`})`);
  }

  #unauthorized(why: string): ArchwayError {
    const { host } = this.#parts;
    return new ArchwayError({
      code: "UNAUTHORIZED",
      kind: "unreachable",
      message: `${host} does not let us in: ${why}`,
      hint: loginHint(host),
    });
  }
}

function tokenRequest(
  realm: URL,
  service: string | undefined,
  credential: Credential | undefined,
  scopes: string[],
): HttpRequest {
  if (credential?.kind === "identity") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: credential.token,
      client_id: "archway",
      scope: scopes.join(" "),
      ...(service === undefined ? {} : { service }),
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", url: realm, headers, body: new TextEncoder().encode(form.toString()) };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const authorization = basicHeader(credential);
  if (credential?.kind === "basic") url.searchParams.set("account", credential.user);
  return { method: "GET", url, headers: authorization === undefined ? {} : { authorization } };
}

function basicHeader(credential: Credential | undefined): string | undefined {
  if (credential?.kind !== "basic") return undefined;
  return `Basic ${Buffer.from(`${credential.user}:${credential.password}`).toString("base64")}`;
}

function parseToken(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The text may hold a token, so nothing of it is kept; the schema refuses this value.
    return undefined;
  }
}

function nameOf(credential: Credential): string {
  if (credential.kind === "basic") return credential.user;
  return (credential.kind === "identity" ? credential.user : undefined) ?? "the owner of a token";
}

async function isUsable(token: Promise<Token>): Promise<boolean> {
  const known = await token.catch(() => undefined);
  return known !== undefined && known.expires > performance.now();
}

/** Others may wait for the same token, so aborting one waiter leaves the request alone. */
async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function scopeKey(scopes: readonly string[]): string {
  return [...scopes].sort().join(" ");
}
