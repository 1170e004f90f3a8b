import { setImmediate } from "node:timers/promises";
import type { Finding } from "../finding/finding.ts";
import type { Platform } from "../platform/platform.ts";
import type { FactSource } from "./facts/facts.ts";
import { groupProblems } from "./group.ts";
import type { Model } from "./model.ts";
import { readModel } from "./read-model.ts";
import type { Repository } from "./repository/repository.ts";
import type { Problem } from "./rule.ts";
import { rules } from "./rules/rules.ts";

/** What a check is asked for. */
export interface CheckOptions {
  readonly platforms: readonly Platform[];
  readonly facts: FactSource;
  readonly signal: AbortSignal;
}

/** What a check found. */
export interface CheckResult {
  readonly model: Model;
  readonly findings: readonly CheckFinding[];
}

/** A finding with the problems that it was made from: what a fix works on. */
export interface CheckFinding extends Finding {
  readonly problems: readonly Problem[];
}

/** How often rules may ask new questions: an answer can lead to another question, but not without end. */
const maxRounds = 4;

/** Checks a repository: parses it once, runs all rules, and runs them again as long as the world outside answers their questions. */
export async function checkRepository(repository: Repository, options: CheckOptions): Promise<CheckResult> {
  const model = readModel(repository, options);
  let problems = await runRules(model, options.signal);
  for (let round = 0; round < maxRounds && (await options.facts.learn(options.signal)); round++)
    problems = await runRules(model, options.signal);
  return { model, findings: groupProblems(problems, model) };
}

/** Runs all rules; signals can arrive between them. */
async function runRules(model: Model, signal: AbortSignal): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const rule of rules) {
    await setImmediate();
    signal.throwIfAborted();
    for (const problem of rule.find(model)) problems.push({ ...problem, severity: problem.severity ?? rule.severity });
  }
  return problems;
}
