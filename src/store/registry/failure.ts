import { z } from "zod";
import { ArchwayError } from "../../error/error.ts";
import type { HttpAnswer } from "./http.ts";
import type { Endpoint } from "./settings.ts";

/** Codes of OpenSSL and Node.js when a certificate is not trusted. */
const untrusted = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_UNTRUSTED",
]);

/** Failures of a connection that may be gone a moment later. */
const passingCodes = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ERR_STREAM_PREMATURE_CLOSE",
  "HPE_INVALID_CONSTANT",
  "HPE_INVALID_EOF_STATE",
]);

/** True when a connection failed in a way that may pass. */
export function isPassingFailure(error: unknown): boolean {
  return passingCodes.has(codeOf(error));
}

/** True when no connection came about. */
export function isNeverConnected(error: unknown): boolean {
  return ["ECONNREFUSED", "EAI_AGAIN", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"].includes(codeOf(error));
}

/** True when a TLS handshake was answered by something else, plain HTTP as a rule. */
export function isNotTls(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG" || code === "EPROTO";
}

/** Says why a registry could not be reached, and what to do. */
export function connectionError(error: unknown, url: URL, endpoint: Endpoint): ArchwayError {
  const code = codeOf(error);
  // Behind the semicolon Node tells which of its own flags might help.
  const [reason] = (error instanceof Error && error.message !== "" ? error.message : code).split(";");
  const where = url.host === endpoint.apiHost ? url.host : `${url.host} (where ${endpoint.host} sent us)`;
  if (isNotTls(error)) {
    return failure("TLS", `${where} does not speak TLS: it answers in plain HTTP`, {
      hint: `If that is intended and the network is trusted, allow it: --insecure-registry ${endpoint.host}`,
      cause: error,
    });
  }
  if (untrusted.has(code)) {
    return failure(
      "TLS",
      `the certificate of ${where} is not signed by an authority that is trusted here (${reason})`,
      {
        hint: `Name its authority's PEM file in .archway.yaml: registries: {"${endpoint.host}": {ca: FILE}}`,
        cause: error,
      },
    );
  }
  if (code.startsWith("CERT_") || code.startsWith("ERR_TLS_") || code.startsWith("ERR_SSL_")) {
    return failure("TLS", `no trusted connection to ${where}: ${reason}`, {
      hint: "Check the name, the certificate's dates and this machine's clock.",
      cause: error,
    });
  }
  return failure("UNREACHABLE", `cannot reach ${where}: ${reason}`, {
    hint:
      code === "ENOTFOUND"
        ? "Check the spelling of the registry's name and the network."
        : "Check that the registry runs and that the network lets you through.",
    cause: error,
  });
}

/** An answer that the distribution specification does not foresee, or a refusal of the registry, in its own words. */
export function statusError(answer: HttpAnswer, doing: string, hint?: string): ArchwayError {
  const reason = reasonOf(answer);
  const message = `${doing}: ${answer.url.host} answered ${answer.status}${reason && `: ${reason}`}`;
  return failure("REGISTRY_ERROR", message, hint === undefined ? {} : { hint });
}

/** The registry asks for longer patience than we have. */
export function throttledError(answer: HttpAnswer, seconds: number): ArchwayError {
  const reason = reasonOf(answer);
  return failure(
    "REGISTRY_ERROR",
    `${answer.url.host} limits requests and asks to come back in ${seconds} seconds${reason && `: ${reason}`}`,
    { hint: "Log in for a higher limit, use a mirror (registries: in .archway.yaml), or run again later." },
  );
}

/** Who was refused, for {@link refusalError}. */
export interface Refused {
  /** The registry as references spell it. */
  readonly host: string;
  /** Who is logged in. */
  readonly user: string | undefined;
  readonly wrongPassword: boolean;
  /** Why a credential helper gave nothing. */
  readonly problem: string | undefined;
}

/** The registry answers 401 or 403: `UNAUTHORIZED` when a login would help, `DENIED` when who is logged in may not. */
export function refusalError(answer: HttpAnswer, doing: string, refused: Refused): ArchwayError {
  const { host, user, wrongPassword, problem } = refused;
  const said = [reasonOf(answer), problem ?? ""].filter((part) => part !== "").join("; ");
  const why = said === "" ? "" : ` (${said})`;
  if (answer.status === 401 && (user === undefined || wrongPassword)) {
    const who =
      wrongPassword && user !== undefined
        ? `does not accept the password of ${user}`
        : "wants a login, and there is none for it here";
    return failure("UNAUTHORIZED", `${doing}: ${host} ${who}${why}`, {
      hint: `${loginHint(host)} Many registries answer the same for a repository that does not exist: check its name too.`,
    });
  }
  return failure("DENIED", `${doing}: ${host} refuses it to ${user ?? "somebody who is not logged in"}${why}`, {
    hint:
      user === undefined ? loginHint(host) : `Ask for the right, or log in as somebody who has it. ${loginHint(host)}`,
  });
}

/** Where to log in. */
export function loginHint(host: string): string {
  const name = host === "docker.io" ? "" : ` ${host}`;
  return `Log in: docker login${name}, or podman login ${host}.`;
}

const errorsSchema = z.object({
  errors: z.array(z.object({ code: z.string().nullish(), message: z.string().nullish() })).min(1),
});

/** Error codes of a registry's answer (distribution-spec, "Error Codes"), for example `MANIFEST_UNKNOWN`. */
export function errorCodesOf(answer: HttpAnswer): string[] {
  return errorsOf(answer).flatMap(({ code }) => (code ? [code] : []));
}

/** What an answer's body says, cleaned for a terminal and cut to one line. */
export function reasonOf(answer: HttpAnswer): string {
  const errors = errorsOf(answer).map(({ code, message }) => [code, message].filter(Boolean).join(": "));
  const isText = answer.headers["content-type"]?.startsWith("text/plain") === true;
  const text = errors.length > 0 ? errors.join("; ") : isText ? new TextDecoder().decode(answer.bytes) : "";
  // Control characters from strangers could move the cursor.
  const clean = text.replace(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
  return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean;
}

function errorsOf(answer: HttpAnswer): { code?: string | null | undefined; message?: string | null | undefined }[] {
  try {
    const parsed = errorsSchema.safeParse(JSON.parse(new TextDecoder().decode(answer.bytes)));
    return parsed.success ? parsed.data.errors.slice(0, 5) : [];
  } catch {
    // Proxies answer with HTML: then the status has to do.
    return [];
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

function failure(code: string, message: string, more: { hint?: string; cause?: unknown }): ArchwayError {
  return new ArchwayError({ code, kind: "unreachable", message, ...more });
}
