import { foreignIn, spotsOf, type ForeignName } from "../../names/foreign.ts";
import { formatPlatform } from "../../../platform/platform.ts";
import { MakeCaller, type MakeRun } from "../../make/call-make.ts";
import { holdsArchitecture } from "../../make/asked-variables.ts";
import { makeArguments } from "../../make/make-arguments.ts";
import { joinRelative } from "../../repository/paths.ts";
import type { Execution, Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Rule } from "../../rule.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf, type Value } from "../../value.ts";
import { namedArchitectures } from "./call-facts.ts";

/** A RUN that calls make, whose Makefile has a default for one architecture. */
export const makeArchDefault: Rule = {
  id: "make-arch-default",
  severity: "error",
  page: {
    title: "RUN make builds for the Makefile's default architecture",
    what: "A `RUN make …` whose Makefile sets the architecture to a fixed default (`ARCH ?= amd64`, `GOARCH = amd64`), uses it to compile or to name what it makes, and is not told another one by the call. The Dockerfile itself may have no word about an architecture.",
    why: "The image for every platform gets the program of the default one.",
    symptom: "`exec format error` when the container starts, although the image's own platform is right.",
    fix: "Pass the architecture:\n\n```diff\n+ARG TARGETARCH\n-RUN make build\n+RUN make build ARCH=$TARGETARCH\n```\n\nOn the command line it beats `=` too; in the environment only `?=`.",
    ignore: "What the target makes has no machine code in it.",
  },
  *find(model) {
    const caller = new MakeCaller(model.repository);
    for (const { execution, command } of makesIn(model)) {
      const run = caller.run(command, {
        folders: foldersOf(command, execution),
        machine: execution.machine,
        asked: false,
      });
      if (run === undefined || !bringsMakefile(execution, run)) continue;
      const found = defaultOf(run, execution);
      if (found === undefined) continue;
      yield {
        rule: "make-arch-default",
        message: `make builds for ${found.name.name.architecture} here, by the default of ${found.variable} in ${found.place.path}: the call sets nothing else for ${formatPlatform(execution.target)}.`,
        platforms: [execution.target],
        place: command.place,
        related: [{ place: found.place, message: `${found.variable} is ${found.name.name.text}.` }],
        advice: `Pass ${found.variable}=$TARGETARCH to make, with "ARG TARGETARCH" before it.`,
        key: `make-arch-default\0${command.place.path}\0${command.place.line}`,
      };
    }
  },
};

/** A RUN that asks make for a target of one architecture. */
export const makeTargetArch: Rule = {
  id: "make-target-arch",
  severity: "error",
  page: {
    title: "RUN make asks for a target of one fixed architecture",
    what: "A `RUN make linux-amd64` (or `make build-x86_64`): the target that is asked for has the name of another architecture than the platform's.",
    why: "The image for every platform gets the program of that one.",
    symptom: "`exec format error` when the container starts.",
    fix: "Take the name from the platform:\n\n```diff\n+ARG TARGETARCH\n-RUN make linux-amd64\n+RUN make linux-${TARGETARCH}\n```",
    ignore: "The target makes something for another machine on purpose.",
  },
  *find(model) {
    for (const { execution, command } of makesIn(model)) {
      for (const target of makeArguments(command.words.slice(1)).targets) {
        const names = foreignIn(target, execution.target).filter(({ chosen }) => !chosen);
        const [first] = names;
        if (first === undefined) continue;
        yield {
          rule: "make-target-arch",
          message: `make is asked for ${textOf(target)}, which is for ${first.name.architecture}, in a build for ${formatPlatform(execution.target)}.`,
          platforms: [execution.target],
          place: command.place,
          spots: spotsOf(names),
          advice: "Take the architecture of the target from TARGETARCH.",
          key: `make-target-arch\0${command.place.path}\0${command.place.line}`,
        };
      }
    }
  },
};

function* makesIn(model: Model): Generator<{ readonly execution: Execution; readonly command: ReachedCommand }> {
  for (const execution of model.executions) {
    if (execution.kind !== "run") continue;
    for (const command of execution.trace.commands) {
      if (command.program === "make" || command.program === "gmake") yield { execution, command };
    }
  }
}

/** The folders of the repository that a directory in an image may be: the contexts, and what of them ends like it. */
function foldersOf({ directory }: ReachedCommand, { stage }: Execution): string[] {
  const contexts = stage?.variant.file.contexts ?? [""];
  const parts = (directory ?? "").split("/").filter((part) => part !== "");
  return contexts.flatMap((context) => [
    ...parts.flatMap((_, at) => joinRelative(context, parts.slice(at).join("/")) ?? []),
    context,
  ]);
}

/** True when the Makefile comes from the context: one that is cloned is another. */
function bringsMakefile({ stage, trace }: Execution, { path }: MakeRun): boolean {
  if (trace.commands.some(({ program, words }) => program === "git" && words.some((word) => textOf(word) === "clone")))
    return false;
  const copies = stage?.variant.stages.flatMap((each) => each.copies) ?? [];
  const contexts = stage?.variant.file.contexts ?? [""];
  return copies.some(
    ({ from, sources }) =>
      from.kind === "context" &&
      sources.some((source) =>
        contexts.some((context) => {
          const folder = joinRelative(context, textOf(source).replace(/^\/+/, "").replace(/\*.*$/, ""));
          return (
            folder !== undefined &&
            (folder === "" ||
              path === folder ||
              path.startsWith(`${folder}/`) ||
              (/\*/.test(textOf(source)) && path.startsWith(folder)))
          );
        }),
      ),
  );
}

interface Default {
  readonly name: ForeignName;
  readonly variable: string;
  readonly place: Place;
}

/** What the recipes do for another architecture because of a variable of the Makefile. */
function defaultOf({ executions, evaluation }: MakeRun, { target }: Execution): Default | undefined {
  for (const { trace, name = "" } of executions) {
    // A target that is for one architecture by its name says so in the call.
    if (namedArchitectures(name).size > 0) continue;
    for (const command of trace.commands) {
      const { words, assignments, program } = command;
      const isGo = program === "go" && /^(?:build|install)$/.test(textOf(words[1] ?? { pieces: [] }));
      const values: Value[] = [...words, ...assignments.map(({ value }) => value)];
      const goarch = isGo ? command.variable("GOARCH")?.value : undefined;
      if (goarch !== undefined) values.push(goarch);
      for (const value of values) {
        for (const found of foreignIn(value, target)) {
          const from = [...found.through, ...(value === goarch ? ["GOARCH"] : [])].find(
            (each) => holdsArchitecture(each) && evaluation.scope.get(each)?.origin === "file",
          );
          if (from === undefined || found.chosen || found.place === undefined) continue;
          return { name: found, variable: from, place: found.place };
        }
      }
    }
  }
  return undefined;
}
