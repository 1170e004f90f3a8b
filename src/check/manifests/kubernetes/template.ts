import { joinValues, unknownMark, unknownValue, type Value } from "../../value.ts";
import { scalarValue, type YamlScalar } from "../yaml/node.ts";

/** What actions of Go's templates and statements of Jinja begin and end with. */
const brackets: Readonly<Record<string, string>> = { "{{": "}}", "{%": "%}", "{#": "#}" };
/** Characters of an action at most; a longer one is none. */
const maxLength = 4000;

/**
 * Makes YAML of a template that makes YAML: every action becomes as many unknown marks, so that places stay; lines that hold nothing but actions become
 * blank. Both ways of a condition stay. What is not closed stays as it is.
 */
export function withoutActions(text: string): string {
  if (!text.includes("{{") && !text.includes("{%")) return text;
  const marked = withMarks(text);
  const lines = marked.split("\n");
  return lines.map((line, index) => (onlyMarks.test(line) ? blank(line, lines[index - 1] ?? "") : line)).join("\n");
}

function withMarks(text: string): string {
  const parts: string[] = [];
  let done = 0;
  // Where nothing is closed any more, nothing needs to be looked through.
  const last = new Map(Object.values(brackets).map((close) => [close, text.lastIndexOf(close)]));
  for (const { index, 0: open } of text.matchAll(/\{[{%#]/g)) {
    if (index < done) continue;
    const close = brackets[open] ?? "";
    const end = index < (last.get(close) ?? -1) ? endOfAction(text, index, close) : undefined;
    if (end === undefined) continue;
    parts.push(text.slice(done, index), text.slice(index, end).replaceAll(/[^\n]/g, unknownMark));
    done = end;
  }
  return [...parts, text.slice(done)].join("");
}

/** The end of an action; texts in quotes may hold its closing bracket. */
function endOfAction(text: string, start: number, close: string): number | undefined {
  let quote = "";
  for (let at = start + 2; at < Math.min(text.length, start + maxLength); at++) {
    const char = text.charAt(at);
    if (quote === "" && text.startsWith(close, at)) return at + close.length;
    if (close !== "}}") continue;
    if (quote === "" && (char === '"' || char === "`")) quote = char;
    else if (char === quote || (quote === '"' && char === "\n")) quote = "";
    else if (quote === '"' && char === "\\") at++;
  }
  return undefined;
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
