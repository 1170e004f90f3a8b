import type { Platform } from "../../../platform/platform.ts";
import type { ShellTrace } from "../../shell/trace.ts";
import { textOf, type Value } from "../../value.ts";
import { type Collection, runStep } from "../collection.ts";
import type { YamlScalar } from "../yaml/node.ts";
import { scriptOf, span } from "./script-of.ts";
import type { Substitution } from "./substitution.ts";

/** The commands of a job of CI, which run in one shell. */
interface JobScript {
  readonly commands: readonly YamlScalar[];
  readonly environment: ReadonlyMap<string, Value>;
  readonly machine: Platform;
  /** Relative to the repository; the repository itself when absent. */
  readonly directory?: string;
  readonly substitution?: Substitution;
  /** False where a failing command does not end the job. */
  readonly stops?: boolean;
}

/** Runs the commands of a job, if it has any. */
export function runJob(collection: Collection, job: JobScript): ShellTrace | undefined {
  const { commands, environment, machine, directory = "", substitution, stops = true } = job;
  const [first, last] = [commands[0], commands.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const place = span(first.locate(0, 0), last.locate(0, last.text.trimEnd().length));
  const script = scriptOf(commands, substitution);
  return runStep(collection, { script, environment, machine, directory, options: stops ? ["e"] : [], place });
}

/** Takes down an image that a job runs in or beside. */
export function useImage(
  collection: Collection,
  scalar: YamlScalar | undefined,
  value: Value,
  machine: Platform,
): void {
  if (scalar === undefined || textOf(value).trim() === "") return;
  const place = scalar.locate(0, scalar.text.length);
  collection.images.push({ value, place, kind: "ci", platform: machine, platformGiven: false });
}
