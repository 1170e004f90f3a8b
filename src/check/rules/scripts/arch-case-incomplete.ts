import { namesIn } from "../../../platform/architecture-words.ts";
import { formatPlatform } from "../../../platform/platform.ts";
import { spotsOf } from "../../names/foreign.ts";
import type { Execution } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import type { ArchitectureSwitch } from "../../shell/trace.ts";
import { textOf } from "../../value.ts";
import { nearPattern } from "./near-pattern.ts";
import { consequenceOf, isUncovered, type Consequence } from "./switch-consequence.ts";
import { shown, weightOf } from "./weight.ts";

const id = "arch-case-incomplete";

/** A ladder or a table over the architecture that lacks a wanted platform. */
export const archCaseIncomplete: Rule = {
  id,
  severity: "error",
  page: {
    title: "A choice by architecture lacks a wanted platform",
    what: "A `case`, an `if` ladder or a table (`${!URL}`, `${map[$arch]}`) over `uname -m`, `TARGETARCH`, `dpkg --print-architecture` and their kin that has no branch for one of the wanted platforms, when that does harm: the script ends with a failure, a variable stays empty that is part of a URL or path, or the branch for all others (`*`, `else`) gives the name of another architecture.",
    why: "What is not listed falls into `*` or through the whole ladder. A script that ends there at least says so; an empty variable or a wrong default goes on and fails later, or ships a program for another CPU.",
    symptom:
      "The script's own text (`unsupported architecture: aarch64`), `curl: (22) The requested URL returned error: 404` for a URL with a gap in it, or `exec format error` when the program starts.",
    fix: 'Add the branch, beside those that are there:\n\n```diff\n case "$(uname -m)" in\n   x86_64) ARCH=amd64 ;;\n+  aarch64) ARCH=arm64 ;;\n   *) echo "unsupported: $(uname -m)" >&2; exit 1 ;;\n esac\n```',
    ignore:
      "The program does not exist for the platform, and the image is not wanted for it: take the platform out of those that are checked.",
  },
  *find(model) {
    for (const execution of model.executions) {
      for (const found of execution.trace.switches) {
        if (!isUncovered(found)) continue;
        if (found.kind === "table") yield* missingKey(found, execution);
        else if (nearPattern(found) === undefined) yield* missingBranch(found, execution);
      }
    }
  },
};

function* missingBranch(found: ArchitectureSwitch, execution: Execution): Generator<Problem, void, void> {
  const consequence = consequenceOf(found, execution);
  if (consequence === undefined) return;
  const { target, machine, trace } = execution;
  const { severity, because } = weightOf(
    execution,
    found.certain && (consequence.kind !== "fails" || trace.failure !== undefined),
  );
  // A script outside of an image that only wants the machine to be amd64 asks for a tool of its own; a ladder for several serves its users.
  const isOwnNeed = execution.kind !== "run" && consequence.kind === "fails" && !isForSeveral(found);
  const platform = formatPlatform(execution.stage?.role === "build" ? machine : target);
  yield {
    rule: id,
    severity: isOwnNeed ? "note" : severity,
    message: `No branch is for ${shown(textOf(found.subject))} (${platform}): ${effectOf(consequence)}.${because}`,
    platforms: [target],
    place: found.place,
    related: relatedOf(consequence),
    ...(consequence.kind === "foreign" ? { spots: spotsOf(consequence.names) } : {}),
    advice: `Add a branch for ${textOf(found.subject)}, modelled on its neighbours.`,
    key: [id, found.place.path, found.place.line, found.place.column].join("\0"),
  };
}

/** True for a ladder with branches for more than one architecture. */
function isForSeveral({ branches }: ArchitectureSwitch): boolean {
  const names = branches.flatMap(({ patterns }) =>
    patterns.flatMap((pattern) => namesIn(pattern.replace(/[!*?]/g, ""))),
  );
  return new Set(names.map(({ architecture }) => architecture)).size > 1;
}

function effectOf(consequence: Consequence): string {
  switch (consequence.kind) {
    case "fails":
      return "the script ends with a failure";
    case "empty":
      return `${consequence.name} stays empty in ${shown(textOf(consequence.word))}`;
    case "foreign":
      return `the branch for all others leads to ${shown(textOf(consequence.word))}, which is for ${consequence.names[0]?.name.architecture ?? "another architecture"}`;
  }
}

function relatedOf(consequence: Consequence): NonNullable<Problem["related"]> {
  switch (consequence.kind) {
    case "fails":
      return [{ place: consequence.place, message: "The script ends here." }];
    case "empty":
      return [{ place: consequence.place, message: `${consequence.name} is used here.` }];
    case "foreign":
      return [
        ...consequence.names.flatMap(({ place }) =>
          place === undefined ? [] : [{ place, message: "The wrong name is given here." }],
        ),
        { place: consequence.place, message: "It is used here." },
      ];
  }
}

function* missingKey(found: ArchitectureSwitch, execution: Execution): Generator<Problem, void, void> {
  const { severity, because } = weightOf(execution, found.certain);
  yield {
    rule: id,
    severity,
    message: `The table has no entry ${shown(textOf(found.subject))} (${formatPlatform(execution.target)}): the text stays empty.${because}`,
    platforms: [execution.target],
    place: found.place,
    related: found.branches.map(({ place }) => ({ place, message: "An entry for another platform." })),
    advice: `Add an entry ${textOf(found.subject)} beside those for the other architectures.`,
    key: [id, found.place.path, found.place.line, found.place.column].join("\0"),
  };
}
