import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { ArchwayError } from "../error/error.ts";
import type { JobGraph, PlannedJob, SecretUse, StepSpec } from "../pipeline/job-spec.ts";
import type { CliContext } from "./context.ts";
import { optionError } from "./parse-option.ts";
import type { RunOptions } from "./run-options.ts";
import { readUserFile } from "./user-file.ts";

/** The values that files and environment give, by name. Throws `SECRETS_INVALID`, `OPTION_INVALID`, `FILE_UNREADABLE` (kind `input`). */
export async function readSecrets(
  { cwd, env }: CliContext,
  { secretFiles, secretEnv }: Pick<RunOptions, "secretFiles" | "secretEnv">,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const name of secretFiles) {
    const file = resolve(cwd, name);
    const text = await readUserFile(file, name);
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (line.trim() === "" || line.startsWith("#")) continue;
      const [, key, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line) ?? [];
      if (key === undefined || value === undefined) {
        throw new ArchwayError({
          code: "SECRETS_INVALID",
          kind: "input",
          // Neither the line nor a frame around it is shown: it may hold a secret.
          message: `Line ${index + 1} of the secrets is not NAME=VALUE.`,
          place: { file },
        });
      }
      values.set(key, value);
    }
  }
  for (const name of secretEnv) {
    const value = env[name];
    if (value === undefined) throw optionError("--secret-env", name, "the environment has no such variable.");
    values.set(name, value);
  }
  return values;
}

/** Throws `SECRET_MISSING` (kind `input`) that names all secrets of the jobs that are not given. */
export function requireSecrets(
  graph: JobGraph,
  registries: Config["registries"],
  values: ReadonlyMap<string, string>,
): void {
  const missing = [
    ...new Set(graph.jobs.filter(({ skip }) => skip === undefined).flatMap((job) => secretsOfJob(job, registries))),
  ].filter((name) => !values.has(name));
  if (missing.length === 0) return;
  throw new ArchwayError({
    code: "SECRET_MISSING",
    kind: "input",
    message: `The jobs need ${missing.length === 1 ? "a secret that is" : "secrets that are"} not given: ${missing.join(", ")}.`,
    hint: "Give them with --secret-file FILE (lines NAME=VALUE) or --secret-env NAME.",
  });
}

function secretsOfJob({ work, onFailure }: PlannedJob, registries: Config["registries"]): readonly string[] {
  const names = (uses: readonly SecretUse[]) => uses.map(({ name }) => name);
  const ofSteps = (steps: readonly Pick<StepSpec<unknown>, "secrets" | "onFailure">[]): readonly string[] =>
    steps.flatMap((step) => [...names(step.secrets), ...ofSteps(step.onFailure)]);
  if (work.kind === "build") return [...work.secrets.map(({ secret }) => secret), ...ofSteps(onFailure)];
  if (work.kind !== "steps") return ofSteps(onFailure);
  return [
    ...names(work.secrets),
    ...work.registries.flatMap((host) => registries[host]?.password?.secret ?? []),
    ...work.services.flatMap(({ secrets }) => names(secrets)),
    ...ofSteps(work.steps),
    ...ofSteps(onFailure),
  ];
}
