import { devNull } from "node:os";
import type { ResolveReference } from "../build/bases.ts";
import type { Config } from "../config/config.ts";
import { ArchwayError } from "../error/error.ts";
import { parseReference } from "../oci/reference.ts";
import type { JobWork } from "../pipeline/job-spec.ts";
import type { Login } from "../store/registry/settings.ts";
import type { CliContext } from "./context.ts";
import { isPlace } from "./image-targets.ts";

/** The pipeline's logins: a user and the secret that holds the password. */
export function loginOf({ registries }: Config, secrets: ReadonlyMap<string, string>): Login {
  return (host) => {
    const { username, password } = registries[host] ?? {};
    const value = password === undefined ? undefined : secrets.get(password.secret);
    return username === undefined || value === undefined ? undefined : { username, password: value };
  };
}

/** `config.json` of Docker for some hosts, with the logins that there are. */
export function dockerConfig(hosts: readonly string[], login: Login): string {
  const auths = hosts.flatMap((host) => {
    const found = login(host);
    if (found === undefined) return [];
    // Docker's clients look for the Hub under this name.
    const key = host === "docker.io" ? "https://index.docker.io/v1/" : host;
    return [[key, { auth: Buffer.from(`${found.username}:${found.password}`).toString("base64") }] as const];
  });
  return `${JSON.stringify({ auths: Object.fromEntries(auths) })}\n`;
}

/** Where the logins of a pipeline come from, when nobody knows which one is meant. */
export const pipelineLogin =
  "Jobs have the pipeline's own logins alone: registries: { HOST: { username: NAME, password: { secret: SECRET } } }, and the secret with --secret-file FILE or --secret-env SECRET.";

/** Whether a registry wants a login, or another one. */
export function isRefusal(error: unknown): error is ArchwayError {
  return error instanceof ArchwayError && ["DENIED", "UNAUTHORIZED"].includes(error.code);
}

/** The same error with another hint. */
export function withHint(error: ArchwayError, hint: string): ArchwayError {
  const { code, kind, message, place } = error;
  return new ArchwayError({ code, kind, message, hint, ...(place === undefined ? {} : { place }), cause: error });
}

/** Looks images up, and tells of those that registries refuse which login of the pipeline is meant. */
export function withLoginHints(resolve: ResolveReference, hintOf: (host: string) => string): ResolveReference {
  return async (reference, signal) => {
    try {
      return await resolve(reference, signal);
    } catch (error) {
      throw isRefusal(error) ? withHint(error, hintOf(reference.host)) : error;
    }
  };
}

/** What to do when a registry refuses: a login of the user does not help here. */
export function loginHintOf({ registries }: Config, secrets: ReadonlyMap<string, string>): (host: string) => string {
  return (host) => {
    const { secret } = registries[host]?.password ?? {};
    if (secret === undefined)
      return `Add its login to the pipeline: registries: { ${host}: { username: NAME, password: { secret: SECRET } } }.`;
    if (secrets.has(secret)) return `The password is the secret ${secret}; the user is in registries.${host}.`;
    return `Its password is the secret ${secret}: give it with --secret-file FILE (lines NAME=VALUE) or --secret-env ${secret}.`;
  };
}

/** An environment in which no login of the user is found: what a pipeline may read and write is what its own logins let it. */
export function withoutHostLogins(env: CliContext["env"]): CliContext["env"] {
  return { ...env, REGISTRY_AUTH_FILE: devNull };
}

/**
 * Hosts whose logins a job without steps gets: those that it names, and their mirrors. A build gets all, since only its Dockerfile tells where it reads.
 *
 * @param images of this run, by digest
 */
export function hostsOfJob(
  work: JobWork,
  images: ReadonlyMap<string, string>,
  registries: Config["registries"],
): readonly string[] {
  if (work.kind === "build") return Object.keys(registries);
  const named = imagesNamedBy(work).flatMap((image) => hostOf(images.get(image) ?? image) ?? []);
  const mirrors = named.flatMap((host) => registries[host]?.mirrors ?? []);
  return Object.keys(registries).filter((host) => named.includes(host) || mirrors.includes(host));
}

function imagesNamedBy(work: JobWork): readonly string[] {
  if (work.kind === "verify") return work.images;
  // What an image is tagged with is in its own repository.
  if (work.kind === "image") return work.action === "tag" ? work.from : [...work.from, ...work.to];
  return work.kind === "promote" ? [work.from, ...work.to] : [];
}

/** The registry of an image; undefined for places on this machine's disk, which need no login, and for what is no name of an image, which the command tells. */
export function hostOf(image: string): string | undefined {
  if (isPlace(image) || image.startsWith("sha256:")) return undefined;
  try {
    return parseReference(image).host;
  } catch (error) {
    if (error instanceof ArchwayError) return undefined;
    throw error;
  }
}
