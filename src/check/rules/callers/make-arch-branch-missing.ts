import { namesIn } from "../../../platform/architecture-words.ts";
import { formatPlatform, samePlatform, type Platform } from "../../../platform/platform.ts";
import type { MakefileModel, MakefileVariant } from "../../make/makefile.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { laddersOf, type Ladder, type Rung } from "./architecture-ladders.ts";

/** Conditions of a Makefile that choose by the architecture and forget one. */
export const makeArchBranchMissing: Rule = {
  id: "make-arch-branch-missing",
  severity: "error",
  page: {
    title: "A Makefile chooses by the architecture and has no branch for a requested one",
    what: "Conditions (`ifeq ($(ARCH),amd64)` … ) that set variables for some architectures and leave them empty for a requested one, or that end with an error for it. Also an `else` with something behind it that is no condition: `else ($(ARCH),x86_64)` is a plain `else` for make. A variable with a default before or behind the ladder raises nothing.",
    why: "An empty variable is no error in make: the recipe goes on with `example/tools:` as the name of an image, or with the plain `Dockerfile`, which is the one of another architecture.",
    symptom:
      "`docker: invalid reference format.`, a build that takes the Dockerfile of another architecture without a word, or `Makefile:12: *** unsupported architecture.  Stop.`",
    fix: "Add a branch after the model of the others:\n\n```makefile\nifeq ($(ARCH),arm64)\n\tARCHTAG := -arm64\n\tTOOLS_VERSION ?= latest\nendif\n```\n\nor give the variables a default that is good for every architecture.",
    ignore: "The Makefile is never used on that architecture.",
  },
  *find(model) {
    for (const makefile of model.makefiles) {
      yield* malformed(makefile, model);
      for (const platform of model.platforms) {
        const variant = makefile.variants.find(({ machine }) => samePlatform(machine, platform));
        if (variant === undefined) continue;
        for (const ladder of laddersOf(variant)) yield* missing(ladder, variant, makefile, platform);
      }
    }
  },
};

function* malformed({ variants }: MakefileModel, model: Model): Generator<Problem> {
  for (const { conditionals } of variants.slice(0, 1)) {
    for (const { branches } of conditionals) {
      const named = branches.some(({ operands, malformed: text }) =>
        [...operands.map(textOf), text ?? ""].some((each) => namesIn(each).length > 0),
      );
      for (const { malformed: text, place, keyword } of branches) {
        if (text === undefined || !named) continue;
        yield {
          rule: "make-arch-branch-missing",
          message: `"${keyword} ${text}" is no condition for make: ${keyword === "else" ? "it is a plain else, and every other architecture gets this branch" : "make stops here"}.`,
          platforms: model.platforms,
          place,
          advice: keyword === "else" ? `Write "else ifeq ${text}".` : "Write the condition as ifeq (LEFT,RIGHT).",
        };
      }
    }
  }
}

function* missing(
  ladder: Ladder,
  variant: MakefileVariant,
  makefile: MakefileModel,
  platform: Platform,
): Generator<Problem> {
  const { rungs, rest, subject, value } = ladder;
  if (rungs.some(({ branch }) => branch.taken !== false)) return;
  const [first] = rungs;
  if (first === undefined) return;
  const meant = rungs.find(({ architecture }) => architecture === platform.architecture);
  const isAsked = variant.asked.has(subject);
  if (meant !== undefined) {
    if (!isAsked && (rest === undefined || rest.taken === true) && !isServed(meant, variant, platform))
      yield mismatch(meant, textOf(value), platform);
    return;
  }
  // The architecture that everybody has used so far is the one without a branch on purpose.
  if (platform.architecture === "amd64" || new Set(rungs.map(({ architecture }) => architecture)).size < 2) return;
  const empty = rest === undefined ? emptyVariables(ladder, variant, makefile) : [];
  const fails = rest?.taken === true && rest.fails === true;
  if (!fails && empty.length === 0) return;
  yield {
    rule: "make-arch-branch-missing",
    message: fails
      ? `The conditions about ${subject} end with an error on ${formatPlatform(platform)}, where it is ${textOf(value)}.`
      : `The conditions about ${subject} have no branch for ${textOf(value)}: ${empty.join(", ")} stay${empty.length === 1 ? "s" : ""} empty on ${formatPlatform(platform)}.`,
    platforms: [platform],
    place: first.branch.place,
    related: rungs.slice(1).map(({ branch, name }) => ({ place: branch.place, message: `The branch for ${name}.` })),
    advice: `Add a branch for ${textOf(value)}, after the model of the one for ${first.name}.`,
    key: `make-arch-branch-missing\0${first.branch.place.path}\0${first.branch.place.line}`,
  };
}

/** The variables that every branch fills and that are empty on this machine. */
function emptyVariables({ rungs }: Ladder, variant: MakefileVariant, { variants }: MakefileModel): string[] {
  const names = new Set(rungs.flatMap(({ branch }) => branch.assigns));
  return [...names].filter((name) => {
    if (filled(variant, name)) return false;
    const setters = rungs.filter(({ branch }) => branch.assigns.includes(name));
    const values = setters.flatMap(
      ({ architecture }) => variants.find(({ machine }) => machine.architecture === architecture) ?? [],
    );
    return values.length > 1 && values.every((other) => filled(other, name));
  });
}

/** True when what the branch sets has a name of the platform all the same: the branch translates what another system prints (arm64 of macOS). */
function isServed({ branch }: Rung, { variables }: MakefileVariant, { architecture }: Platform): boolean {
  return (
    branch.assigns.length > 0 &&
    branch.assigns.every((name) => {
      const variable = variables.get(name);
      return (
        variable !== undefined && namesIn(textOf(variable.value)).some((each) => each.architecture === architecture)
      );
    })
  );
}

function filled({ variables }: MakefileVariant, name: string): boolean {
  const variable = variables.get(name);
  return variable !== undefined && textOf(variable.value).trim() !== "";
}

function mismatch({ branch, name }: Rung, printed: string, platform: Platform): Problem {
  return {
    rule: "arch-token-mismatch",
    severity: "error",
    message: `The machine calls itself ${printed} on ${formatPlatform(platform)}, and never ${name}: this branch is not taken there.`,
    platforms: [platform],
    place: branch.place,
    advice: `Compare with ${printed}, for example with $(filter ${name} ${printed},…).`,
    key: `arch-token-mismatch\0${branch.place.path}\0${branch.place.line}`,
  };
}
