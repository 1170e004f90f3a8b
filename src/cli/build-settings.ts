import { dirname, isAbsolute, relative } from "node:path";
import type { Config } from "../config/config.ts";
import { ArchwayError } from "../error/error.ts";
import { formatPlatform } from "../platform/platform.ts";
import { type BuildOptions, readCpuModel, readProvenance, readSbom } from "./build-options.ts";
import { parseAnnotation } from "./parse-annotation.ts";
import { parseCache } from "./parse-cache.ts";

/** The options of a build after the configuration has filled the gaps. */
export interface BuildSettings extends BuildOptions {
  readonly engine: "auto" | Exclude<Config["engine"], undefined>;
  /** Absolute folder that the configuration names; for when no context was given. */
  readonly context?: string;
  /** Files that may be of another architecture. */
  readonly allow: Config["verify"]["allow"];
  readonly registries: Config["registries"];
}

/**
 * Fills what the user did not ask for from the configuration: lists and single values of the command line replace the configuration's,
 * arguments and labels are merged name by name, nodes platform by platform, and registries that the command line calls insecure are added.
 * Throws `OPTION_INVALID` (kind `input`) that names the key of the configuration.
 */
export function applyConfig(options: BuildOptions, config: Config): BuildSettings {
  const { build, registries } = config;
  const given = <Item>(own: readonly Item[], other: () => readonly Item[]) => (own.length > 0 ? own : other());
  const nodePlatforms = new Set(options.nodes.map(({ platform }) => formatPlatform(platform)));
  const insecure = Object.keys(registries).filter((host) => registries[host]?.insecure);
  return {
    ...texts(config),
    ...options,
    engine: options.engine ?? config.engine ?? "auto",
    ...(build.context === undefined ? {} : { context: build.context }),
    tags: given(options.tags, () => build.tags),
    platforms: given(options.platforms, () => config.platforms),
    args: { ...build.args, ...options.args },
    labels: { ...build.labels, ...options.labels },
    annotations: [
      ...build.annotations.flatMap((text) => parseAnnotation(text, "manifest", "build.annotations")),
      ...options.annotations,
    ],
    cacheFrom: given(options.cacheFrom, () =>
      build.cacheFrom.map((text) => parseCache("from", text, "build.cache_from")),
    ),
    cacheTo: given(options.cacheTo, () => build.cacheTo.map((text) => parseCache("to", text, "build.cache_to"))),
    nodes: [
      ...options.nodes,
      ...config.nodes
        .filter(({ platform }) => !nodePlatforms.has(formatPlatform(platform)))
        .flatMap(({ platform, endpoints }) => endpoints.map((endpoint) => ({ platform, endpoint }))),
    ],
    nativeOnly: options.nativeOnly || build.nativeOnly,
    insecureRegistries: [...new Set([...options.insecureRegistries, ...insecure])],
    allow: config.verify.allow,
    registries,
  };
}

/**
 * The configuration for a Git or tar context: its `build.file` is the same path below the context's root as below the configuration's folder.
 * Throws `OPTION_INVALID` (kind `input`) when it is not below that folder.
 */
export function fileInContext(config: Config): Config {
  const { file } = config.build;
  if (file === undefined || config.file === undefined) return config;
  const inside = relative(dirname(config.file), file);
  if (inside.startsWith("..") || isAbsolute(inside)) {
    throw new ArchwayError({
      code: "OPTION_INVALID",
      kind: "input",
      message: `build.file of ${config.file} is not below the configuration's folder, so neither a copy of that folder nor a Git or tar context can hold it.`,
      hint: "Name the Dockerfile of the context with -f FILE, relative to the context.",
    });
  }
  return { ...config, build: { ...config.build, file: inside } };
}

/** The single values of the configuration. */
function texts({ build }: Config): Partial<BuildOptions> {
  const { file, target, provenance, sbom, emulatedCpu, jobs } = build;
  return {
    ...(file === undefined ? {} : { file }),
    ...(target === undefined ? {} : { target }),
    ...(provenance === undefined ? {} : { provenance: readProvenance(provenance, "build.provenance") }),
    ...(sbom === undefined ? {} : { sbom: readSbom(sbom, "build.sbom") }),
    ...(emulatedCpu === undefined ? {} : { emulatedCpu: readCpuModel(emulatedCpu, "build.emulatedCpu") }),
    ...(jobs === undefined ? {} : { jobs }),
  };
}
