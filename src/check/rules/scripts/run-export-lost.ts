import { namesIn } from "../../../platform/architecture-words.ts";
import { formatPlatform, samePlatform } from "../../../platform/platform.ts";
import type { Execution, StageModel } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import type { ShellVariable } from "../../shell/trace.ts";
import { dependsOnPlatform, textOf } from "../../value.ts";
import { buildVariables, readsOf } from "./build-variables.ts";
import { shown } from "./weight.ts";

const id = "run-export-lost";

/** A variable that is set in one RUN and used in another. */
export const runExportLost: Rule = {
  id,
  severity: "error",
  page: {
    title: "A variable of one RUN is used in another",
    what: "`RUN export GOARCH=…` or `RUN ARCH=$(uname -m)` whose variable a later `RUN` of the stage uses or a build there would read, though nothing sets it again.",
    why: "Every `RUN` is a shell of its own. Its variables, exported or not, are gone at its end; only files stay. The later `RUN` sees an empty variable.",
    symptom:
      "A URL or path with a gap in it (404, `No such file or directory`), or a program for the builder's CPU: `exec format error`.",
    fix: "Set it in the same `RUN`, or with `ENV` when the value is fixed:\n\n```diff\n-RUN export GOARCH=$TARGETARCH\n-RUN go build -o /app .\n+RUN export GOARCH=$TARGETARCH && go build -o /app .\n```",
    ignore: "The base image sets the variable too, to the right value.",
  },
  *find(model) {
    for (const { variants } of model.dockerfiles) {
      for (const { stages } of variants) for (const stage of stages) yield* lostIn(stage);
    }
  },
};

interface Use {
  readonly place: Place;
  readonly run: Execution;
}

function* lostIn(stage: StageModel): Generator<Problem, void, void> {
  const declared = new Set(stage.variables.map(({ name }) => name));
  for (const [index, run] of stage.runs.entries()) {
    for (const [name, variable] of run.trace.variables) {
      const { place, value } = variable;
      if (place === undefined || declared.has(name) || !/^[A-Za-z_]\w*$/.test(name)) continue;
      if (!isAboutPlatform(name, variable)) continue;
      const uses = stage.runs.slice(index + 1).flatMap((later) => usesOf(name, variable, later));
      const [first] = uses;
      if (first === undefined) continue;
      const isOnLine = uses.some(({ run: later }) => later.place.line !== run.place.line);
      if (!isOnLine) continue;
      yield {
        rule: id,
        message: `${name} (${shown(textOf(value))}) is gone at the end of this RUN: each RUN is a shell of its own, and the later one on line ${first.place.line} does not see it (${formatPlatform(stage.variant.platform)}).`,
        platforms: [stage.variant.platform],
        place,
        related: uses.map((use) => ({ place: use.place, message: `${name} is not set here.` })),
        advice: `Join the RUNs with &&, or set ${name} with ENV.`,
        key: [id, place.path, place.line, name].join("\0"),
      };
    }
  }
}

/** True for a variable that has to do with the architecture. */
function isAboutPlatform(name: string, { value }: ShellVariable): boolean {
  if (dependsOnPlatform(value) || /ARCH|PLATFORM|TRIPLE/.test(name)) return true;
  return namesIn(textOf(value)).length > 0 && buildVariables.has(name);
}

/** Where a later RUN uses a variable that is not set there, or builds without one that is for another platform. */
function usesOf(name: string, { value, exported }: ShellVariable, run: Execution): Use[] {
  return run.trace.commands.flatMap((command): Use[] => {
    if (command.variable(name) !== undefined) return [];
    const isNamed = [...command.words, ...command.outputs, ...command.assignments.map((each) => each.value)].some(
      ({ pieces }) => pieces.some(({ source, through }) => source === "unknown" && through?.includes(name) === true),
    );
    if (isNamed) return [{ place: command.place, run }];
    const isRead = exported && readsOf(command).includes(name) && !samePlatform(run.machine, run.target);
    return isRead && textOf(value) !== run.machine.architecture ? [{ place: command.place, run }] : [];
  });
}
