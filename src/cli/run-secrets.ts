import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { ArchwayError } from "../error/error.ts";
import type { Scope } from "../expression/evaluate.ts";
import type { Template } from "../expression/template.ts";
import { namesOfRun } from "../pipeline/facts.ts";
import type { PlannedJob, SecretUse, StepSpec } from "../pipeline/job-spec.ts";
import { knownScope, knownText } from "../pipeline/known-text.ts";
import type { CliContext } from "./context.ts";
import { optionError } from "./parse-option.ts";
import { readPlaces } from "./pipeline-plan.ts";
import { hostOf } from "./run-logins.ts";
import type { RunOptions } from "./run-options.ts";
import type { RunPlan } from "./run-plan.ts";
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

/**
 * Throws `SECRET_MISSING` (kind `input`) that names all secrets of the jobs that are not given, with the jobs, at the first of these. What is published (`publish`) also needs the passwords of the
 * registries that it goes to: without them an hour of building would end with a refusal.
 */
export async function requireSecrets(
  { graph, config, facts }: Pick<RunPlan, "graph" | "config" | "facts">,
  values: ReadonlyMap<string, string>,
  { publish }: Pick<RunOptions, "publish">,
): Promise<void> {
  const known = namesOfRun(facts);
  const missing = new Map<string, Set<string>>();
  for (const job of graph.jobs.filter(({ skip }) => skip === undefined)) {
    const targets = publish ? publishedBy(job, knownScope(job, graph, known)) : [];
    const passwords = targets.flatMap((host) => config.registries[host]?.password?.secret ?? []);
    for (const name of [...secretsOfJob(job, config.registries), ...passwords]) {
      if (values.has(name)) continue;
      missing.set(name, (missing.get(name) ?? new Set()).add(job.name));
    }
  }
  const [first] = missing;
  if (first === undefined) return;
  const list = [...missing].map(([name, jobs]) => `${name} (${[...jobs].join(", ")})`);
  const [job = ""] = first[1];
  throw new ArchwayError({
    code: "SECRET_MISSING",
    kind: "input",
    message: `The jobs need ${list.length === 1 ? "a secret that is" : "secrets that are"} not given: ${list.join(", ")}.`,
    hint: "Give them with --secret-file FILE (lines NAME=VALUE) or --secret-env NAME.",
    place: (await readPlaces(config))(["jobs", job, "secrets"]),
  });
}

/** Hosts of the registries that a job writes to, as far as they are known before the run. */
function publishedBy({ work }: PlannedJob, scope: Scope): readonly string[] {
  return targetsOf(work).flatMap((target) => hostOf(knownText(target, scope) ?? "") ?? []);
}

function targetsOf(work: PlannedJob["work"]): readonly Template[] {
  if (work.kind === "build") return work.push ? work.tags : [];
  // Tags are given in the image's own repository.
  if (work.kind === "image") return work.action === "tag" ? work.from : work.to;
  return work.kind === "promote" ? work.to : [];
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
