import { samePlatform } from "../../platform/platform.ts";
import type { MakeBranch, MakefileModel } from "../make/makefile.ts";
import type { Model } from "../model.ts";
import { lineStarts } from "../place.ts";
import { textOf } from "../value.ts";
import type { Change } from "./change.ts";
import type { Fix, Fixer } from "./fixer.ts";

/** `build-arg-not-passed`: tells the build the platform and the argument that the Dockerfile needs, from the Makefile's own variable. */
export const passArgument: Fixer = (finding, { model }): Fix => {
  const { path, line = 0 } = finding;
  const call = model.calls.find(({ place }) => place.path === path && place.line === line);
  const variable = call === undefined ? undefined : askedVariable(path, model);
  const text = model.repository.text(path);
  if (call === undefined || variable === undefined || text === undefined) {
    return { refused: "The call of the build, or the variable with the architecture, is not known." };
  }
  const start = (lineStarts(text)[call.place.line - 1] ?? 0) + call.place.column - 1;
  const end = (lineStarts(text)[call.place.endLine - 1] ?? 0) + call.place.endColumn - 1;
  const command = text.slice(start, end);
  const word = /\bbuild(?=\s)(?!.*\bbuild(?=\s))/.exec(command.split("\n", 1)[0] ?? "");
  if (word === null) return { refused: "The word build does not stand in the first line of the call." };
  const name = argumentOf(finding.related, model) ?? "TARGETARCH";
  const words = [
    ...(call.platforms === undefined ? [`--platform linux/$(${variable})`] : []),
    `--build-arg ${name}=$(${variable})`,
  ];
  const column = call.place.column + word.index + "build".length;
  const at = { path, line: call.place.line, column, endLine: call.place.line, endColumn: column };
  return {
    title: `Tell the build its platform from ${variable}`,
    changes: [{ place: at, text: ` ${words.join(" ")}` }],
  };
};

/** The variable of a Makefile (or of one that includes it) that a caller sets the architecture with. */
function askedVariable(path: string, model: Model): string | undefined {
  const direct = model.makefiles.find((file) => file.path === path);
  const makefile =
    direct ?? model.executions.find((each) => each.kind === "recipe" && each.place.path === path)?.makefile;
  return makefile?.variants.flatMap(({ asked }) => [...asked.keys()])[0];
}

/** The build argument that a Dockerfile already has for the architecture; none where it names a file. */
function argumentOf(
  related: readonly { readonly path: string; readonly line: number }[],
  { dockerfiles }: Model,
): string | undefined {
  for (const { path, line } of related) {
    for (const stage of dockerfiles
      .filter((file) => file.path === path)
      .flatMap(({ variants }) => variants)
      .flatMap(({ stages }) => stages)) {
      const found = stage.variables.find(({ keyword, place }) => keyword === "ARG" && place.line === line);
      if (found !== undefined) return found.name;
    }
  }
  return undefined;
}

/**
 * `make-arch-branch-missing`: adds a branch like the one for amd64, whose names (without an architecture in them) are those that can become
 * names for all platforms.
 */
export const addMakeBranch: Fixer = (finding, { model, platforms }): Fix => {
  const { path, line = 0 } = finding;
  const makefile = model.makefiles.find(({ variants }) =>
    variants.some(({ conditionals }) =>
      conditionals.some(({ branches }) => branches.some(({ place }) => place.path === path && place.line === line)),
    ),
  );
  const text = model.repository.text(path);
  const ladder =
    makefile === undefined
      ? undefined
      : ladderAt(makefile, path, [line, ...finding.related.map((place) => place.line)]);
  if (text === undefined || ladder === undefined || /malformed|is no condition/.test(finding.message)) {
    return {
      refused: "The conditions are not of a form that a branch can be added to.",
      instead: finding.fix?.title ?? "Add the branch by hand.",
    };
  }
  const lines = text.split("\n");
  const { from, to, behind } = ladder;
  const branch = lines.slice(from - 1, to);
  const missing = platforms.filter((platform) => finding.platforms.some((other) => samePlatform(platform, other)));
  const added = missing.flatMap(({ architecture }) => {
    const own = branch.map((each) => each.replaceAll(/(?<![A-Za-z0-9])amd64(?![A-Za-z0-9])/g, architecture));
    return ladder.isChain
      ? [own[0]?.replace(/^\s*(?:else\s+)?ifeq/, "else ifeq") ?? "", ...own.slice(1)]
      : ["", ...own];
  });
  const at = { path, line: behind, column: 1, endLine: behind, endColumn: 1 };
  const changes: Change[] = [{ place: at, text: `${added.join("\n")}\n` }];
  return {
    title: `Add a branch for ${missing.map(({ architecture }) => architecture).join(", ")} like that for amd64`,
    changes,
  };
};

interface LadderText {
  /** First and last line of the branch for amd64. */
  readonly from: number;
  readonly to: number;
  /** The line that a new branch goes before. */
  readonly behind: number;
  /** True for `ifeq … else ifeq … endif`, false for blocks one after another. */
  readonly isChain: boolean;
}

function ladderAt({ variants }: MakefileModel, path: string, rungs: readonly number[]): LadderText | undefined {
  const conditionals = variants[0]?.conditionals ?? [];
  const own = conditionals.filter(
    ({ place, branches }) => place.path === path && branches.some((branch) => rungs.includes(branch.place.line)),
  );
  const model = own.find(({ branches }) => branches.some((branch) => names(branch, "amd64")));
  const index = model?.branches.findIndex((branch) => names(branch, "amd64")) ?? -1;
  const last = own.at(-1);
  const found = model?.branches[index];
  if (model === undefined || found === undefined || last === undefined) return undefined;
  if (own.length > 1 && model.branches.length === 1) {
    return { from: model.place.line, to: model.place.endLine, behind: last.place.endLine + 1, isChain: false };
  }
  const next = model.branches[index + 1];
  const otherwise = model.branches.find(
    ({ keyword, operands, malformed }) => keyword === "else" && operands.length === 0 && malformed === undefined,
  );
  return {
    from: found.place.line,
    to: (next?.place.line ?? model.place.endLine) - 1,
    behind: otherwise?.place.line ?? model.place.endLine,
    isChain: true,
  };
}

function names({ operands }: MakeBranch, architecture: string): boolean {
  return operands.some((operand) => textOf(operand).trim() === architecture);
}
