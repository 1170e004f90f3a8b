import { formatPlatform, type Platform } from "../../../platform/platform.ts";
import type { Execution, Model } from "../../model.ts";
import { spotsOf, type ForeignName } from "../../names/foreign.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf, type Value } from "../../value.ts";
import { isLibraryFolder } from "./library-folder.ts";
import { foreignToAll, isForOther, isPort, platformsOf, reachedSources, reachedStages } from "./reached-copies.ts";

/** Folders of libraries and dynamic loaders of another architecture. */
export const multiarchLibdir: Rule = {
  id: "multiarch-libdir",
  severity: "error",
  page: {
    title: "A folder of libraries of one architecture is used on every platform",
    what: "A path such as `/usr/lib/x86_64-linux-gnu/…`, `/lib64/ld-linux-x86-64.so.2` or `/etc/ld-musl-x86_64.path` in a `COPY`, `RUN` or `ENV` that is also reached on another architecture. Paths that are tested before, and lists for all architectures, are fine.",
    why: "Debian and its family keep libraries in a folder that is named after the architecture, and the dynamic loader has another name on each. On arm64 the folder is `/usr/lib/aarch64-linux-gnu` and the loader `/lib/ld-linux-aarch64.so.1`.",
    symptom:
      "`COPY failed: … /usr/lib/x86_64-linux-gnu/libjemalloc.so.2: not found`, `cp: cannot stat '/usr/lib/x86_64-linux-gnu/…': No such file or directory`, or at run time `error while loading shared libraries: …: cannot open shared object file`.",
    fix: "In a `RUN`, ask the machine:\n\n```diff\n-RUN ln -s /usr/lib/x86_64-linux-gnu/libjemalloc.so.2 /usr/lib/libjemalloc.so\n+RUN ln -s /usr/lib/$(uname -m)-linux-gnu/libjemalloc.so.2 /usr/lib/libjemalloc.so\n```\n\n`COPY` cannot run commands: make a folder with a neutral name in the stage before (`RUN ln -s /usr/lib/$(uname -m)-linux-gnu /usr/lib/native`), and copy from there. A wildcard (`/usr/lib/*-linux-gnu/…`) works in both.",
    ignore: "The image is for one architecture only.",
  },
  *find(model) {
    yield* inCopies(model);
    yield* inVariables(model);
    for (const execution of model.executions) {
      if (execution.kind === "run") yield* inCommands(execution, model);
    }
  },
};

function* inCopies(model: Model): Generator<Problem, void, void> {
  for (const source of reachedSources(model)) {
    const { value, copy, variant } = source;
    for (const each of [value, copy.destination]) {
      const found = problem(each, platformsOf(source), copy.place, model);
      if (found !== undefined) yield { ...found, platforms: [variant.platform] };
    }
  }
}

function* inVariables(model: Model): Generator<Problem, void, void> {
  for (const { path, variants } of model.dockerfiles) {
    for (const variant of variants) {
      if (isForOther(path, variant.platform)) continue;
      for (const stage of reachedStages(variant)) {
        for (const { keyword, value, place } of stage.variables) {
          if (keyword !== "ENV") continue;
          const found = problem(value, platformsOf({ variant, stage }), place, model);
          // Paths that are not there are passed over in most lists of paths.
          if (found !== undefined) yield { severity: "warning", ...found, platforms: [variant.platform] };
        }
      }
    }
  }
}

function* inCommands({ trace, stage, target, place }: Execution, model: Model): Generator<Problem, void, void> {
  if (stage === undefined || isForOther(place.path, target)) return;
  const platforms = platformsOf({ variant: stage.variant, stage });
  const tested = new Set<string>();
  for (const command of trace.commands) {
    const isTest = /^(?:\[|\[\[|test)$/.test(command.program);
    const values = [...command.words, ...command.outputs, ...command.assignments.map(({ value }) => value)];
    for (const value of values) {
      const names = libraryNames(value, platforms);
      if (names.length === 0) continue;
      const pattern = textOf(value);
      if (isTest) tested.add(pattern);
      else if (!isTested(command, pattern, tested)) {
        const found = problem(value, platforms, command.place, model, removes.test(command.program));
        if (found !== undefined) yield { ...found, platforms: [target] };
      }
    }
  }
}

/** What these leave undone, nobody misses: what they remove is not there. */
const removes = /^(?:rm|rmdir|unlink|strip)$/;

/** True for a command behind a condition that looked whether the path (or a part of it) is there. */
function isTested(command: ReachedCommand, text: string, tested: ReadonlySet<string>): boolean {
  return !command.certain && [...tested].some((path) => text.includes(path) || path.includes(text));
}

const mayHoldLibraries = /-linux-|\/ld-|\/ld64|\/ld\./;

function libraryNames(value: Value, platforms: readonly Platform[]): ForeignName[] {
  const text = textOf(value);
  // Cheap first: most words are no such paths.
  if (!mayHoldLibraries.test(text)) return [];
  return foreignToAll(value, platforms).filter(({ name }) => isLibraryFolder(text, name));
}

function problem(
  value: Value,
  platforms: readonly Platform[],
  fallback: Place,
  model: Model,
  harmless = false,
): Omit<Problem, "platforms"> | undefined {
  const names = libraryNames(value, platforms);
  const [first] = names;
  const [platform] = platforms;
  if (first === undefined || platform === undefined) return undefined;
  const text = textOf(value);
  const place = first.place ?? fallback;
  return {
    rule: "multiarch-libdir",
    ...(harmless || isPort(first, model) ? { severity: "note" as const } : {}),
    message: `${cut(text)} is there on ${first.name.architecture} only: on ${formatPlatform(platform)} these folders and loaders have other names.`,
    place,
    spots: spotsOf(names),
    advice: "Write $(uname -m) for the architecture in a RUN, and copy from a folder with a neutral name.",
    key: ["multiarch-libdir", place.path, place.line].join("\0"),
  };
}

function cut(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
