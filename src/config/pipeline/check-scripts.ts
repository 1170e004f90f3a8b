import type { Expression, NameUse } from "../../expression/expression.ts";
import type { Template } from "../../expression/template.ts";
import type { NamedContent } from "./check-names.ts";
import type { JobContent } from "./job.ts";
import type { Path, Report } from "./problem.ts";
import type { HandlerContent, ServiceContent, StepContent } from "./step.ts";

type Environment = Readonly<Record<string, Template>>;

/** Names whose texts others choose: whoever may push a branch, send a change or start a run. */
const foreignNames = new Set([
  "git.branch",
  "git.tag",
  "git.ref",
  "git.message",
  "git.author_name",
  "git.author_email",
]);

/** Variables that steps have anyway. */
const variables: Readonly<Record<string, string>> = { "git.branch": "ARCHWAY_BRANCH", "git.tag": "ARCHWAY_TAG" };

/**
 * Reports scripts into which texts of others are written. A branch may be called `x$(curl …|sh)`, and a shell would run it, with the secrets of its step; as a
 * variable it is only a text.
 */
export function checkScripts(content: NamedContent, report: Report): void {
  const inputs = Object.entries(content.on.manual?.inputs ?? {}).filter(([, { choice }]) => choice === undefined);
  const general = new Set([...foreignNames, ...inputs.map(([name]) => `inputs.${name}`)]);
  const shared = withEnvironment(general, content.env);
  const everywhere = new Set(shared);
  for (const [name, job] of Object.entries(content.jobs)) {
    const at = ["jobs", name];
    const own = [job.env, ...Object.values(job.overrides).map(({ env }) => ({ ...job.env, ...env }))].map((env) =>
      withEnvironment(shared, env),
    );
    const foreign = union(own);
    for (const one of foreign) everywhere.add(one);
    checkJob(job, at, foreign, report);
    for (const [platform, { steps, env }] of Object.entries(job.overrides))
      checkSteps(
        steps ?? [],
        [...at, "overrides", platform, "steps"],
        withEnvironment(shared, { ...job.env, ...env }),
        report,
      );
  }
  // A handler of the pipeline runs with the variables of the job that failed.
  checkHandlers(content.on_failure, ["on_failure"], everywhere, report);
}

function checkJob(job: JobContent, at: Path, foreign: ReadonlySet<string>, report: Report): void {
  checkSteps(job.steps ?? [], [...at, "steps"], foreign, report);
  checkHandlers(job.on_failure, [...at, "on_failure"], foreign, report);
  for (const [name, service] of Object.entries(job.services)) {
    const path = [...at, "services", name];
    const own = withEnvironment(foreign, service.env);
    checkCommand(service, path, own, report);
    const { ready } = service;
    if (ready !== undefined && "command" in ready && ready.command !== undefined)
      checkScript(ready.command, [...path, "ready", "command"], own, report);
  }
}

function checkSteps(steps: readonly StepContent[], at: Path, foreign: ReadonlySet<string>, report: Report): void {
  steps.forEach((step, index) => {
    const own = withEnvironment(foreign, step.env);
    checkCommand(step, [...at, index], own, report);
    checkHandlers(step.on_failure, [...at, index, "on_failure"], own, report);
  });
}

function checkHandlers(list: readonly HandlerContent[], at: Path, foreign: ReadonlySet<string>, report: Report): void {
  list.forEach((handler, index) =>
    checkCommand(handler, [...at, index], withEnvironment(foreign, handler.env), report),
  );
}

function checkCommand(
  { run, entrypoint = [], args = [] }: HandlerContent | StepContent | ServiceContent,
  at: Path,
  foreign: ReadonlySet<string>,
  report: Report,
): void {
  if (run !== undefined) checkScript(run, [...at, "run"], foreign, report);
  const words = [
    ...entrypoint.map((word, index) => ({ word, path: [...at, "entrypoint", index] })),
    ...args.map((word, index) => ({ word, path: [...at, "args", index] })),
  ];
  const shell = words.findIndex(({ word }) => /^(.*\/)?(ba|da|a|k|z)?sh$/.test(plainText(word)));
  const option = words.findIndex(({ word }, index) => index > shell && /^-\w*c$/.test(plainText(word)));
  const script = shell < 0 || option < 0 ? undefined : words[option + 1];
  if (script !== undefined) checkScript(script.word, script.path, foreign, report);
}

function plainText({ parts }: Template): string {
  return parts.every((part) => typeof part === "string") ? parts.join("") : "";
}

function checkScript({ parts }: Template, path: Path, foreign: ReadonlySet<string>, report: Report): void {
  for (const part of parts) {
    if (typeof part === "string") continue;
    const [use] = foreignIn(part, foreign);
    if (use === undefined) continue;
    report(
      path,
      `\${{ ${use.name} }} is a text that others choose, and the script would run what stands in it`,
      hintFor(use.name, part.kind === "name"),
      { character: use.at },
    );
  }
}

function hintFor(name: string, isAlone: boolean): string {
  const [room, last = ""] = name.split(".");
  const known = room === "env" ? last : isAlone ? variables[name] : undefined;
  if (known !== undefined) return `The script has it as a variable: write "$${known}", with the quotes.`;
  const variable = last.toUpperCase();
  return `Hand it over as a variable: env: { ${variable}: "\${{ … }}" } beside the script, and in the script "$${variable}", with the quotes.`;
}

/** The names that are foreign inside of an environment, which may also make a foreign one its own. */
function withEnvironment(outer: ReadonlySet<string>, env: Environment): ReadonlySet<string> {
  const entries = Object.entries(env);
  if (entries.length === 0) return outer;
  const names = new Set(outer);
  for (const [name, { parts }] of entries) {
    const isForeign = parts.some((part) => typeof part !== "string" && foreignIn(part, names).length > 0);
    if (isForeign) names.add(`env.${name}`);
    else names.delete(`env.${name}`);
  }
  return names;
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((set) => [...set]));
}

/** Foreign texts that can become part of an expression's value. Comparisons come to `true` or `false`, hashes and slugs to letters, digits and dashes. */
function foreignIn(expression: Expression, foreign: ReadonlySet<string>): readonly NameUse[] {
  switch (expression.kind) {
    case "literal":
    case "not":
      return [];
    case "name": {
      const name = expression.path.join(".");
      return foreign.has(name) ? [{ name, at: expression.at }] : [];
    }
    case "call":
      return keepsTexts.has(expression.name) ? expression.args.flatMap((one) => foreignIn(one, foreign)) : [];
    case "binary":
      return expression.operator === "||" || expression.operator === "&&"
        ? [...foreignIn(expression.left, foreign), ...foreignIn(expression.right, foreign)]
        : [];
  }
}

/** Functions whose values have in them what was handed to them. */
const keepsTexts: ReadonlySet<string> = new Set(["lower", "upper", "trim", "replace"]);
