import { Option } from "commander";
import type { Command } from "commander";
import type { AllowedPath } from "../verify/rules/allow.ts";
import { readAllow } from "./parse-allow.ts";
import { readFormat, readHost } from "./parse-option.ts";
import type { Format } from "./parse-option.ts";

/** What all commands of `archway image` that reach stores take, as commander hands it over: texts, unchecked. */
export interface RawStoreOptions {
  readonly insecureRegistry: readonly string[];
  readonly format: string;
  readonly config?: string;
}

/** The same for those that publish. */
export interface RawPublishOptions extends RawStoreOptions {
  readonly allow: readonly string[];
  /** False with `--no-verify`. */
  readonly verify: boolean;
}

/** {@link RawStoreOptions}, checked. */
export interface StoreAccess {
  readonly insecureRegistries: readonly string[];
  readonly format: Format;
  readonly config?: string;
}

/** {@link RawPublishOptions}, checked. */
export interface PublishAccess extends StoreAccess {
  /** Files that the gate lets pass, besides those of the configuration. */
  readonly allow: readonly AllowedPath[];
  /** False with `--no-verify`. */
  readonly verify: boolean;
}

/** For options that may be given several times; start with `[]`. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Defines `--insecure-registry`, `--format` and `--config`. */
export function addStoreOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--insecure-registry <host>", "allow plain HTTP to this registry").default([]).argParser(collect),
    )
    .addOption(new Option("--format <format>", "text (default) or json").default("text"))
    .addOption(new Option("--config <file>", "configuration (.archway.yaml of the repository)"));
}

/** Defines `--allow`, `--no-verify` and {@link addStoreOptions}'s. `doing` is what is then done without a proof: `copy`. */
export function addPublishOptions(command: Command, doing: string): Command {
  command
    .addOption(
      new Option(
        "--allow <glob=reason>",
        "files that are meant to be as they are, by their path in the image; verify.allow in .archway.yaml does the same",
      )
        .default([])
        .argParser(collect),
    )
    .addOption(new Option("--no-verify", `${doing} without the proof of the architecture gate`));
  return addStoreOptions(command);
}

/** Checks {@link RawStoreOptions}. Throws `ArchwayError` of kind `input` that names the option. */
export function readStoreOptions(raw: RawStoreOptions): StoreAccess {
  return {
    insecureRegistries: raw.insecureRegistry.map((host) => readHost("--insecure-registry", host)),
    format: readFormat(raw.format),
    ...(raw.config === undefined ? {} : { config: raw.config }),
  };
}

/** Checks {@link RawPublishOptions}. Throws `ArchwayError` of kind `input` that names the option. */
export function readPublishOptions(raw: RawPublishOptions): PublishAccess {
  return { ...readStoreOptions(raw), allow: raw.allow.map(readAllow), verify: raw.verify };
}
