import { formatPlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { Execution, Model } from "../model.ts";
import { textOf } from "../value.ts";

/** Programs that only decide or remember; a fix may add them without changing what a build does. */
const silent = new Set([
  "",
  "export",
  "local",
  "readonly",
  "declare",
  "set",
  "test",
  "[",
  "[[",
  "true",
  ":",
  "echo",
  "printf",
]);

/** Programs that only tell what the machine is: a fix may ask them for a name. */
const questions = new Set(["uname", "arch"]);

/** Programs that ask for a build: a fix may hand them another argument. */
const builders = new Set(["docker", "podman", "buildah", "nerdctl", "buildctl", "make", "executor"]);

/**
 * What every file does for one platform on a builder of that platform: the platforms of its stages, the files it copies, and the commands it runs, with
 * all words as they are there. Two models with the same signature build the same.
 */
export function signatureOf(model: Model, platform: Platform): ReadonlyMap<string, readonly string[]> {
  const signature = new Map<string, string[]>();
  const add = (path: string, line: string): void => {
    const lines = signature.get(path);
    if (lines === undefined) signature.set(path, [line]);
    else if (!lines.includes(line)) lines.push(line);
  };
  const name = formatPlatform(platform);
  for (const { path, variants } of model.dockerfiles) {
    for (const variant of variants) {
      if (!samePlatform(variant.platform, platform) || !samePlatform(variant.buildPlatform, platform)) continue;
      for (const { stage, copies, runs, variables } of variant.stages) {
        add(path, `${name} ${stage.index} FROM ${formatPlatform(stage.platform)}`);
        for (const { keyword, sources, destination } of copies) {
          add(path, `${name} ${stage.index} ${keyword} ${[...sources, destination].map(textOf).join(" ")}`);
        }
        for (const { keyword, name: variable, value } of variables)
          if (keyword === "ENV") add(path, `${name} ${stage.index} ENV ${variable}=${textOf(value)}`);
        for (const run of runs) for (const line of commandsOf(run)) add(path, `${name} ${stage.index} ${line}`);
      }
    }
  }
  for (const execution of model.executions) {
    const isHere = samePlatform(execution.target, platform) && samePlatform(execution.machine, platform);
    if (execution.kind === "run" || !isHere) continue;
    for (const line of commandsOf(execution)) add(execution.place.path, `${name} ${line}`);
  }
  return signature;
}

function commandsOf({ trace, kind }: Execution): string[] {
  return trace.commands.flatMap(({ program, words, outputs }) => {
    const texts = words.map(textOf);
    // What is written into a file counts, whoever writes it.
    if (silent.has(program) && outputs.length === 0) return [];
    if (questions.has(program) || (program === "dpkg" && texts.includes("--print-architecture"))) return [];
    if (kind !== "run" && builders.has(program)) return [];
    return [[...texts, ...outputs.map((output) => `> ${textOf(output)}`)].join(" ")];
  });
}

/** The first line of a signature that another one lacks, or that it has in addition; undefined when they are the same. */
export function signatureChange(
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): { readonly path: string; readonly before?: string; readonly after?: string } | undefined {
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [old = [], fresh = []] = [before.get(path), after.get(path)];
    const gone = old.find((line) => !fresh.includes(line));
    const come = fresh.find((line) => !old.includes(line));
    if (gone === undefined && come === undefined) continue;
    return { path, ...(gone === undefined ? {} : { before: gone }), ...(come === undefined ? {} : { after: come }) };
  }
  return undefined;
}
