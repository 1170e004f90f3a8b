import type { Script } from "../../shell/trace.ts";
import { joinValues, sliceValue, textOf, type Value } from "../../value.ts";
import { scalarValue, type YamlScalar } from "../yaml/node.ts";

/** A stretch of a text whose expressions were replaced: where it is in the result and in the scalar, and what was put there when it is an expression. */
interface Segment {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
  readonly value?: Value;
}

/** What a service puts in the place of a match before anything else reads the text; undefined when it leaves it. */
export type Replace = (match: RegExpExecArray) => Value | undefined;

/** A way of services to fill in texts: what expressions look like (with the flag `g`), and what they come to. */
export interface Substitution {
  readonly pattern: RegExp;
  readonly replace: Replace;
}

/** A scalar's text with its expressions replaced; what is written in the scalar keeps its place in it. */
export function substituted(scalar: YamlScalar, substitution: Substitution): Value {
  return joinValues(
    ...segmentsOf(scalar, substitution).map(({ from, to, value }) => value ?? scalarValue(scalar, from, to)),
  );
}

/** A script as the shell gets it: expressions are replaced before it starts. It still tells where each of its parts is written. */
export function substitutedScript(scalar: YamlScalar, substitution: Substitution): Script {
  const segments = segmentsOf(scalar, substitution);
  if (segments.every(({ value }) => value === undefined)) {
    return { text: scalar.text, locate: (start, end) => scalar.locate(start, end) };
  }
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

function segmentsOf(scalar: YamlScalar, { pattern, replace }: Substitution): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  let start = 0;
  const add = (to: number, value?: Value): void => {
    if (to <= from) return;
    const end = start + (value === undefined ? to - from : textOf(value).length);
    segments.push({ start, end, from, to, ...(value === undefined ? {} : { value }) });
    [from, start] = [to, end];
  };
  for (const match of scalar.text.matchAll(pattern)) {
    const value = replace(match);
    if (value === undefined) continue;
    add(match.index);
    const to = match.index + match[0].length;
    const place = scalar.locate(match.index, to);
    // A text that stands in the expression itself has no place of its own.
    add(to, { pieces: value.pieces.map((piece) => (piece.place === undefined ? { ...piece, place } : piece)) });
  }
  add(scalar.text.length);
  return segments;
}
