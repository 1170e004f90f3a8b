import { findArchitecture } from "../platform/architecture.ts";
import type { Platform } from "../platform/platform.ts";
import type { EvaluatedRun } from "./evaluation.ts";
import { expandWord } from "./expand.ts";
import { runCommands, type RunCommand } from "./run-script.ts";
import type { Assignment } from "./shell-command.ts";
import type { SourceFile } from "./source.ts";

/** A command with the values that its variables have, as far as the Dockerfile and the script before it tell; other references stay. */
export interface ExpandedCommand {
  readonly line: number;
  /** As written, for the classification of the program. */
  readonly written: RunCommand;
  readonly words: readonly string[];
  readonly assignments: readonly Assignment[];
}

/**
 * Expands the commands of a RUN on a platform: constants that the script assigns before, variables in `given`, those of the stage, and what a machine
 * says of itself (`$(uname -m)`, `$(dpkg --print-architecture)`, …). A variable that a script gives several values
 * is a choice between branches: it stays as it is written.
 */
export function expandedCommands(
  run: EvaluatedRun,
  platform: Platform,
  source: SourceFile,
  given: ReadonlyMap<string, string>,
): ExpandedCommand[] {
  const local = new Map<string, string | undefined>();
  const lookUp = {
    get: (name: string) => (local.has(name) ? local.get(name) : (given.get(name) ?? run.environment.get(name))),
  };
  const expand = (word: string): string => {
    const expansion = expandWord(answered(word, platform), lookUp, { keepUnset: true });
    return expansion.ok ? expansion.text : word;
  };
  const commands = runCommands(run, source);
  const ladders = laddersIn(commands.flatMap(({ assignments }) => assignments));
  return commands.map((written) => {
    const assignments = written.assignments.map(({ name, value }) => ({ name, value: expand(value) }));
    // Assignments alone hold for the commands after them; before a command they hold for it only.
    if (written.words.length === 0) {
      for (const { name, value } of assignments) {
        local.set(name, ladders.has(name) || /[$`]/.test(value) ? undefined : value);
      }
    }
    const words = written.words.map(expand);
    return { line: written.line, written, words, assignments: assignments.filter(({ name }) => !ladders.has(name)) };
  });
}

/** Names that get more than one value. */
function laddersIn(assignments: readonly Assignment[]): ReadonlySet<string> {
  const values = new Map<string, string>();
  const ladders = new Set<string>();
  for (const { name, value } of assignments) {
    if ((values.get(name) ?? value) !== value) ladders.add(name);
    values.set(name, value);
  }
  return ladders;
}

/** Replaces questions to the machine by their answers on a platform. */
function answered(word: string, platform: Platform): string {
  if (!/\$\(|`/.test(word)) return word;
  const architecture = findArchitecture(platform);
  const answers: readonly (readonly [question: string, answer: string | undefined])[] = [
    ["uname -m", architecture?.machine],
    ["uname -p", architecture?.machine],
    ["arch", architecture?.machine],
    ["dpkg --print-architecture", architecture?.debian],
    ["apk --print-arch", architecture?.alpine],
    ["go env GOARCH", architecture?.name],
  ];
  return answers.reduce((text, [question, answer]) => {
    return answer === undefined
      ? text
      : text.replaceAll(`$(${question})`, answer).replaceAll(`\`${question}\``, answer);
  }, word);
}
