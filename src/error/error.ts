/**
 * What a failure means for the exit code of a command (design, "Contracts"):
 * - `failed`: the work was possible and did not succeed (exit 1): a platform is missing, a step or the gate failed;
 * - `input`: what the user gave is wrong (exit 2): flags, Dockerfile, configuration, tag;
 * - `unreachable`: it could not be decided or not be reached (exit 3): registry, authentication, engine, network;
 * - `interrupted`: the user or a signal stopped it (exit 130).
 */
export type ErrorKind = "failed" | "input" | "unreachable" | "interrupted";

/** Exit code of each kind of error. */
export const exitCodes: Readonly<Record<ErrorKind, number>> = {
  failed: 1,
  input: 2,
  unreachable: 3,
  interrupted: 130,
};

/** A place in a file that an error is about; line and column count from 1. */
export interface ErrorPlace {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** What an {@link ArchwayError} is made of. */
export interface ErrorParts {
  /** Stable name of the error in capitals, for example `BASE_PLATFORM_MISSING`; what programs decide by. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** What happened and why, one sentence or a few lines, without a final "Error:". */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  readonly place?: ErrorPlace;
  readonly cause?: unknown;
}

/**
 * The one error type of the project that a person reads: it says what happened, why, and what to do next.
 * Anything else that reaches the command line is a defect of Archway.
 */
export class ArchwayError extends Error {
  override readonly name = "ArchwayError";
  readonly code: string;
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly place: ErrorPlace | undefined;

  constructor(parts: ErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.kind = parts.kind;
    this.hint = parts.hint;
    this.place = parts.place;
  }
}

/** True when an error says that its work was cancelled through an `AbortSignal`. */
export function isAbort(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === "AbortError" || (error instanceof ArchwayError && error.kind === "interrupted"))
  );
}
