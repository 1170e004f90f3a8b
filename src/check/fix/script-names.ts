import { findArchitecture } from "../../platform/architecture.ts";
import type { Change } from "./change.ts";
import { insertLines } from "./change.ts";
import type { Fix, FixContext } from "./fixer.ts";
import { tableFor, variableFor } from "./name-table.ts";
import { lineStarts } from "../place.ts";
import { architectureCase, quoteFor, quotingAt } from "./shell-text.ts";
import { isSpelled, type WrongName } from "./wrong-names.ts";

/** Puts the platform's names into a shell script: of a variable that it has, of `uname -m`, or of a table at its beginning. */
export function nameInScript(path: string, names: readonly WrongName[], { model, platforms }: FixContext): Fix {
  const text = model.repository.text(path);
  if (text === undefined || !isShell(path, text)) {
    return { refused: `${path} is no shell script, Makefile or Dockerfile.`, instead: "Change the names by hand." };
  }
  const starts = lineStarts(text);
  const executions = model.executions.filter(({ trace }) => trace.commands.some(({ place }) => place.path === path));
  const expressions = names.map((name) => {
    if (name.variable !== undefined) return undefined;
    const variable = variableFor(name, executions, platforms);
    if (variable !== undefined) return `\${${variable}}`;
    return isSpelled(name, platforms, (platform) => findArchitecture(platform)?.machine) ? "$(uname -m)" : undefined;
  });
  const needed = names.filter((_, index) => expressions[index] === undefined);
  const { variables, lines } = tableFor(needed, platforms, text);
  const table: Change[] =
    needed.length === 0
      ? []
      : [
          insertLines(
            path,
            firstCommandLine(text),
            architectureCase(
              "$(uname -m)",
              lines.map((line, index) => {
                const [platform] = platforms.slice(index);
                const machine = platform === undefined ? undefined : findArchitecture(platform)?.machine;
                return { ...line, pattern: machine ?? line.pattern };
              }),
              { indent: "", lineEnd: "" },
            ),
          ),
        ];
  const replaced = names.flatMap((name, index): Change[] => {
    if (name.overrides === true) return [];
    const expression = expressions[index] ?? `\${${variables.get(name) ?? ""}}`;
    const offset = (starts[name.place.line - 1] ?? 0) + name.place.column - 1;
    return [{ place: name.place, text: quoteFor(expression, quotingAt(text, offset)) }];
  });
  return { title: "", changes: [...table, ...replaced] };
}

function isShell(path: string, text: string): boolean {
  return /\.(?:ba|da|k)?sh$/.test(path) || /^#!.*\b(?:ba|da|k)?sh\b/.test(text);
}

/** The line of the first command behind the interpreter line, comments and `set`. */
function firstCommandLine(text: string): number {
  const lines = text.split("\n");
  const index = lines.findIndex((line) => !/^\s*(?:#.*|set\s.*|)$/.test(line));
  return index < 0 ? lines.length : index + 1;
}
