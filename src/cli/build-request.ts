import type { BuildOutput, BuildRequest } from "../build/request.ts";
import { ArchwayError } from "../error/error.ts";
import { parseReference, repositoryOf, targetOf } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { Platform } from "../platform/platform.ts";
import type { BuildSettings } from "./build-settings.ts";
import type { OutputSpec } from "./parse-output.ts";

/**
 * The request for `src/build` from options and configuration. `local` is this machine's platform: what is built when neither names one; it may
 * be absent when they do.
 *
 * Throws `INVALID_REFERENCE`, `TAG_MISSING` and `OUTPUT_INVALID` (kind `input`).
 */
export function buildRequest(settings: BuildSettings, context: string, local: Platform | undefined): BuildRequest {
  const tags = settings.tags.map(parseTag);
  const platforms = settings.platforms.length > 0 || !local ? settings.platforms : [local];
  const manifestAnnotations = settings.annotations.filter(({ on, platform }) => on === "manifest" && !platform);
  const { output, names } = settings.output ? readOutput(settings.output, tags) : { output: undefined, names: [] };
  return {
    context,
    platforms,
    tags: eachOnce([...tags, ...names]),
    args: settings.args,
    labels: settings.labels,
    annotations: Object.fromEntries(manifestAnnotations.map(({ key, value }) => [key, value])),
    buildContexts: settings.buildContexts,
    secrets: settings.secrets,
    ssh: settings.ssh,
    cacheFrom: settings.cacheFrom,
    cacheTo: settings.cacheTo,
    noCache: settings.noCache,
    pull: settings.pull,
    ...(settings.file === undefined ? {} : { file: settings.file }),
    ...(settings.target === undefined ? {} : { target: settings.target }),
    ...(settings.provenance === undefined ? {} : { provenance: settings.provenance }),
    ...(settings.sbom === undefined ? {} : { sbom: settings.sbom }),
    ...(output === undefined ? {} : { output }),
    engine: settings.engine,
    nodes: settings.nodes,
    nativeOnly: settings.nativeOnly,
    allowMissing: settings.allowMissing,
    verify: settings.verify,
    allow: settings.allow,
    ...(settings.emulatedCpu === undefined ? {} : { emulatedCpu: settings.emulatedCpu }),
    registries: registryAccess(settings),
    jobs: settings.jobs ?? platforms.length,
  };
}

/** What the configuration and `--insecure-registry` say of each registry, as engines take it. */
function registryAccess(settings: BuildSettings): BuildRequest["registries"] {
  const hosts = new Set([...Object.keys(settings.registries), ...settings.insecureRegistries]);
  return Object.fromEntries(
    [...hosts].map((host) => {
      const ca = settings.registries[host]?.ca;
      const plainHttp = settings.insecureRegistries.includes(host);
      return [host, { ...(plainHttp ? { plainHttp } : {}), ...(ca === undefined ? {} : { ca }) }] as const;
    }),
  );
}

/** A name with a digest is an image, not a place to publish one. */
export function parseTag(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest === undefined) return reference;
  throw new ArchwayError({
    code: "INVALID_REFERENCE",
    kind: "input",
    message: `"${text}" has a digest; a tag to publish cannot.`,
    hint: "Give REGISTRY/NAME:TAG.",
  });
}

/** A tag that is given twice, in whatever spelling, is one tag. */
function eachOnce(tags: readonly Reference[]): readonly Reference[] {
  const name = (tag: Reference) => `${repositoryOf(tag)}:${targetOf(tag)}`;
  return tags.filter((tag, index) => tags.findIndex((other) => name(other) === name(tag)) === index);
}

function readOutput(
  spec: OutputSpec,
  tags: readonly Reference[],
): { readonly output: BuildOutput; readonly names: readonly Reference[] } {
  switch (spec.type) {
    case "oci":
      return { output: { kind: "oci", dest: spec.dest, tar: spec.tar }, names: [] };
    case "docker":
      return { output: { kind: "docker", ...(spec.dest === undefined ? {} : { dest: spec.dest }) }, names: [] };
    case "local":
    case "tar":
      return { output: { kind: "files", type: spec.type, dest: spec.dest }, names: [] };
    case "registry": {
      const names = spec.names.map(parseTag);
      if (!spec.pushByDigest) {
        if (names.length + tags.length > 0) return { output: { kind: "push" }, names };
        throw new ArchwayError({
          code: "TAG_MISSING",
          kind: "input",
          message: "Publishing needs a name.",
          hint: "Give it with -t REGISTRY/NAME:TAG, or build.tags in .archway.yaml.",
        });
      }
      const [repository, second] = names;
      if (!repository || second || repository.tag !== undefined || tags.length > 0) {
        throw new ArchwayError({
          code: "OUTPUT_INVALID",
          kind: "input",
          message:
            "push-by-digest needs one repository without a tag, and no --tag: nothing is tagged before the join.",
          hint: "For example --output type=image,name=REGISTRY/NAME,push-by-digest=true,push=true; then archway image create -t TAG REGISTRY/NAME@DIGEST…",
        });
      }
      return { output: { kind: "push-by-digest", repository }, names: [] };
    }
  }
}
