import type { EngineName, Secret } from "../engine/engine.ts";
import { parsePlatform, parsePlatformList, type Platform, samePlatform } from "../platform/platform.ts";
import type { RawBuildOptions } from "./build-command.ts";
import type { CliContext } from "./context.ts";
import { type Annotation, parseAnnotation } from "./parse-annotation.ts";
import { parseCache } from "./parse-cache.ts";
import { parseAttributes } from "./parse-csv.ts";
import { type Format, optionError, readChoice, readFormat, readHost, readPair, readBoolean } from "./parse-option.ts";
import { type OutputSpec, parseOutput } from "./parse-output.ts";
import { parseSecret } from "./parse-secret.ts";

/** A platform and the endpoint of an engine that builds it. */
export interface NodeOption {
  readonly platform: Platform;
  readonly endpoint: string;
}

/** How progress is shown: live view, lines, JSON lines, or not at all; `auto` is `tty` on a terminal and `plain` elsewhere. */
export type ProgressMode = "auto" | "tty" | "plain" | "json" | "quiet";

/** What the user asked of one `archway build`, checked, before the configuration fills the gaps. */
export interface BuildOptions {
  /** As given; the references are checked where they are used. */
  readonly tags: readonly string[];
  readonly file?: string;
  /** Empty when none was asked for. */
  readonly platforms: readonly Platform[];
  readonly args: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly secrets: readonly Secret[];
  readonly ssh: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: readonly Annotation[];
  readonly buildContexts: Readonly<Record<string, string>>;
  /** In BuildKit's full form, `type=registry,ref=…`. */
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly noCache: boolean;
  readonly pull: boolean;
  /** Absent when neither `--output`, `--push` nor `--load` was given. */
  readonly output?: OutputSpec;
  readonly metadataFile?: string;
  readonly progress: ProgressMode;
  /** `false`, `mode=min`, `mode=max` (and further attributes); absent is the engine's default. */
  readonly provenance?: string;
  /** `false`, `true` or `generator=IMAGE`; absent is the engine's default. */
  readonly sbom?: string;
  readonly plan: boolean;
  readonly engine?: "auto" | EngineName;
  readonly nodes: readonly NodeOption[];
  readonly nativeOnly: boolean;
  readonly allowMissing: readonly Platform[];
  /** False with `--no-verify`. */
  readonly verify: boolean;
  readonly format: Format;
  readonly insecureRegistries: readonly string[];
  readonly emulatedCpu?: string;
  readonly jobs?: number;
  /** As given; absent means the `.archway.yaml` of the repository. */
  readonly config?: string;
}

/**
 * Checks the options of `archway build`. `env` gives the values of build arguments without one, and `local` is what the word `local`
 * means in `--platform`. Throws `ArchwayError` of kind `input` that names the option; values of build arguments are in no message.
 */
export function readBuildOptions(raw: RawBuildOptions, env: CliContext["env"], local?: Platform): BuildOptions {
  const output = readOutput(raw);
  return {
    tags: raw.tag,
    ...optional("file", raw.file),
    platforms: unique(raw.platform.flatMap((list) => parsePlatformList(list, local))),
    args: readBuildArgs(raw.buildArg, env),
    ...optional("target", raw.target),
    secrets: raw.secret.map((text) => parseSecret(text, env)),
    ssh: raw.ssh.map(readSsh),
    labels: Object.fromEntries(raw.label.map((text) => readLabel(text))),
    annotations: raw.annotation.flatMap((text) => parseAnnotation(text, "manifest")),
    buildContexts: Object.fromEntries(raw.buildContext.map((text) => readBuildContext(text))),
    cacheFrom: raw.cacheFrom.map((text) => parseCache("from", text)),
    cacheTo: raw.cacheTo.map((text) => parseCache("to", text)),
    noCache: !raw.cache,
    pull: raw.pull,
    ...(output === undefined ? {} : { output }),
    ...optional("metadataFile", raw.metadataFile),
    progress: readProgress(raw.progress),
    ...optional("provenance", raw.provenance === undefined ? undefined : readProvenance(raw.provenance)),
    ...optional("sbom", raw.sbom === undefined ? undefined : readSbom(raw.sbom)),
    plan: raw.plan,
    ...(raw.engine === undefined ? {} : { engine: readEngine(raw.engine) }),
    nodes: raw.node.map(readNode),
    nativeOnly: raw.nativeOnly,
    allowMissing: unique(raw.allowMissing.flatMap((list) => parsePlatformList(list, local))),
    verify: raw.verify,
    format: readFormat(raw.format),
    insecureRegistries: raw.insecureRegistry.map((host) => readHost("--insecure-registry", host)),
    ...optional("emulatedCpu", raw.emulatedCpu === undefined ? undefined : readCpuModel(raw.emulatedCpu)),
    ...(raw.jobs === undefined ? {} : { jobs: readJobs(raw.jobs) }),
    ...optional("config", raw.config),
  };
}

/** A property that is left out when there is no value (`exactOptionalPropertyTypes`). */
function optional<Key extends string>(key: Key, value: string | undefined): { [name in Key]?: string } {
  const entry: { [name in Key]?: string } = {};
  if (value !== undefined) entry[key] = value;
  return entry;
}

function unique(platforms: readonly Platform[]): Platform[] {
  return platforms.filter((platform, index) => platforms.findIndex((other) => samePlatform(other, platform)) === index);
}

/** `--output`, `--push` and `--load` are one choice; docker buildx would take several outputs, a proven tag has one home. */
function readOutput(raw: RawBuildOptions): OutputSpec | undefined {
  const outputs = raw.output.map(parseOutput);
  const [first, second] = outputs;
  if (second !== undefined) {
    throw optionError(
      "--output",
      raw.output[1] ?? "",
      "one output at a time.",
      "Run the build again for the other: it is cached.",
    );
  }
  if (raw.push && raw.load) throw optionError("--load", undefined, "it excludes --push.");
  if (raw.push) {
    if (first !== undefined && first.type !== "registry") {
      throw optionError(
        "--push",
        undefined,
        `it publishes, and --output ${raw.output[0]} does not.`,
        "Give one of them.",
      );
    }
    return first ?? { type: "registry", names: [], pushByDigest: false };
  }
  if (raw.load) {
    if (first !== undefined && first.type !== "docker") {
      throw optionError("--load", undefined, `it loads, and --output ${raw.output[0]} does not.`, "Give one of them.");
    }
    return first ?? { type: "docker" };
  }
  return first;
}

/** A build argument without a value takes it from the environment and, as docker buildx does, is left out when it is not set there. */
function readBuildArgs(texts: readonly string[], env: CliContext["env"]): Record<string, string> {
  const args: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    const key = at < 0 ? text : text.slice(0, at);
    if (key === "") throw optionError("--build-arg", undefined, "the name is empty; write KEY=VALUE or KEY.");
    const value = at < 0 ? env[key] : text.slice(at + 1);
    if (value !== undefined) args[key] = value;
  }
  return args;
}

function readLabel(text: string): readonly [string, string] {
  return text.includes("=") || text === "" ? readPair("--label", text, "KEY=VALUE") : [text, ""];
}

function readBuildContext(text: string): readonly [string, string] {
  const [name, value] = readPair("--build-context", text, "NAME=VALUE");
  if (value === "") throw optionError("--build-context", text, "the value is empty.");
  // BuildKit compares the names of contexts in lower case.
  return [name.toLowerCase(), value];
}

function readSsh(text: string): string {
  const [id = ""] = text.split("=");
  if (id === "") throw optionError("--ssh", text, "must be default or ID[=SOCKET|KEY[,KEY]].");
  return text;
}

function readProgress(text: string): ProgressMode {
  // `rawjson` and `none` are docker buildx's words for the same.
  const mode = readChoice("--progress", text, ["auto", "tty", "plain", "json", "quiet", "rawjson", "none"]);
  return mode === "rawjson" ? "json" : mode === "none" ? "quiet" : mode;
}

/** Checks `--provenance`; `true` is `mode=min`, BuildKit's documented default. */
export function readProvenance(text: string, option: string = "--provenance"): string {
  if (!text.includes("=")) return readBoolean(option, text, "it", text) ? "mode=min" : "false";
  const attributes = parseAttributes(option, text, [
    "mode",
    "version",
    "inline-only",
    "reproducible",
    "builder-id",
    "filename",
    "disabled",
  ]);
  if (attributes.has("mode")) readChoice(option, attributes.get("mode") ?? "", ["min", "max"]);
  return text;
}

/** Checks `--sbom`. */
export function readSbom(text: string, option: string = "--sbom"): string {
  if (!text.includes("=")) return readBoolean(option, text, "it", text) ? "true" : "false";
  parseAttributes(option, text, ["generator", "disabled"]);
  return text;
}

function readEngine(text: string): "auto" | EngineName {
  // Docker's engine is driven through buildx, and Podman's builds are Buildah's.
  const meant = text === "docker" ? "buildx" : text === "podman" ? "buildah" : undefined;
  if (meant !== undefined)
    throw optionError("--engine", text, "must be auto, buildkit, buildx or buildah.", `Did you mean "${meant}"?`);
  return readChoice("--engine", text, ["auto", "buildkit", "buildx", "buildah"]);
}

/** Reads `--node`. Throws `OPTION_INVALID` and `PLATFORM_INVALID` (kind `input`). */
export function readNode(text: string): NodeOption {
  const [platform, endpoint] = readPair(
    "--node",
    text,
    "PLATFORM=ENDPOINT, for example linux/arm64=tcp://10.0.0.7:1234",
  );
  if (endpoint === "") throw optionError("--node", text, "the endpoint is empty.");
  return { platform: parsePlatform(platform), endpoint };
}

/** Checks a CPU model as QEMU names it, with features: `max`, `cortex-a72`, `max,pauth=off`. */
export function readCpuModel(text: string, option: string = "--emulated-cpu"): string {
  if (/^[\w.-]+(,[\w.-]+(=[\w.-]+)?)*$/.test(text)) return text;
  throw optionError(option, text, "must be a CPU model of QEMU.", 'For example "max" or "max,pauth=off".');
}

function readJobs(text: string): number {
  const jobs = Number(text);
  if (/^\d{1,4}$/.test(text) && jobs >= 1) return jobs;
  throw optionError("--jobs", text, "must be a number from 1.");
}
