import { basename, dirname } from "node:path";
import { formatPlatform } from "../platform/platform.ts";
import type { BuildFiles } from "./build-files.ts";
import type { EngineRequest } from "./engine.ts";
import { attestation, cacheValue, contextName, outputValue, secretValue } from "./spelling.ts";

/**
 * The arguments of `buildctl build` for one platform. Secrets are named, never quoted: their values stay in their files and variables.
 *
 * `multi-platform=true` makes BuildKit write the platform into the names of the steps (else nobody could tell an emulated one) and
 * return an index, also of one platform.
 */
export function buildctlArgs(request: EngineRequest, files: BuildFiles): string[] {
  const args = ["build", "--progress=rawjson", "--metadata-file", files.metadata, "--frontend", "dockerfile.v0"];
  const opt = (key: string, value: string) => args.push("--opt", `${key}=${value}`);

  opt("platform", formatPlatform(request.platform));
  opt("multi-platform", "true");
  addContext(request, files, args, opt);
  if (request.target !== undefined) opt("target", request.target);
  for (const [name, value] of Object.entries(request.args)) opt(`build-arg:${name}`, value);
  if (request.syntax !== undefined) opt("build-arg:BUILDKIT_SYNTAX", request.syntax);
  for (const [name, value] of Object.entries(request.labels)) opt(`label:${name}`, value);
  if (files.sourcePolicy !== undefined) args.push("--source-policy-file", files.sourcePolicy);
  addNamedContexts(request.buildContexts, args, opt);
  for (const secret of [...request.secrets, ...files.secrets]) args.push("--secret", secretValue(secret));
  for (const ssh of request.ssh) args.push("--ssh", ssh);
  if (request.noCache) args.push("--no-cache");
  if (request.pull) opt("image-resolve-mode", "pull");
  const provenance = attestation(request.provenance);
  if (provenance !== undefined) opt("attest:provenance", provenance);
  const sbom = attestation(request.sbom);
  if (sbom !== undefined) opt("attest:sbom", sbom);
  for (const cache of request.cacheFrom) args.push("--import-cache", cacheValue(cache));
  for (const cache of request.cacheTo) args.push("--export-cache", cacheValue(cache));
  args.push("--output", outputValue(request.output, request.annotations));
  return args;
}

type AddOption = (key: string, value: string) => void;

function addContext({ context, dockerfile }: EngineRequest, files: BuildFiles, args: string[], opt: AddOption): void {
  const local = files.dockerfile ?? (context.kind === "directory" ? dockerfile : undefined);
  if (context.kind === "directory") args.push("--local", `context=${context.path}`);
  else opt("context", context.url);
  if (local === undefined) {
    opt("filename", dockerfile);
    return;
  }
  args.push("--local", `dockerfile=${dirname(local)}`);
  opt("filename", basename(local));
  // Without it, BuildKit takes the Dockerfile out of the Git repository.
  if (context.kind === "git") opt("dockerfilekey", "dockerfile");
}

function addNamedContexts(contexts: EngineRequest["buildContexts"], args: string[], opt: AddOption): void {
  for (const [index, [name, value]] of Object.entries(contexts).entries()) {
    const key = `context:${contextName(name)}`;
    const layout = /^oci-layout:\/\/(?<directory>.+?)(?<pin>@sha\d+:[0-9a-f]+)$/.exec(value)?.groups;
    if (layout) {
      const id = `layout-${index}`;
      args.push("--oci-layout", `${id}=${layout["directory"]}`);
      opt(key, `oci-layout://${id}${layout["pin"]}`);
    } else if (/^(?:docker-image|https?|git|ssh):\/\/|^git@/.test(value)) {
      opt(key, value);
    } else {
      // "context" and "dockerfile" are the names of the build's own folders.
      const id = `named-${contextName(name)}`;
      args.push("--local", `${id}=${value}`);
      opt(key, `local:${id}`);
    }
  }
}
