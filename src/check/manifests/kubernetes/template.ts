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
  const onlyMarks = new RegExp(`^[ \\t]*(?:- +)?(?:${unknownMark}[ \\t]*)+(?:#.*)?$`, "gm");
  return marked.replaceAll(onlyMarks, (line) => " ".repeat(line.length));
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
