import type { Locate } from "../../place.ts";
import { isKnown, joinValues, textOf, unknownValue, type Value, written } from "../../value.ts";
import type { HclExpression } from "./hcl.ts";

/** What an expression of a bake file comes to. */
export type HclValue =
  | { readonly type: "text"; readonly value: Value }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "list"; readonly items: readonly HclValue[] }
  | { readonly type: "map"; readonly entries: ReadonlyMap<string, HclValue> }
  | { readonly type: "null" }
  | { readonly type: "unknown" };

/** Where names come from. */
export interface HclScope {
  readonly locate: Locate;
  /** What a name stands for: a variable, or a name of a matrix; unknown when there is none. */
  lookup(name: string): HclValue;
}

const unknown: HclValue = { type: "unknown" };

/** Evaluates an expression. Never throws: what it does not know is unknown. */
export function evaluateHcl(expression: HclExpression, scope: HclScope): HclValue {
  switch (expression.kind) {
    case "template":
      return templateOf(expression, scope);
    case "number":
      return { type: "text", value: written(expression.text, scope.locate(expression.start, expression.end)) };
    case "keyword":
      if (expression.text === "null") return { type: "null" };
      return { type: "boolean", value: expression.text === "true" };
    case "list":
      return { type: "list", items: expression.items.map((item) => evaluateHcl(item, scope)) };
    case "object":
      return {
        type: "map",
        entries: new Map(expression.entries.map(({ key, value }) => [key, evaluateHcl(value, scope)])),
      };
    case "reference":
      return reference(expression.path, scope);
    case "conditional": {
      const test = truthOf(evaluateHcl(expression.test, scope));
      if (test === undefined) return unknown;
      return evaluateHcl(test ? expression.yes : expression.no, scope);
    }
    case "not": {
      const truth = truthOf(evaluateHcl(expression.operand, scope));
      return truth === undefined ? unknown : { type: "boolean", value: !truth };
    }
    case "binary":
      return binary(expression.operator, evaluateHcl(expression.left, scope), evaluateHcl(expression.right, scope));
    case "call":
      return call(expression.name, expression.parameters, scope);
    case "other":
      return unknown;
  }
}

/** A value as a text. */
export function hclText(value: HclValue): Value {
  if (value.type === "text") return value.value;
  return value.type === "boolean" ? written(String(value.value)) : unknownValue();
}

/** The texts of a list; one unknown text for what is no known list. */
export function hclTexts(value: HclValue | undefined): readonly Value[] {
  if (value === undefined || value.type === "null") return [];
  if (value.type === "list") return value.items.filter(({ type }) => type !== "null").map(hclText);
  return value.type === "text" ? [value.value] : [unknownValue()];
}

function templateOf(expression: HclExpression & { readonly kind: "template" }, scope: HclScope): HclValue {
  const [only] = expression.parts;
  // `"${var.list}"` is the list itself.
  if (expression.parts.length === 1 && only?.kind === "expression") return evaluateHcl(only.expression, scope);
  const values = expression.parts.map((part) => {
    if (part.kind === "text") return written(part.text, scope.locate(part.start, part.end));
    return hclText(evaluateHcl(part.expression, scope));
  });
  return { type: "text", value: joinValues(...values) };
}

function reference([name = "", ...rest]: readonly string[], scope: HclScope): HclValue {
  let value = scope.lookup(name);
  for (const key of rest) {
    if (value.type === "map") value = value.entries.get(key) ?? unknown;
    else if (value.type === "list") value = value.items[Number(key)] ?? unknown;
    else return unknown;
  }
  return through(name, value);
}

function through(name: string, value: HclValue): HclValue {
  if (value.type === "list") return { type: "list", items: value.items.map((item) => through(name, item)) };
  if (value.type !== "text") return value;
  const pieces = value.value.pieces.map((piece) => ({ ...piece, through: [name, ...(piece.through ?? [])] }));
  return { type: "text", value: { pieces } };
}

function truthOf(value: HclValue): boolean | undefined {
  if (value.type === "boolean") return value.value;
  const text = plain(value);
  return text === "true" ? true : text === "false" ? false : undefined;
}

function plain(value: HclValue): string | undefined {
  if (value.type === "boolean") return String(value.value);
  if (value.type === "null") return "";
  return value.type === "text" && isKnown(value.value) ? textOf(value.value) : undefined;
}

function binary(operator: string, left: HclValue, right: HclValue): HclValue {
  if (operator === "&&" || operator === "||") {
    const [a, b] = [truthOf(left), truthOf(right)];
    const decides = operator === "||";
    if (a === decides || b === decides) return { type: "boolean", value: decides };
    return a === undefined || b === undefined ? unknown : { type: "boolean", value: !decides };
  }
  if (operator !== "==" && operator !== "!=") return unknown;
  return equality(left, right, operator === "==");
}

function equality(left: HclValue, right: HclValue, wanted: boolean): HclValue {
  const [a, b] = [plain(left), plain(right)];
  return a === undefined || b === undefined ? unknown : { type: "boolean", value: (a === b) === wanted };
}

/** The functions of bake that put lists and texts together; all others are unknown. */
function call(name: string, parameters: readonly HclExpression[], scope: HclScope): HclValue {
  const values = parameters.map((parameter) => evaluateHcl(parameter, scope));
  const [first, second] = values;
  switch (name) {
    case "concat": {
      const items = values.flatMap((value) => (value.type === "list" ? value.items : [unknown]));
      return { type: "list", items };
    }
    case "equal":
    case "notequal":
      return first === undefined || second === undefined ? unknown : equality(first, second, name === "equal");
    case "not": {
      const truth = first === undefined ? undefined : truthOf(first);
      return truth === undefined ? unknown : { type: "boolean", value: !truth };
    }
    case "join": {
      if (second?.type !== "list" || first === undefined) return unknown;
      const separator = hclText(first);
      const texts = second.items.map(hclText);
      return {
        type: "text",
        value: joinValues(...texts.flatMap((text, index) => (index === 0 ? [text] : [separator, text]))),
      };
    }
    case "split": {
      const [separator, text] = [first, second].map((value) => (value === undefined ? undefined : plain(value)));
      if (separator === undefined || text === undefined || separator === "") return unknown;
      return { type: "list", items: text.split(separator).map((part) => ({ type: "text", value: written(part) })) };
    }
    default:
      return unknown;
  }
}
