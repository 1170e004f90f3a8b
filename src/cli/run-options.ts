import { availableParallelism } from "node:os";
import { type Platform, parsePlatformList } from "../platform/platform.ts";
import { type Format, optionError, readChoice, readFormat, readHost, readPair } from "./parse-option.ts";
import { type NodeOption, readNode } from "./build-options.ts";
import { type NamedEvent, readEvent } from "./pipeline-event.ts";
import type { RawRunOptions } from "./run-command.ts";

/** What the user asked of one `archway run`, checked. */
export interface RunOptions {
  /** Empty for all. */
  readonly platforms: readonly Platform[];
  readonly event?: NamedEvent;
  readonly inputs: Readonly<Record<string, string>>;
  readonly secretFiles: readonly string[];
  readonly secretEnv: readonly string[];
  readonly host?: string;
  readonly nodes: readonly NodeOption[];
  readonly jobs: number;
  readonly publish: boolean;
  readonly approved: readonly string[];
  readonly emulation: boolean;
  readonly plan: boolean;
  /** Without what the named jobs need. */
  readonly only: boolean;
  /** Leaves what a failed step left. */
  readonly keep: boolean;
  readonly progress: "auto" | "live" | "plain" | "json" | "quiet";
  /** File for the events, `-` for standard output. */
  readonly events?: string;
  readonly format: Format;
  readonly insecureRegistries: readonly string[];
  readonly config?: string;
  /** Repository instead of the working tree. */
  readonly source?: string;
  /** Name of a secret. */
  readonly sourcePassword?: string;
}

/** What `archway run --shell JOB` opens a shell in. */
export interface ShellOptions {
  readonly job: string;
  /** Of a job that was kept on several, these; empty for all. */
  readonly platforms: readonly Platform[];
}

/** Checks the options of `archway run --shell JOB`. Throws `ArchwayError` of kind `input` that names the option. */
export function readShellOptions(job: string, raw: RawRunOptions, names: readonly string[]): ShellOptions {
  if (names.length > 0)
    throw optionError("--shell", job, `runs nothing: leave out ${names.join(" ")}, or the option to run it.`);
  return { job, platforms: raw.platform.flatMap((text) => parsePlatformList(text)) };
}

/** Checks the options of `archway run`. Throws `ArchwayError` of kind `input` that names the option. */
export function readRunOptions(raw: RawRunOptions, names: readonly string[]): RunOptions {
  const { publish, plan, emulation, jobs, host, config, event, events, source, sourcePassword } = raw;
  if (jobs !== undefined && !/^[1-9]\d{0,3}$/.test(jobs))
    throw optionError("--jobs", jobs, "must be a number from 1 to 9999.");
  if (raw.only && names.length === 0)
    throw optionError("--only", undefined, "name the jobs to run without what they need.");
  if (source === "") throw optionError("--source", source, "must be the URL or path of a Git repository.");
  if (sourcePassword !== undefined && source === undefined)
    throw optionError("--source-password", sourcePassword, "is of use with --source alone.");
  if (events === "") throw optionError("--events", events, "must be a file, or - for standard output.");
  if (events === "-" && raw.format === "json")
    throw optionError("--events", events, "events and the result of --format json would be mixed on standard output.");
  return {
    platforms: raw.platform.flatMap((text) => parsePlatformList(text)),
    ...(event === undefined ? {} : { event: readEvent("--event", event) }),
    inputs: Object.fromEntries(raw.input.map((text) => readPair("--input", text, "NAME=VALUE"))),
    secretFiles: raw.secretFile,
    secretEnv: raw.secretEnv,
    ...(host === undefined ? {} : { host }),
    nodes: raw.node.map(readNode),
    jobs: jobs === undefined ? availableParallelism() : Number(jobs),
    publish,
    approved: raw.approve,
    emulation,
    plan,
    only: raw.only,
    keep: raw.keep,
    progress: readChoice("--progress", raw.progress, ["auto", "live", "plain", "json", "quiet"]),
    ...(events === undefined ? {} : { events }),
    format: readFormat(raw.format),
    insecureRegistries: raw.insecureRegistry.map((one) => readHost("--insecure-registry", one)),
    ...(config === undefined ? {} : { config }),
    ...(source === undefined ? {} : { source }),
    ...(sourcePassword === undefined ? {} : { sourcePassword }),
  };
}
