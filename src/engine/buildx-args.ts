import { formatPlatform } from "../platform/platform.ts";
import type { BuildFiles } from "./build-files.ts";
import type { EngineRequest } from "./engine.ts";
import { attestation, cacheValue, outputValue, secretValue } from "./spelling.ts";

/**
 * The arguments of `docker buildx build` for one platform. `BUILDKIT_MULTI_PLATFORM` is the only way here to have the platform in the names of the steps (and
 * an index as the result).
 */
export function buildxArgs(request: EngineRequest, builder: string, files: BuildFiles): string[] {
  const { context } = request;
  const args = [
    "buildx",
    "build",
    ...(builder === "" ? [] : ["--builder", builder]),
    "--progress=rawjson",
    "--metadata-file",
    files.metadata,
  ];
  args.push("--platform", formatPlatform(request.platform), "--build-arg", "BUILDKIT_MULTI_PLATFORM=1");
  args.push("--file", files.dockerfile ?? request.dockerfile);
  if (request.target !== undefined) args.push("--target", request.target);
  for (const [name, value] of Object.entries(request.args)) args.push("--build-arg", `${name}=${value}`);
  if (request.syntax !== undefined) args.push("--build-arg", `BUILDKIT_SYNTAX=${request.syntax}`);
  for (const [name, value] of Object.entries(request.labels)) args.push("--label", `${name}=${value}`);
  for (const [name, value] of Object.entries(request.buildContexts)) args.push("--build-context", `${name}=${value}`);
  for (const secret of [...request.secrets, ...files.secrets]) args.push("--secret", secretValue(secret));
  for (const ssh of request.ssh) args.push("--ssh", ssh);
  if (request.noCache) args.push("--no-cache");
  if (request.pull) args.push("--pull");
  args.push(...attestationArgs("provenance", request.provenance), ...attestationArgs("sbom", request.sbom));
  for (const cache of request.cacheFrom) args.push("--cache-from", cacheValue(cache));
  for (const cache of request.cacheTo) args.push("--cache-to", cacheValue(cache));
  args.push("--output", outputValue(request.output, request.annotations));
  args.push(context.kind === "directory" ? context.path : context.url);
  return args;
}

function attestationArgs(name: "provenance" | "sbom", value: string | undefined): string[] {
  if (value === undefined) return [];
  const parameters = attestation(value);
  return [`--${name}=${parameters === undefined ? "false" : parameters === "" ? "true" : parameters}`];
}
