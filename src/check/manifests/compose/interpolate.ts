import { isKnown, joinValues, sliceValue, textOf, unknownValue, type Value, written } from "../../value.ts";
import { scalarValue, type YamlScalar } from "../yaml/node.ts";

/** Defaults within defaults that are followed at most. */
const maxDepth = 8;

/** A scalar of a compose file with `$NAME`, `${NAME:-default}` and their kin filled in. What nothing in the repository sets is unknown. */
export function fillIn(scalar: YamlScalar, variables: ReadonlyMap<string, Value>): Value {
  return fillValue(scalarValue(scalar), (start, end) => scalarValue(scalar, start, end), variables, 0);
}

function fillValue(
  value: Value,
  part: (start: number, end: number) => Value,
  variables: ReadonlyMap<string, Value>,
  depth: number,
): Value {
  const text = textOf(value);
  if (!text.includes("$")) return value;
  if (depth > maxDepth) return unknownValue();
  const values: Value[] = [];
  let at = 0;
  let literal = 0;
  const keep = (end: number) => {
    if (end > literal) values.push(part(literal, end));
  };
  while (at < text.length) {
    if (text.charAt(at) !== "$") {
      at++;
      continue;
    }
    const rest = text.slice(at);
    if (rest.startsWith("$$")) {
      keep(at + 1);
      at += 2;
      literal = at;
      continue;
    }
    const plain = /^\$([A-Za-z_]\w*)/.exec(rest);
    const braced = /^\$\{([A-Za-z_]\w*)(?:(:?[-+?])|\})/.exec(rest);
    const end = braced === null ? at + (plain?.[0].length ?? 0) : closing(text, at);
    const name = braced?.[1] ?? plain?.[1];
    if (name === undefined || end <= at) {
      at++;
      continue;
    }
    keep(at);
    const operator = braced?.[2];
    const from = at + (braced?.[0].length ?? 0);
    const inner = (): Value =>
      fillValue(sliceValue(value, from, end - 1), (start, to) => part(from + start, from + to), variables, depth + 1);
    values.push(through(name, substitute(variables.get(name), operator, inner)));
    at = end;
    literal = end;
  }
  keep(text.length);
  return joinValues(...values);
}

function substitute(value: Value | undefined, operator: string | undefined, inner: () => Value): Value {
  if (operator === undefined) return value ?? unknownValue();
  const isSet = value !== undefined && !(operator.startsWith(":") && isKnown(value) && textOf(value) === "");
  if (operator.endsWith("-")) return isSet ? value : inner();
  if (operator.endsWith("+")) return isSet ? inner() : written("");
  return value ?? unknownValue();
}

function through(name: string, value: Value): Value {
  return { pieces: value.pieces.map((piece) => ({ ...piece, through: [name, ...(piece.through ?? [])] })) };
}

/** The end of `${…}` with braces within it; the place itself when it is not closed. */
function closing(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text.startsWith("${", at)) depth++;
    else if (text.charAt(at) === "}" && --depth === 0) return at + 1;
  }
  return start;
}
