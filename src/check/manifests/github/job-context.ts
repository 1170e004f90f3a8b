import type { Platform } from "../../../platform/platform.ts";
import { architectureValue, type Piece, unknownValue, type Value, written } from "../../value.ts";
import { entryAt, type YamlNode } from "../yaml/node.ts";
import { evaluateExpression, type Lookup, type Result, unknownResult } from "./expression.ts";
import { interpolate } from "./interpolate.ts";
import { type Combination, namesSeveralArchitectures } from "./matrix.ts";

/** Inputs of a workflow or an action, as its caller gives them; undefined when who calls it is not known. */
export type Inputs = ReadonlyMap<string, Value> | undefined;

/** What a job knows while its steps run, one after another. */
export interface JobContext {
  readonly machine: Platform;
  readonly inputs: Inputs;
  readonly combination: Combination;
  /** All jobs of the matrix. */
  readonly combinations: readonly Combination[];
  /** The environment, which steps add to by `GITHUB_ENV`. */
  readonly environment: Map<string, Value>;
  /** Outputs of steps by `ID.NAME`. */
  readonly outputs: Map<string, Value>;
}

/** Where steps write what later steps see. */
export const environmentFile = "/github/env";
export const outputFile = "/github/output";

/** The contexts of expressions in a job, with an environment of the step's own. */
export function jobLookup(job: JobContext, environment: ReadonlyMap<string, Value> = job.environment): Lookup {
  return (path) => {
    const [context = "", name, ...rest] = path;
    if (name === undefined) return unknownResult;
    switch (context) {
      case "matrix":
        return matrixResult(job, name, rest);
      case "strategy":
        return unknownResult;
      case "env":
        return textResult(environment.get(name));
      case "inputs":
        return textResult(job.inputs?.get(name));
      case "github":
        return name === "event" && rest[0] === "inputs" ? textResult(job.inputs?.get(rest[1] ?? "")) : unknownResult;
      case "runner":
        if (name === "arch") return { type: "text", value: architectureValue(runnerArch(job.machine)) };
        return name === "os" ? { type: "text", value: written("Linux") } : unknownResult;
      case "steps":
        return rest[0] === "outputs" ? textResult(job.outputs.get(`${name}.${rest[1] ?? ""}`)) : unknownResult;
      default:
        return unknownResult;
    }
  };
}

/** Adds the entries of an `env` mapping to an environment; later ones may use earlier ones. */
export function addEnvironment(environment: Map<string, Value>, entries: YamlNode | undefined, lookup: Lookup): void {
  if (entries?.kind !== "map") return;
  for (const { key, value } of entries.entries) {
    environment.set(key.text, value.kind === "scalar" ? interpolate(value, lookup) : unknownValue());
  }
}

/** What GitHub sets in every step. */
export function githubEnvironment(machine: Platform): Map<string, Value> {
  const known = {
    CI: "true",
    GITHUB_ACTIONS: "true",
    RUNNER_OS: "Linux",
    GITHUB_ENV: environmentFile,
    GITHUB_OUTPUT: outputFile,
  };
  const unknown = [
    "GITHUB_REF",
    "GITHUB_REF_NAME",
    "GITHUB_SHA",
    "GITHUB_REPOSITORY",
    "GITHUB_REPOSITORY_OWNER",
    "GITHUB_EVENT_NAME",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_NUMBER",
    "GITHUB_ACTOR",
    "GITHUB_HEAD_REF",
    "GITHUB_BASE_REF",
    "GITHUB_REF_TYPE",
    "GITHUB_WORKSPACE",
    "GITHUB_EVENT_PATH",
    "GITHUB_PATH",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_TOKEN",
    "RUNNER_TEMP",
    "RUNNER_TOOL_CACHE",
  ];
  return new Map([
    ...Object.entries(known).map(([name, text]) => [name, written(text)] as const),
    ...unknown.map((name) => [name, unknownValue()] as const),
    ["RUNNER_ARCH", architectureValue(runnerArch(machine))],
  ]);
}

function runnerArch({ architecture }: Platform): string {
  const names: Readonly<Record<string, string>> = { amd64: "X64", arm64: "ARM64", arm: "ARM", 386: "X86" };
  return names[architecture] ?? architecture.toUpperCase();
}

function textResult(value: Value | undefined): Result {
  return value === undefined ? unknownResult : { type: "text", value };
}

function matrixResult(job: JobContext, name: string, rest: readonly string[]): Result {
  if (job.combination === undefined) return unknownResult;
  let node = job.combination.get(name);
  for (const key of rest) node = entryAt(node, key)?.value;
  if (node === undefined) {
    // A variable that another job of the matrix has is empty here; one that none has comes from what is not known.
    return job.combinations.some((other) => other?.has(name)) ? { type: "text", value: written("") } : unknownResult;
  }
  if (node.kind !== "scalar") return { type: "node", node };
  if (node.isNull) return { type: "null" };
  if (node.text === "true" || node.text === "false") return { type: "boolean", value: node.text === "true" };
  const value = interpolate(node, (path) => (path[0] === "matrix" ? unknownResult : jobLookup(job)(path)));
  if (!namesSeveralArchitectures(job.combinations, name)) return { type: "text", value };
  return {
    type: "text",
    value: { pieces: value.pieces.map((piece): Piece => ({ ...piece, dependsOnPlatform: true })) },
  };
}

/** Evaluates `if`; undefined when it is not known. */
export function condition(text: string | undefined, lookup: Lookup): Result {
  if (text === undefined) return { type: "boolean", value: true };
  const inner = /^\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*$/s.exec(text)?.[1] ?? text;
  return inner.includes("${{") ? unknownResult : evaluateExpression(inner, lookup);
}
