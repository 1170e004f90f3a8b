import { ArchwayError } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import { compare } from "./compare.ts";
import { type Expression, type FunctionName, isTrue, type Value } from "./expression.ts";

/** What names mean, and the one function that reads files. */
export interface Scope {
  /** Values by their full names, joined with points: `git.tag`. An empty text is a value. */
  readonly names: ReadonlyMap<string, Value>;
  /** Hash of the files that fit globs, relative to the checkout; 64 hexadecimal digits. */
  readonly hash: (globs: readonly string[]) => string;
}

/** The value of an expression. Throws `EXPRESSION_NAME` (kind `input`) with the nearest name for one that the scope does not have. */
export function evaluateExpression(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "name":
      return valueOf(expression.path.join("."), scope);
    case "not":
      return !isTrue(evaluateExpression(expression.operand, scope));
    case "call":
      return call(
        expression.name,
        expression.args.map((argument) => evaluateExpression(argument, scope)),
        scope,
      );
    case "binary": {
      const left = evaluateExpression(expression.left, scope);
      if (expression.operator === "||") return isTrue(left) ? left : evaluateExpression(expression.right, scope);
      if (expression.operator === "&&") return isTrue(left) ? evaluateExpression(expression.right, scope) : left;
      return compare(expression.operator, left, evaluateExpression(expression.right, scope));
    }
  }
}

function valueOf(name: string, { names }: Scope): Value {
  const value = names.get(name);
  if (value !== undefined) return value;
  const guess = nearestName(name, [...names.keys()]);
  throw new ArchwayError({
    code: "EXPRESSION_NAME",
    kind: "input",
    message: `\${{ ${name} }} names nothing that is known here`,
    hint: guess ? `Did you mean "${guess}"?` : `Known here: ${[...names.keys()].join(", ")}.`,
  });
}

function call(name: FunctionName, values: readonly Value[], scope: Scope): Value {
  const [first = "", second = "", third = ""] = values.map(String);
  switch (name) {
    case "hash":
      return scope.hash(values.map(String));
    case "lower":
      return first.toLowerCase();
    case "upper":
      return first.toUpperCase();
    case "trim":
      return first.trim();
    case "slug":
      return first
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-|-$/g, "");
    case "replace":
      return replace(first, second, third);
    case "contains":
      return first.includes(second);
    case "starts_with":
      return first.startsWith(second);
    case "ends_with":
      return first.endsWith(second);
  }
}

/** Characters that a replacement may come to: nested ones would grow without end. */
const maxText = 1_000_000;

function replace(text: string, part: string, by: string): string {
  if (part === "") return text;
  const pieces = text.split(part);
  if (text.length + (pieces.length - 1) * (by.length - part.length) > maxText) {
    throw new ArchwayError({
      code: "EXPRESSION_TOO_LARGE",
      kind: "input",
      message: `replace() makes a text of more than ${maxText} characters`,
    });
  }
  return pieces.join(by);
}
