import { namesIn } from "../../platform/architecture-words.ts";
import { createIgnore } from "../../dockerfile/ignore-file.ts";
import { spellingFor } from "../names/spelling.ts";
import type { Place } from "../place.ts";
import { insertLines } from "./change.ts";
import type { Fix, Fixer } from "./fixer.ts";

/** `dockerignore-hides-arch`: lets the files of the other platforms into the context as those of the first. */
export const allowOtherArchitectures: Fixer = (finding, { model, platforms }): Fix => {
  const text = model.repository.text(finding.path);
  if (text === undefined) return { refused: `${finding.path} cannot be read.` };
  const lines = text.split("\n");
  const exceptions = lines.flatMap((line, index) => {
    const [name] = line.trim().startsWith("!") ? namesIn(line) : [];
    return name === undefined ? [] : [{ line, name, number: index + 1 }];
  });
  const added = platforms.flatMap((platform) => {
    const own = exceptions.filter(({ name }) => name.architecture === platform.architecture);
    if (own.length > 0) return [];
    const [first] = exceptions;
    const models = exceptions.filter(({ name }) => name.architecture === first?.name.architecture);
    return models.flatMap(({ line, name }) => {
      const spelling = spellingFor(name, platform, line);
      return spelling === undefined ? [] : [line.slice(0, name.start) + spelling + line.slice(name.end)];
    });
  });
  const last = exceptions.at(-1);
  if (added.length === 0 || last === undefined) {
    return {
      refused: "No line lets files of one architecture in, which others could be modelled on.",
      instead: "Add a line with ! for the files of every platform behind the line that hides them.",
    };
  }
  const fresh = added.filter((line) => createIgnore(text, finding.path).ignores(line.trim().slice(1)));
  const change = insertLines(finding.path, last.number + 1, fresh.join("\n"));
  const isEnd = last.number === lines.length;
  return {
    title: "Let the files of the other platforms into the context",
    changes: [isEnd ? { ...change, place: endOf(finding.path, lines), text: `\n${fresh.join("\n")}` } : change],
  };
};

/** The place behind the last character of a file that does not end with a line feed. */
function endOf(path: string, lines: readonly string[]): Place {
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return { path, line: lines.length, column, endLine: lines.length, endColumn: column };
}
