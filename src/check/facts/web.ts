import { exchange, type HttpAnswer } from "../../store/registry/http.ts";
import { openConnections } from "../../store/registry/connections.ts";
import { Lane } from "../../store/lane.ts";
import { hostnameOf, isLoopback, isPrivateAddress } from "../../store/registry/settings.ts";

/** Asks public web servers. */
export interface Web {
  /**
   * Sends a request without credentials and follows redirects.
   *
   * @param limit bytes of a longest answer
   * @returns undefined when there is no answer to rely on: no connection, too many redirects, an address that is not asked
   */
  ask(request: WebRequest, signal: AbortSignal): Promise<Pick<HttpAnswer, "status" | "bytes"> | undefined>;
}

/** A request of {@link Web}. */
export interface WebRequest {
  readonly method: "GET" | "HEAD";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes; default 64 KiB. */
  readonly limit?: number;
}

/** How servers are asked. */
export interface WebOptions {
  /** Hosts (`host:port`) that may be asked although they are of this machine or a private network. */
  readonly trusted?: readonly string[];
  /** Milliseconds for a connection, and without a byte. */
  readonly timeouts?: { readonly connect: number; readonly idle: number };
}

const patience = { connect: 5_000, idle: 10_000 };

/** Requests at once, over all servers. */
const atOnce = 8;

/** A server that could not be reached so often is not tried again in this run. */
const maxFailures = 2;

const maxRedirects = 8;
const redirecting = new Set([301, 302, 303, 307, 308]);

/** Names of machines that are in no public network (RFC 6762, 6761, 8375; ICANN's `internal`). */
const localName = /(?:^[^.]*|\.(?:local|localhost|internal|lan|home|home\.arpa|test|example|invalid|corp|intranet))$/i;

/**
 * Opens connections to public servers. What a repository of strangers names is never a reason to speak with this machine or its network, nor to send a name or
 * password.
 */
export function openWeb({ trusted = [], timeouts = patience }: WebOptions = {}): Web {
  const connections = openConnections({ host: "", apiHost: "", plainHttp: false }, timeouts);
  const lane = new Lane(atOnce);
  const failures = new Map<string, number>();
  const isAsked = (url: URL) => {
    if (!["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") return false;
    if (trusted.includes(url.host)) return true;
    const name = hostnameOf(url.host);
    return !isPrivateAddress(name) && !isLoopback(name) && !localName.test(name);
  };
  const follow = async ({ method, url, headers = {}, limit }: WebRequest, signal: AbortSignal) => {
    if (!URL.canParse(url)) return undefined;
    let target = new URL(url);
    for (let hop = 0; hop <= maxRedirects; hop++) {
      const { host } = target;
      if (!isAsked(target) || (failures.get(host) ?? 0) >= maxFailures) return undefined;
      const answer = await exchange(connections, { method, url: target, headers, signal }, limit).catch(
        (error: unknown) => {
          if (!(error instanceof Error)) throw error;
          failures.set(host, (failures.get(host) ?? 0) + 1);
          return undefined;
        },
      );
      signal.throwIfAborted();
      if (answer === undefined) return undefined;
      const { location } = answer.headers;
      if (!redirecting.has(answer.status) || location === undefined) return answer;
      if (!URL.canParse(location, target.href)) return undefined;
      target = new URL(location, target);
    }
    return undefined;
  };
  return { ask: (request, signal) => lane.run(() => follow(request, signal), signal) };
}
