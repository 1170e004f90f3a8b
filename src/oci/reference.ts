import { ArchwayError } from "../error/error.ts";
import type { Digest } from "./descriptor.ts";
import { isDigest, parseDigest } from "./digest.ts";

/**
 * Name of an image in a registry, in full: `docker.io/library/alpine:3.20@sha256:…`
 * (grammar of github.com/distribution/reference; short names are completed as Docker does).
 */
export interface Reference {
  /** `docker.io`, `registry.example.com:5000`, `[::1]:5000`; lower case. */
  readonly host: string;
  /** Path of the repository: `library/alpine`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** Registry of names without a host. */
export const dockerHub = "docker.io";

const officialPrefix = "library/";
/** Old name of Docker Hub that Docker still rewrites. */
const oldDockerHub = "index.docker.io";

/** Longest `host/path`, characters (distribution/reference, NameTotalLengthMax). */
const maxNameLength = 255;

const hostLabel = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const hostPattern = new RegExp(`^(?:${hostLabel}(?:\\.${hostLabel})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]{1,5})?$`);
const pathComponent = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const pathPattern = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`);
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const bareDigest = /^[a-f0-9]{64}$/;

/** True for a valid tag: letters, digits, `_`, `.` and `-`, not beginning with the last two, at most 128 characters. */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/**
 * Reads the name of an image as Docker does: `alpine` is `docker.io/library/alpine`; the first part is a host when it has a dot or a
 * port or is `localhost`. No tag is added: what a name without one means is the caller's to decide ({@link targetOf}).
 *
 * @throws ArchwayError `INVALID_REFERENCE` (kind `input`) that says what is wrong; for capitals with the lower-case form.
 */
export function parseReference(text: string): Reference {
  if (text === "") throw invalid(text, "it is empty");
  const scheme = /^[a-z]+:\/\//.exec(text)?.[0];
  if (scheme !== undefined) throw invalid(text, "it is a URL", `Write it without ${scheme}`);
  if (bareDigest.test(text)) throw invalid(text, "64 hexadecimal digits are an id, not the name of an image");
  const { name, tag, digest } = splitName(text);
  if (tag !== undefined && !isTag(tag)) throw invalid(text, `"${tag}" is not a tag`, tagRule);
  const [host, path] = splitHost(name);
  if (!hostPattern.test(host)) throw invalid(text, `"${host}" is not the name of a registry`);
  if (!pathPattern.test(path)) throw invalidPath(text, name, path);
  if (host.length + 1 + path.length > maxNameLength) {
    throw invalid(text, `the name of its repository is longer than ${maxNameLength} characters`);
  }
  return {
    host: host.toLowerCase() === oldDockerHub ? dockerHub : host.toLowerCase(),
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The whole reference: `docker.io/library/alpine:3.20@sha256:…`. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${repositoryOf(reference)}${tag}${digest}`;
}

/** The short form that people use, where it means the same: `alpine:3.20` for `docker.io/library/alpine:3.20`. */
export function familiarReference(reference: Reference): string {
  const whole = formatReference(reference);
  const { host, path } = reference;
  if (host !== dockerHub) return whole;
  const name = path.startsWith(officialPrefix) ? path.slice(officialPrefix.length) : path;
  // `library/a/b` is not what `a/b` means, and the first part of `a.b/c` would be taken for a host.
  const short = [name, path].find((text) => !bareDigest.test(text) && splitHost(text).join("/") === `${host}/${path}`);
  return short === undefined ? whole : short + whole.slice(host.length + 1 + path.length);
}

/** `host/path` of a reference, without tag and digest. */
export function repositoryOf(reference: Pick<Reference, "host" | "path">): string {
  return `${reference.host}/${reference.path}`;
}

/** What a store has to resolve: the digest, else the tag, else `latest`. */
export function targetOf(reference: Reference): string {
  return reference.digest ?? reference.tag ?? "latest";
}

/** The same repository at a tag, without digest. */
export function withTag(reference: Reference, tag: string): Reference {
  if (!isTag(tag)) throw invalid(`${repositoryOf(reference)}:${tag}`, `"${tag}" is not a tag`, tagRule);
  return { host: reference.host, path: reference.path, tag };
}

/** The same repository at a digest, without tag. */
export function withDigest(reference: Reference, digest: Digest): Reference {
  return { host: reference.host, path: reference.path, digest };
}

function splitName(text: string): { name: string; tag?: string; digest?: Digest } {
  const at = text.indexOf("@");
  const beforeDigest = at < 0 ? text : text.slice(0, at);
  const digestText = at < 0 ? undefined : text.slice(at + 1);
  if (digestText !== undefined && !isDigest(digestText)) throw invalid(text, parseDigestProblem(digestText));
  const digest = digestText === undefined ? {} : { digest: parseDigest(digestText) };
  const colon = beforeDigest.indexOf(":", beforeDigest.lastIndexOf("/") + 1);
  if (colon < 0) return { name: beforeDigest, ...digest };
  return { name: beforeDigest.slice(0, colon), tag: beforeDigest.slice(colon + 1), ...digest };
}

function parseDigestProblem(text: string): string {
  return `"${text.slice(0, 160)}" is not a digest: sha256: and 64, or sha512: and 128, hexadecimal digits in lower case`;
}

function splitHost(name: string): [host: string, path: string] {
  const slash = name.indexOf("/");
  if (slash < 0) return [dockerHub, officialPrefix + name];
  const first = name.slice(0, slash);
  const rest = name.slice(slash + 1);
  if (!/[.:]/.test(first) && first !== "localhost") return [dockerHub, name];
  if ([dockerHub, oldDockerHub].includes(first.toLowerCase()) && !rest.includes("/"))
    return [dockerHub, officialPrefix + rest];
  return [first, rest];
}

const tagRule = "A tag has letters, digits, _ . and -, does not begin with . or -, and is at most 128 characters long.";

function invalidPath(text: string, name: string, path: string): ArchwayError {
  if (/[A-Z]/.test(path) && pathPattern.test(path.toLowerCase())) {
    const lower = name.endsWith(path) ? name.slice(0, -path.length) + path.toLowerCase() : name.toLowerCase();
    return invalid(text, `the name of a repository has no capital letters; write ${lower + text.slice(name.length)}`);
  }
  if (path === "") return invalid(text, "the name of its repository is missing");
  return invalid(
    text,
    `"${path}" is not the name of a repository`,
    "Parts between slashes have lower-case letters and digits, separated by one . or _, two __, or any number of -.",
  );
}

function invalid(text: string, why: string, hint?: string): ArchwayError {
  return new ArchwayError({
    code: "INVALID_REFERENCE",
    kind: "input",
    message: `"${text.slice(0, 300)}" is not the name of an image: ${why}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
