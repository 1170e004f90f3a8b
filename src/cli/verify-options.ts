import type { Severity } from "../finding/finding.ts";
import { severities } from "../finding/finding.ts";
import { type Platform, parsePlatformList } from "../platform/platform.ts";
import type { AllowedPath } from "../verify/rules/allow.ts";
import { readAllow } from "./parse-allow.ts";
import { optionError, readChoice, readHost } from "./parse-option.ts";
import type { RawVerifyOptions } from "./verify-command.ts";

/** How `archway verify` writes its result. */
export type VerifyFormat = "text" | "json" | "sarif" | "junit" | "github" | "markdown";

const formats: readonly VerifyFormat[] = ["text", "json", "sarif", "junit", "github", "markdown"];

/** What the user asked of one `archway verify`, checked. */
export interface VerifyCommandOptions {
  /** Empty for all. */
  readonly platforms: readonly Platform[];
  readonly required: readonly Platform[];
  /** Findings from this severity on make the exit code 1. */
  readonly severity: Severity;
  readonly allow: readonly AllowedPath[];
  readonly insecureRegistries: readonly string[];
  readonly format: VerifyFormat;
  readonly config?: string;
  /** How the images are also run; absent when they are not. */
  readonly run?: { readonly command: readonly string[]; readonly seconds: number };
}

/** Checks the options of `archway verify`. Throws `ArchwayError` of kind `input` that names the option. */
export function readVerifyOptions(raw: RawVerifyOptions): VerifyCommandOptions {
  return {
    platforms: raw.platform.flatMap((text) => parsePlatformList(text)),
    required: raw.require.flatMap((text) => parsePlatformList(text)),
    severity: readChoice("--severity", raw.severity, severities),
    allow: raw.allow.map(readAllow),
    insecureRegistries: raw.insecureRegistry.map((host) => readHost("--insecure-registry", host)),
    format: readChoice("--format", raw.format, formats),
    ...(raw.config === undefined ? {} : { config: raw.config }),
    ...readRun(raw),
  };
}

/** Most seconds that one image may run: a test that takes longer is no test of whether it starts. */
const maxSeconds = 3600;

function readRun({ run, runTimeout, command }: RawVerifyOptions): Pick<VerifyCommandOptions, "run"> {
  if (run !== true) {
    const given = command.length > 0 ? "--" : runTimeout === undefined ? undefined : "--run-timeout";
    if (given === undefined) return {};
    throw optionError(given, undefined, "says how images are run, and they are not.", "Add --run.");
  }
  if (command[0] === "") throw optionError("--", undefined, "the command is empty.", "Write -- COMMAND ARG…");
  if (runTimeout === undefined) return { run: { command, seconds: command.length === 0 ? 10 : 60 } };
  const seconds = Number(runTimeout);
  if (!/^\d+$/.test(runTimeout) || seconds < 1 || seconds > maxSeconds)
    throw optionError("--run-timeout", runTimeout, `must be whole seconds from 1 to ${maxSeconds}.`);
  return { run: { command, seconds } };
}
