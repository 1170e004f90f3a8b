import { isKnown, textOf, unknownMark, unknownValue, type Value, written } from "../../value.ts";
import type { YamlNode } from "../yaml/node.ts";
import { scalarValue } from "../yaml/node.ts";

/** What an expression of GitHub Actions (`${{ … }}`) comes to; `unknown` when it is not known before the workflow runs. */
export type Result =
  | { readonly type: "text"; readonly value: Value }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "null" }
  | { readonly type: "node"; readonly node: YamlNode }
  | { readonly type: "unknown" };

/** Finds what a context holds: `["matrix", "arch"]`. */
export type Lookup = (path: readonly string[]) => Result;

export const unknownResult: Result = { type: "unknown" };

const token =
  /\s+|'(?:[^']|'')*'|-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?)|[A-Za-z_][A-Za-z0-9_-]*|[=!<>]=|&&|\|\||[()[\].,!<>*]/gy;
const maxTokens = 500;

/** Evaluates an expression without its `${{` and `}}`. Never throws: what it does not understand is unknown. */
export function evaluateExpression(text: string, lookup: Lookup): Result {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null || tokens.length > maxTokens) return unknownResult;
    if (match[0].trim() !== "") tokens.push(match[0]);
  }
  const reader = new Reader(tokens, lookup);
  const result = reader.or();
  return reader.isAtEnd() ? result : unknownResult;
}

/** Whether GitHub takes a result for true; undefined when that is not known. */
export function isTruthy(result: Result): boolean | undefined {
  switch (result.type) {
    case "boolean":
      return result.value;
    case "number":
      return result.value !== 0;
    case "null":
      return false;
    case "node":
      return true;
    case "unknown":
      return undefined;
    case "text":
      if (isKnown(result.value)) return textOf(result.value) !== "";
      return textOf(result.value).replaceAll(unknownMark, "") === "" ? undefined : true;
  }
}

/** A result as a text, as it is put into a string. */
export function resultValue(result: Result): Value {
  switch (result.type) {
    case "text":
      return result.value;
    case "boolean":
    case "number":
      return written(String(result.value));
    case "null":
      return written("");
    case "node":
      return result.node.kind === "scalar" ? scalarValue(result.node) : unknownValue();
    case "unknown":
      return unknownValue();
  }
}

/** Reads tokens by GitHub's grammar, lowest precedence first, and evaluates on the way. */
class Reader {
  private at = 0;
  private depth = 0;
  private readonly tokens: readonly string[];
  private readonly lookup: Lookup;

  constructor(tokens: readonly string[], lookup: Lookup) {
    this.tokens = tokens;
    this.lookup = lookup;
  }

  isAtEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  or(): Result {
    let left = this.and();
    while (this.takes("||")) {
      const right = this.and();
      const truth = isTruthy(left);
      if (truth === undefined) left = sameResult(left, right) ? left : unknownResult;
      else if (!truth) left = right;
    }
    return left;
  }

  private and(): Result {
    let left = this.comparison();
    while (this.takes("&&")) {
      const right = this.comparison();
      const truth = isTruthy(left);
      // Whatever the left is, an untrue right makes the whole untrue.
      if (truth === undefined) left = isTruthy(right) === false ? { type: "boolean", value: false } : unknownResult;
      else if (truth) left = right;
    }
    return left;
  }

  private comparison(): Result {
    const left = this.unary();
    for (const operator of ["==", "!=", "<=", ">=", "<", ">"]) {
      if (!this.takes(operator)) continue;
      const right = this.unary();
      const equal = sameResult(left, right);
      if (operator === "==") return equal === undefined ? unknownResult : { type: "boolean", value: equal };
      if (operator === "!=") return equal === undefined ? unknownResult : { type: "boolean", value: !equal };
      return unknownResult;
    }
    return left;
  }

  private unary(): Result {
    if (!this.takes("!")) return this.primary();
    if (++this.depth > 50) return unknownResult;
    const truth = isTruthy(this.unary());
    return truth === undefined ? unknownResult : { type: "boolean", value: !truth };
  }

  private primary(): Result {
    const next = this.tokens[this.at++];
    if (next === undefined) return unknownResult;
    if (next === "(") {
      if (++this.depth > 50) return unknownResult;
      const inner = this.or();
      return this.takes(")") ? inner : unknownResult;
    }
    if (next.startsWith("'")) return { type: "text", value: written(next.slice(1, -1).replaceAll("''", "'")) };
    if (/^-?\d/.test(next)) return { type: "number", value: Number(next) };
    if (next === "true" || next === "false") return { type: "boolean", value: next === "true" };
    if (next === "null") return { type: "null" };
    if (!/^[A-Za-z_]/.test(next)) return unknownResult;
    if (this.takes("(")) return call(next, this.parameters());
    return this.lookup(this.path(next));
  }

  private path(first: string): string[] {
    const path = [first];
    for (;;) {
      if (this.takes(".")) path.push(this.tokens[this.at++] ?? "");
      else if (this.takes("[")) {
        path.push(textOf(resultValue(this.or())));
        if (!this.takes("]")) return [unknownMark];
      } else return path;
    }
  }

  private parameters(): Result[] {
    const parameters: Result[] = [];
    if (this.takes(")") || ++this.depth > 50) return parameters;
    do parameters.push(this.or());
    while (this.takes(","));
    this.takes(")");
    return parameters;
  }

  private takes(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }
}

/** GitHub compares texts without their case; undefined when one is not known. */
function sameResult(left: Result, right: Result): boolean | undefined {
  const [a, b] = [left, right].map(plain);
  if (a === undefined || b === undefined) return undefined;
  return a === b;
}

function plain(result: Result): string | undefined {
  const value = resultValue(result);
  return isKnown(value) ? textOf(value).toLowerCase() : undefined;
}

function call(name: string, parameters: readonly Result[]): Result {
  const [first, second] = parameters;
  const [text, other] = [first, second].map((each) => (each === undefined ? undefined : plain(each)));
  switch (name.toLowerCase()) {
    case "always":
      return { type: "boolean", value: true };
    case "success":
      return { type: "boolean", value: true };
    case "failure":
    case "cancelled":
      return { type: "boolean", value: false };
    case "contains": {
      if (first?.type === "node" && first.node.kind === "list" && other !== undefined) {
        const holds = first.node.items.some((item) => item.kind === "scalar" && item.text.toLowerCase() === other);
        return { type: "boolean", value: holds };
      }
      return decide(text, other, (a, b) => a.includes(b));
    }
    case "startswith":
      return decide(text, other, (a, b) => a.startsWith(b));
    case "endswith":
      return decide(text, other, (a, b) => a.endsWith(b));
    case "format":
      return format(parameters);
    default:
      return unknownResult;
  }
}

function decide(
  text: string | undefined,
  other: string | undefined,
  test: (text: string, other: string) => boolean,
): Result {
  return text === undefined || other === undefined ? unknownResult : { type: "boolean", value: test(text, other) };
}

function format([pattern, ...values]: readonly Result[]): Result {
  if (pattern === undefined) return unknownResult;
  const parts = textOf(resultValue(pattern)).split(/(\{\d+\})/);
  const pieces = parts.flatMap((part) => {
    const place = /^\{(\d+)\}$/.exec(part)?.[1];
    const value = place === undefined ? written(part) : resultValue(values[Number(place)] ?? unknownResult);
    return value.pieces;
  });
  return { type: "text", value: { pieces } };
}
