import { architecturesIn } from "../../dockerfile/architecture-name.ts";
import { formatPlatform, normalizePlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { Execution, ImageUse } from "../model.ts";
import type { Reading } from "../reading.ts";
import { maxTextSize } from "../repository/repository.ts";
import { textOf } from "../value.ts";
import { assignedNames, findMakefiles, setNames } from "./find-makefiles.ts";
import { MakeEvaluation, type MakeCall } from "./evaluate-makefile.ts";
import type { MakefileModel, MakefileVariant } from "./makefile.ts";
import { Recursion } from "./recursion.ts";
import { folderOf } from "../repository/paths.ts";

/** Most recipes that run for one platform in the whole repository. */
const maxRecipes = 6000;

/** The Makefiles of the repository, and their recipes as they run on every platform. */
export function readMakefiles(reading: Reading): {
  readonly makefiles: readonly MakefileModel[];
  readonly executions: readonly Execution[];
  readonly images: readonly ImageUse[];
} {
  const { repository, platforms } = reading;
  const paths = findMakefiles(repository);
  for (const path of paths) {
    if ((repository.file(path)?.size ?? 0) > maxTextSize)
      reading.unreadable({ place: { path }, message: "The Makefile is larger than 4 MiB; it is not read." });
  }
  const settable = setNames(repository);
  const told = new Set<string>();
  const callOf = (path: string, machine: Platform, assigned: ReadonlySet<string>): MakeCall => ({
    repository,
    path,
    directory: folderOf(path),
    machine,
    overrides: new Map(),
    environment: new Map(),
    asked: true,
    settable,
    isAssigned: (name) => assigned.has(name),
    problem: (message, place) => {
      const key = `${place?.path ?? path}:${place?.line ?? 0}:${message}`;
      if (!told.has(key)) reading.unreadable({ place: place ?? { path }, message });
      told.add(key);
    },
  });
  const makefiles: MakefileModel[] = [];
  const executions = new Map<string, Execution>();
  const counts = new Map<string, number>();
  for (const path of paths) {
    if (reading.signal.aborted) break;
    if ((repository.file(path)?.size ?? 0) > maxTextSize) continue;
    const variants: MakefileVariant[] = [];
    const assigned = assignedNames(repository, path);
    const others: Execution[] = [];
    const makefile: MakefileModel = { path, variants, others };
    makefiles.push(makefile);
    for (const machine of platforms) {
      const evaluation = new MakeEvaluation(callOf(path, machine, assigned));
      variants.push(variantOf(evaluation));
      const count = formatPlatform(machine);
      const run = new Recursion(makefile, executions, () => {
        counts.set(count, (counts.get(count) ?? 0) + 1);
        return (counts.get(count) ?? 0) < maxRecipes && !reading.signal.aborted;
      });
      run.all(evaluation);
    }
    const beside = new Map<string, Execution>();
    for (const machine of namedBeside(variants, platforms)) {
      const evaluation = new MakeEvaluation(callOf(path, machine, assigned));
      variants.push(variantOf(evaluation));
      new Recursion(makefile, beside, () => beside.size < maxRecipes).all(evaluation);
    }
    others.push(...beside.values());
  }
  return { makefiles, executions: [...executions.values()], images: [] };
}

function variantOf(evaluation: MakeEvaluation): MakefileVariant {
  return {
    machine: evaluation.call.machine,
    variables: evaluation.variables(),
    conditionals: evaluation.reader.conditionals.found,
    asked: evaluation.asked,
  };
}

/** The architectures that conditions of a Makefile name beside the requested ones. */
function namedBeside(variants: readonly MakefileVariant[], platforms: readonly Platform[]): Platform[] {
  const texts = variants.flatMap(({ conditionals }) =>
    conditionals.flatMap(({ branches }) => branches.flatMap(({ operands }) => operands.map(textOf))),
  );
  const names = new Set(texts.flatMap((text) => architecturesIn(text).map(({ architecture }) => architecture)));
  return [...names]
    .map((architecture) => normalizePlatform({ os: "linux", architecture }))
    .filter(
      (platform) =>
        !platforms.some((other) => samePlatform(other, platform) || other.architecture === platform.architecture),
    );
}
