import { setTimeout as sleep } from "node:timers/promises";
import type { ArchwayError } from "../../error/error.ts";

/** How often and how patiently a request is repeated. Times in milliseconds. */
export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attempts: number;
  /** Wait before the second try; doubles with every further one. */
  readonly firstDelay: number;
  readonly maxDelay: number;
  /** Longest `Retry-After` that is waited for; beyond it the request fails at once and says so. */
  readonly maxRetryAfter: number;
}

/** Ten seconds of trying in all, a minute when the registry names a time; about what docker, crane and regctl do. */
export const defaultRetryPolicy: RetryPolicy = {
  attempts: 6,
  firstDelay: 250,
  maxDelay: 8_000,
  maxRetryAfter: 60_000,
};

/** Statuses that pass: timeout, too many requests, and failures of servers and the proxies before them. */
const passing = new Set([408, 429, 499, 500, 502, 503, 504, 522]);

/** True when the same request may succeed later. */
export function isPassing(status: number): boolean {
  return passing.has(status);
}

/** Milliseconds before try number `attempt` + 1: doubling, with jitter of a half up and down so that clients do not march in step. */
export function backoff(policy: RetryPolicy, attempt: number, random: () => number = Math.random): number {
  const delay = Math.min(policy.maxDelay, policy.firstDelay * 2 ** (attempt - 1));
  return delay * (0.5 + random());
}

/** Milliseconds that a `Retry-After` header asks for (RFC 9110 §10.2.3: seconds or a date); undefined when there is none to be read. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Waits, unless the signal aborts. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
}

/** A failure that may pass when the same thing is done again; `reason` is the error for a person when it does not. */
export class PassingError extends Error {
  override readonly name = "PassingError";
  readonly reason: ArchwayError;
  /** False when nobody was there to speak with. */
  readonly connected: boolean;

  constructor(reason: ArchwayError, connected = true) {
    super(reason.message, { cause: reason });
    this.reason = reason;
    this.connected = connected;
  }
}
