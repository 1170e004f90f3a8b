import type { Script } from "../../shell/trace.ts";
import { joinValues, sliceValue, textOf, type Value } from "../../value.ts";
import { scalarValue, type YamlScalar } from "../yaml/node.ts";
import { evaluateExpression, type Lookup, type Result, resultValue } from "./expression.ts";

/** Expressions end at the first `}}` outside of their texts in quotes. */
const expression = /\$\{\{((?:'(?:[^']|'')*'|[^'}]|\}(?!\}))*)\}\}/g;

/** A scalar's text with its expressions (`${{ … }}`) evaluated; what is written in the scalar keeps its place in it. */
export function interpolate(scalar: YamlScalar, lookup: Lookup): Value {
  if (!scalar.text.includes("${{")) return scalarValue(scalar);
  return joinValues(...segmentsOf(scalar, lookup).map(({ from, to, value }) => value ?? scalarValue(scalar, from, to)));
}

/** The result of a scalar that is one expression (`${{ … }}`, or bare, as `if` allows); undefined when it is something else. */
export function wholeExpression(text: string, lookup: Lookup, isBare: boolean): Result | undefined {
  const inner = /^\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*$/s.exec(text)?.[1];
  if (inner !== undefined) return evaluateExpression(inner, lookup);
  if (!isBare || text.includes("${{")) return undefined;
  return evaluateExpression(text, lookup);
}

/** A stretch of a text with its expressions evaluated: where it is in the result and in the scalar, and what stands there when it is an expression. */
interface Segment {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
  readonly value?: Value;
}

/** The script of a step as the shell gets it: expressions are replaced before it starts. It still tells where each of its parts is written. */
export function scriptWith(scalar: YamlScalar, lookup: Lookup): Script {
  const segments = segmentsOf(scalar, lookup);
  const text = segments.map(({ from, to, value }) =>
    value === undefined ? scalar.text.slice(from, to) : textOf(value),
  );
  const offsetOf = (offset: number, isEnd: boolean): number => {
    const found = segments.find(({ end }) => (isEnd ? offset <= end : offset < end)) ?? segments.at(-1);
    if (found === undefined) return 0;
    if (found.value !== undefined) return isEnd ? found.to : found.from;
    return found.from + offset - found.start;
  };
  return {
    text: text.join(""),
    locate: (start, end) => scalar.locate(offsetOf(start, false), offsetOf(Math.max(start, end), true)),
    slice: (start, end) =>
      joinValues(
        ...segments
          .filter((segment) => segment.start < end && segment.end > start)
          .map((segment) => {
            const [first, last] = [Math.max(start, segment.start), Math.min(end, segment.end)];
            if (segment.value !== undefined)
              return sliceValue(segment.value, first - segment.start, last - segment.start);
            const shift = segment.from - segment.start;
            return scalarValue(scalar, first + shift, last + shift);
          }),
      ),
  };
}

function segmentsOf(scalar: YamlScalar, lookup: Lookup): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  let start = 0;
  const add = (to: number, value?: Value): void => {
    if (to <= from) return;
    const end = start + (value === undefined ? to - from : textOf(value).length);
    segments.push({ start, end, from, to, ...(value === undefined ? {} : { value }) });
    [from, start] = [to, end];
  };
  for (const match of scalar.text.matchAll(expression)) {
    add(match.index);
    const to = match.index + match[0].length;
    const place = scalar.locate(match.index, to);
    const { pieces } = resultValue(evaluateExpression(match[1] ?? "", lookup));
    // A text that stands in the expression itself has no place of its own.
    add(to, { pieces: pieces.map((piece) => (piece.place === undefined ? { ...piece, place } : piece)) });
  }
  add(scalar.text.length);
  return segments;
}
