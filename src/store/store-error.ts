import { ArchwayError } from "../error/error.ts";
import type { Digest } from "../oci/descriptor.ts";

/** What was asked for is not in the store. `what` reads like `tag 1.0` or `blob sha256:…`. */
export function notFound(store: string, what: string, hint?: string): ArchwayError {
  return new ArchwayError({
    code: "NOT_FOUND",
    kind: "unreachable",
    message: `${store} has no ${what}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** There is no store at a place. */
export function nothingThere(store: string, why: string, hint: string): ArchwayError {
  return new ArchwayError({ code: "NOT_FOUND", kind: "unreachable", message: `${store} cannot be read: ${why}`, hint });
}

/** A name that no registry takes as a tag. */
export function invalidTag(tag: string): ArchwayError {
  return new ArchwayError({
    code: "INVALID_REFERENCE",
    kind: "input",
    message: `"${tag.slice(0, 160)}" is not a tag`,
    hint: "A tag has letters, digits, _ . and -, does not begin with . or -, and is at most 128 characters long.",
  });
}

/** A tag does not point any more at what the caller knew; `null` stands for a tag that is not there. */
export function tagMoved(store: string, tag: string, expected: Digest | null, found: Digest | null): ArchwayError {
  const was = expected === null ? "it was not to exist" : `it was to point at ${expected}`;
  const is = found === null ? "it does not exist" : `it points at ${found}`;
  return new ArchwayError({
    code: "TARGET_MOVED",
    kind: "failed",
    message: `${store}:${tag} has moved: ${was}, and now ${is}`,
    hint: "Somebody else published there. Look at what the tag has now, then run the command again.",
  });
}

/** More bytes than the bounds of `oci/limits.ts` allow. */
export function tooLarge(what: string, limit: number): ArchwayError {
  return new ArchwayError({
    code: "TOO_LARGE",
    kind: "failed",
    message: `${what} is larger than the ${limit} bytes that are allowed`,
  });
}

/** A write to a store that can only be read. */
export function readOnly(store: string): ArchwayError {
  return new ArchwayError({
    code: "READ_ONLY",
    kind: "input",
    message: `${store} can only be read`,
    hint: "Archives are written whole; give a folder (oci:DIR) or a registry to change an image.",
  });
}

/** Turns a failure of the file system into an error that a person can act on; other errors stay as they are. */
export function fileError(error: unknown, doing: string): unknown {
  const code = errnoOf(error);
  if (code === undefined || !(error instanceof Error)) return error;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    const why = {
      ENOSPC: "the disk is full",
      EDQUOT: "the disk quota is used up",
      EFBIG: "the file would be too large",
    };
    return failed("NO_SPACE", `${doing}: ${why[code]}`, "Free some space, then run the same command again.", error);
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    const why = code === "EROFS" ? "the file system is read-only" : "permission denied";
    return failed("DENIED", `${doing}: ${why}`, "Choose a folder that you may write to, or change its owner.", error);
  }
  if (code === "ENOENT")
    return failed("NOT_FOUND", `${doing}: there is no such file or folder`, "Check the path.", error);
  if (code === "ENOTDIR" || code === "EEXIST" || code === "EISDIR") {
    const why = code === "EISDIR" ? "a folder is where a file belongs" : "a file is where a folder belongs";
    return failed("UNREACHABLE", `${doing}: ${why}`, "Check the path.", error);
  }
  return failed("UNREACHABLE", `${doing}: ${error.message}`, undefined, error);
}

/** The name of a system error, for example `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function failed(code: string, message: string, hint: string | undefined, cause: unknown): ArchwayError {
  return new ArchwayError({ code, kind: "unreachable", message, ...(hint === undefined ? {} : { hint }), cause });
}
