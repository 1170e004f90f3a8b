import { ArchwayError } from "../../error/error.ts";
import type { HttpHead, HttpRequest } from "./http.ts";
import { allowsPlainHttp, hostnameOf, isPrivateAddress } from "./settings.ts";

/** Most redirects in a row; registries use one, content networks two. */
export const maxRedirects = 8;

const redirecting = new Set([301, 302, 303, 307, 308]);

/** What a place may be sent to. */
export interface RedirectRules {
  /** Host of the registry that began the conversation. */
  readonly apiHost: string;
  /** Hosts that the user trusts with plain HTTP. */
  readonly insecure: readonly string[];
}

/**
 * The request that follows a redirect; undefined when the answer is none. Registries send readers of blobs to storage with a signed
 * URL: credentials stay behind when the origin changes, TLS is not given up, and a public registry cannot send us to a private
 * address.
 *
 * @throws ArchwayError `REGISTRY_ERROR` (kind `unreachable`) for a redirect that is refused.
 */
export function followRedirect(request: HttpRequest, answer: HttpHead, rules: RedirectRules): HttpRequest | undefined {
  const { location } = answer.headers;
  if (!redirecting.has(answer.status) || location === undefined) return undefined;
  if (!URL.canParse(location, answer.url.href)) throw refused(answer, "it is not a URL");
  const url = new URL(location, answer.url);
  checkTarget(url, rules);
  const keepsMethod = request.method === "GET" || request.method === "HEAD" || [307, 308].includes(answer.status);
  if (!keepsMethod) throw refused(answer, `a ${request.method} cannot follow status ${answer.status}`);
  return { ...request, url, headers: url.origin === answer.url.origin ? request.headers : withoutCredentials(request) };
}

/**
 * Refuses places that a registry must not send a client to, by redirect, upload location or token realm.
 *
 * @throws ArchwayError `REGISTRY_ERROR` (kind `unreachable`).
 */
export function checkTarget(url: URL, rules: RedirectRules): void {
  const from = rules.apiHost;
  if (url.protocol !== "https:" && url.protocol !== "http:") throw blocked(from, url, "it is no web address");
  if (url.protocol === "http:" && !allowsPlainHttp(url.host, rules)) {
    throw blocked(
      from,
      url,
      "it is plain HTTP",
      `Allow it with --insecure-registry ${url.host} if the network is trusted.`,
    );
  }
  if (isPrivateAddress(hostnameOf(url.host)) && isPublic(hostnameOf(from)) && !rules.insecure.includes(url.host)) {
    throw blocked(from, url, "it is a private address, and the registry's is public");
  }
}

/** A name with a dot or a public address; a lone word is a name of the local network. */
function isPublic(hostname: string): boolean {
  return !isPrivateAddress(hostname) && /[.:]/.test(hostname);
}

function withoutCredentials({ headers }: HttpRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "authorization"));
}

function refused(answer: HttpHead, why: string): ArchwayError {
  return new ArchwayError({
    code: "REGISTRY_ERROR",
    kind: "unreachable",
    message: `${answer.url.host} answered with a redirect that cannot be followed: ${why}`,
  });
}

function blocked(from: string, url: URL, why: string, hint?: string): ArchwayError {
  return new ArchwayError({
    code: "REGISTRY_ERROR",
    kind: "unreachable",
    message: `${from} sends us to ${url.protocol}//${url.host}, which is refused: ${why}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
