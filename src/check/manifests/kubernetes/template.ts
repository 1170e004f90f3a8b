import { joinValues, unknownMark, unknownValue, type Value } from "../../value.ts";
import { scalarValue, type YamlScalar } from "../yaml/node.ts";

/** A template action of Go (`{{ … }}`) or a statement of Jinja (`{% … %}`); texts in quotes may hold braces. */
const action =
  /\{\{(?:"(?:\\.|[^"\\\n])*"|`[^`]*`|[^"`}]|\}(?!\}))*\}\}|\{%(?:[^%]|%(?!\}))*%\}|\{#(?:[^#]|#(?!\}))*#\}/g;

/**
 * Makes YAML of a template that makes YAML: every action becomes as many unknown marks, so that places stay; lines that hold nothing but actions become
 * blank. Both ways of a condition stay. What is not closed stays as it is.
 */
export function withoutActions(text: string): string {
  if (!text.includes("{{") && !text.includes("{%")) return text;
  const marked = text.replaceAll(action, (found) => found.replaceAll(/[^\n]/g, unknownMark));
  const lines = marked.split("\n");
  return lines.map((line, index) => (onlyMarks.test(line) ? blank(line, lines[index - 1] ?? "") : line)).join("\n");
}

const onlyMarks = new RegExp(`^[ \\t]*(?:- +)?(?:${unknownMark}[ \\t]*)+(?:#.*)?\\r?$`);

/** A line of blanks. A block scalar must not begin with more blanks than its text has, so that there it becomes a line of the text. */
function blank(line: string, before: string): string {
  const indentation = /^[ \t]*/.exec(line)?.[0].length ?? 0;
  if (!/[|>][-+\d]*[ \t]*\r?$/.test(before) || indentation === 0) return " ".repeat(line.length);
  return `${" ".repeat(indentation)}#${" ".repeat(line.length - indentation - 1)}`;
}

/** True when a text holds something that a template fills in. */
export function isTemplated(text: string): boolean {
  return text.includes(unknownMark);
}

/** A scalar of a template: each action is one unknown piece. */
export function templateValue(scalar: YamlScalar, from = 0, to = scalar.text.length): Value {
  const text = scalar.text.slice(from, to);
  if (!isTemplated(text)) return scalarValue(scalar, from, to);
  const parts = [...text.matchAll(new RegExp(`${unknownMark}+|[^${unknownMark}]+`, "g"))];
  return joinValues(
    ...parts.map((part) => {
      const start = from + part.index;
      const end = start + part[0].length;
      if (!isTemplated(part[0])) return scalarValue(scalar, start, end);
      return unknownValue({ place: scalar.locate(start, end) });
    }),
  );
}
