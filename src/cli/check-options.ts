import type { Severity } from "../finding/finding.ts";
import { severities } from "../finding/finding.ts";
import { type Platform, parsePlatformList } from "../platform/platform.ts";
import type { RawCheckOptions } from "./check-command.ts";
import { optionError, readChoice, readHost } from "./parse-option.ts";

/** How `archway check` writes its result. */
export type CheckFormat = "text" | "json" | "sarif" | "junit" | "github" | "gitlab";

const formats: readonly CheckFormat[] = ["text", "json", "sarif", "junit", "github", "gitlab"];

/** What the user asked of one `archway check`, checked. */
export interface CheckCommandOptions {
  /** Empty for the configuration's, or the usual ones. */
  readonly platforms: readonly Platform[];
  readonly offline: boolean;
  /** Names of files with facts. */
  readonly facts: readonly string[];
  readonly saveFacts?: string;
  /** Findings from this severity on make the exit code 1. */
  readonly severity: Severity;
  readonly format: CheckFormat;
  /** What is repaired; absent when nothing is. */
  readonly fix?: {
    /** Empty for all rules. */
    readonly rules: readonly string[];
    readonly dryRun: boolean;
  };
  /** The rule whose page is printed, and nothing is checked. */
  readonly explain?: string;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly config?: string;
  readonly insecureRegistries: readonly string[];
}

/** Checks the options of `archway check`. Throws `ArchwayError` of kind `input` that names the option. */
export function readCheckOptions(raw: RawCheckOptions): CheckCommandOptions {
  const { saveFacts, explain, baseline, writeBaseline, config } = raw;
  return {
    platforms: raw.platform.flatMap((text) => parsePlatformList(text)),
    offline: raw.offline === true,
    facts: raw.facts,
    severity: readChoice("--severity", raw.severity, severities),
    format: readChoice("--format", raw.format, formats),
    insecureRegistries: raw.insecureRegistry.map((host) => readHost("--insecure-registry", host)),
    ...readFix(raw),
    ...(saveFacts === undefined ? {} : { saveFacts }),
    ...(explain === undefined ? {} : { explain }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(writeBaseline === undefined ? {} : { writeBaseline }),
    ...(config === undefined ? {} : { config }),
  };
}

function readFix({ fix, dryRun = false }: RawCheckOptions): Pick<CheckCommandOptions, "fix"> {
  if (fix === undefined || fix === false) {
    if (!dryRun) return {};
    throw optionError("--dry-run", undefined, "says how a repair is done, and nothing is repaired.", "Add --fix.");
  }
  const rules = fix === true ? [] : fix.split(",").map((rule) => rule.trim());
  if (rules.includes("")) throw optionError("--fix", String(fix), "a rule is empty.", "Write --fix=RULE,RULE.");
  return { fix: { rules, dryRun } };
}
