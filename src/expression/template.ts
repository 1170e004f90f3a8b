import { ExpressionError } from "./expression-error.ts";
import { type Expression, namesOf, type NameUse, type Value } from "./expression.ts";
import { type Scope, evaluateExpression } from "./evaluate.ts";
import { parseExpression } from "./parse-expression.ts";

/** A text of the pipeline with `${{ … }}` in it, parsed. */
export interface Template {
  readonly parts: readonly (string | Expression)[];
}

/** Characters that a text with expressions may have. */
const maxLength = 100_000;

/** A template without expressions. */
export function plainTemplate(text: string): Template {
  return { parts: text === "" ? [] : [text] };
}

/**
 * Parses a text. `$${{` stands for the characters `${{`.
 *
 * @throws ExpressionError `EXPRESSION_INVALID` (kind `input`).
 */
export function parseTemplate(text: string): Template {
  if (!text.includes("${{")) return plainTemplate(text);
  if (text.length > maxLength) {
    const message = `a text with expressions has at most ${maxLength} characters, this one has ${text.length}`;
    throw new ExpressionError(0, { message });
  }
  const parts: (string | Expression)[] = [];
  const addText = (more: string) => {
    const last = parts.at(-1);
    if (more === "") return;
    if (typeof last === "string") parts[parts.length - 1] = last + more;
    else parts.push(more);
  };
  for (let at = 0; at < text.length;) {
    const open = text.indexOf("${{", at);
    if (open < 0) {
      addText(text.slice(at));
      break;
    }
    if (text[open - 1] === "$" && open > at) {
      addText(`${text.slice(at, open - 1)}\${{`);
      at = open + 3;
      continue;
    }
    addText(text.slice(at, open));
    const close = closingOf(text, open + 3);
    if (close === undefined) {
      const message = `"\${{" is not closed: ${text
        .slice(open, open + 40)
        .split("\n", 1)
        .join("")}`;
      throw new ExpressionError(open, {
        message,
        hint: 'Close it with "}}", or write $${{ for the characters themselves.',
      });
    }
    parts.push(parseExpression(text.slice(open + 3, close), open + 3));
    at = close + 2;
  }
  return { parts };
}

/** Where the `}}` of an expression is, outside of its quotes. */
function closingOf(text: string, from: number): number | undefined {
  let quote = "";
  for (let at = from; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (text.startsWith("}}", at)) return at;
  }
  return undefined;
}

/** The names that a template reads. */
export function namesOfTemplate({ parts }: Template): readonly NameUse[] {
  return parts.flatMap((part) => (typeof part === "string" ? [] : namesOf(part)));
}

/** The text of a template. Throws `EXPRESSION_NAME` (kind `input`) for names that the scope does not have. */
export function evaluateTemplate(template: Template, scope: Scope): string {
  return template.parts
    .map((part) => (typeof part === "string" ? part : formatValue(evaluateExpression(part, scope))))
    .join("");
}

function formatValue(value: Value): string {
  return String(value);
}
