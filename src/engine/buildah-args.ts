import { formatPlatform, type Platform } from "../platform/platform.ts";
import type { BuildahFiles } from "./buildah-files.ts";
import type { EngineRequest } from "./engine.ts";
import { attestation, contextName, csvField, secretValue } from "./spelling.ts";

/**
 * The arguments of `buildah build` (or `podman build`) for one platform. `native` is the platform of this machine: Buildah 1.28 replaces `$BUILDPLATFORM` in FROM
 * only when it is told its value.
 */
export function buildahArgs(request: EngineRequest, native: Platform, files: BuildahFiles): string[] {
  const { output, source } = request;
  const args = [
    "build",
    "--layers",
    "--rm",
    "--force-rm",
    "--format",
    "oci",
    "--platform",
    formatPlatform(request.platform),
  ];
  args.push("--file", files.dockerfile);
  if (files.ignoreFile !== undefined) args.push("--ignorefile", files.ignoreFile);
  if (/\bBUILDPLATFORM\b/.test(source.text)) args.push("--build-arg", `BUILDPLATFORM=${formatPlatform(native)}`);
  if (request.target !== undefined) args.push("--target", request.target);
  for (const [name, value] of Object.entries(request.args)) {
    args.push(...(name === "SOURCE_DATE_EPOCH" ? ["--timestamp", value] : ["--build-arg", `${name}=${value}`]));
  }
  for (const [name, value] of Object.entries(request.labels)) args.push("--label", `${name}=${value}`);
  for (const [name, value] of Object.entries(request.annotations)) args.push("--annotation", `${name}=${value}`);
  for (const [name, value] of Object.entries(request.buildContexts)) {
    for (const spelling of contextSpellings(name)) args.push("--build-context", `${spelling}=${value}`);
  }
  for (const secret of files.secrets) args.push("--secret", secretValue(secret));
  for (const ssh of request.ssh) args.push("--ssh", ssh);
  if (request.noCache) args.push("--no-cache");
  if (request.pull) args.push("--pull-always");
  for (const cache of request.cacheFrom.flatMap(cacheRepository)) args.push("--cache-from", cache);
  for (const cache of request.cacheTo.flatMap(cacheRepository)) args.push("--cache-to", cache);
  if (files.certificates !== undefined) args.push("--cert-dir", files.certificates);
  if (output.kind === "files") args.push("--output", output.value);
  args.push(request.context.kind === "directory" ? request.context.path : request.context.url);
  return args;
}

/** What a request asks for that Buildah cannot do, in plain words. */
export function buildahLacks(request: EngineRequest): string[] {
  const caches = [...request.cacheFrom, ...request.cacheTo].filter((cache) => cacheRepository(cache).length === 0);
  return [
    ...(attestation(request.provenance) === undefined ? [] : ["Buildah makes no provenance: the image has none."]),
    ...(attestation(request.sbom) === undefined ? [] : ["Buildah makes no SBOM attestation: the image has none."]),
    ...caches.map((cache) => `Buildah has caches in registries only: "${cache}" is not used.`),
  ];
}

/** Buildah compares the name of a context with the words of the Dockerfile: every way to write it is given. */
function contextSpellings(name: string): string[] {
  return [...new Set([name, contextName(name)])];
}

/** The repository of a registry cache: Buildah's caches have tags of their own, the keys of the steps. */
function cacheRepository(cache: string): string[] {
  const fields = cache.includes("=") ? cache.split(",") : ["type=registry", `ref=${cache}`];
  const reference = fields.find((field) => field.startsWith("ref="))?.slice(4);
  if (!fields.includes("type=registry") || reference === undefined) return [];
  return [csvField(reference.replace(/@.*$/, "").replace(/:[^/:]*$/, ""))];
}
