import type { DoubleQuotedChild, HereDoc, Word, WordPart } from "unbash";
import { type Piece, sliceValue, textOf, unknownValue, type Value, written } from "../value.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import { braceAlternatives } from "./braces.ts";
import type { Context, Machine } from "./machine.ts";
import { expandParameter, lookUp, lookUpAll } from "./parameter.ts";
import type { PatternPart } from "./pattern.ts";
import { bounded, computed, rewritten } from "./text.ts";

/** A part of a word that was expanded: quoted parts are not split and hold no pattern. `break` ends a word inside of `"$@"`. */
export type Chunk =
  | { readonly kind: "text"; readonly value: Value; readonly quoted: boolean; readonly split: boolean }
  | { readonly kind: "break" };

/** A word as the program gets it: none, one or several texts. */
export function expandWord(machine: Machine, word: Word, context: Context): Value[] {
  const fields = wordAlternatives(machine, word, context).flatMap((chunks) => fieldsOf(chunks, separatorsOf(context)));
  if (fields.length > 8) machine.spend(context.source.locate(word.pos, word.end), fields.length);
  return fields.slice(0, maxFields);
}

/** One word gives no more than these. */
const maxFields = 1024;

/** A word where nothing is split: of an assignment, a `case`, a here-string. */
export function expandText(machine: Machine, word: Word, context: Context): Value {
  return joined(chunksOfWord(machine, word, context, false));
}

/** A word as a pattern. */
export function expandPattern(machine: Machine, word: Word, context: Context): PatternPart[] {
  return chunksOfWord(machine, word, context, false).flatMap((chunk) =>
    chunk.kind === "break" ? [] : [{ text: textOf(chunk.value), quoted: chunk.quoted }],
  );
}

/** The text of a here-document. */
export function expandHereDocument(machine: Machine, { body, delimiter }: HereDoc, context: Context): Value {
  if (body.parts === undefined || delimiter?.quoted === true)
    return bounded(literalValue(machine, body.text, body.pos, body.end, context));
  return joined(body.parts.flatMap((part) => chunksOfPart(machine, part, context, true)));
}

/** The parts of a word, unsplit. */
export function chunksOfWord(machine: Machine, word: Word, context: Context, quoted: boolean): Chunk[] {
  if (word.parts === undefined) return [literal(machine, word.value, word, context, true)];
  return word.parts.flatMap((part) => chunksOfPart(machine, part, context, quoted));
}

function wordAlternatives(machine: Machine, word: Word, context: Context): Chunk[][] {
  let alternatives: Chunk[][] = [[]];
  if (word.parts?.some(({ type }) => type === "BraceExpansion") !== true)
    return [chunksOfWord(machine, word, context, false)];
  for (const part of word.parts) {
    const choices =
      part.type === "BraceExpansion"
        ? braceAlternatives(machine, part, context).map(({ word: inner, source }) =>
            chunksOfWord(machine, inner, { ...context, source }, false),
          )
        : [chunksOfPart(machine, part, context, false)];
    if (alternatives.length * choices.length > maxAlternatives) return [chunksOfWord(machine, word, context, true)];
    alternatives = alternatives.flatMap((before) => choices.map((choice) => [...before, ...choice]));
  }
  return alternatives;
}

const maxAlternatives = 64;

function chunksOfPart(
  machine: Machine,
  part: WordPart | DoubleQuotedChild,
  context: Context,
  quoted: boolean,
): Chunk[] {
  switch (part.type) {
    case "Literal":
      return [literal(machine, part.value, part, context, true)];
    case "SingleQuoted":
    case "AnsiCQuoted":
      return [
        literal(machine, part.value, { pos: part.pos + part.text.indexOf("'") + 1, end: part.end - 1 }, context, true),
      ];
    case "DoubleQuoted":
    case "LocaleString":
      return part.parts.length === 0
        ? [literal(machine, "", part, context, true)]
        : part.parts.flatMap((child) => chunksOfPart(machine, child, context, true));
    case "Glob":
    case "ExtendedGlob":
      return [literal(machine, part.text, part, context, false)];
    case "BraceExpansion":
      return [literal(machine, part.text, part, context, true)];
    case "SimpleExpansion":
      return variable(part.text.slice(1), context, quoted);
    case "ParameterExpansion":
      return expandParameter(machine, part, context, quoted, chunksOfWord);
    case "CommandExpansion": {
      const place = context.source.locate(part.pos, part.end);
      if (part.script === undefined) return [text(unknownValue({ place }), quoted)];
      const inner = part.script.source;
      const source = inner === undefined ? context.source : { text: inner, locate: () => place };
      return [text(bounded(machine.substitute(part.script, { ...context, source })), quoted)];
    }
    case "ArithmeticExpansion": {
      const place = context.source.locate(part.pos, part.end);
      if (part.expression === undefined) return [text(unknownValue({ place }), quoted)];
      const result = evaluateArithmetic(machine, part.expression, context);
      const value =
        result.number === undefined
          ? unknownValue({ place, ...(result.dependsOnPlatform ? { dependsOnPlatform: true } : {}) })
          : computed(result.from, String(result.number), place);
      return [text(value, quoted)];
    }
    case "ProcessSubstitution":
      if (part.script !== undefined) machine.substitute(part.script, context);
      return [text(unknownValue({ place: context.source.locate(part.pos, part.end) }), true)];
  }
}

function variable(name: string, context: Context, quoted: boolean): Chunk[] {
  if (name !== "@" && name !== "*") return [text(lookUp(name, context), quoted)];
  return listChunks(lookUpAll(name, context), name === "*", quoted);
}

/** Several values as a word holds them: words of their own, or one text behind `"$*"`. */
export function listChunks(values: readonly Value[], isJoined: boolean, quoted: boolean): Chunk[] {
  return values.flatMap((value, index): Chunk[] => {
    const chunk = text(value, quoted);
    if (index === 0) return [chunk];
    return isJoined && quoted ? [text(written(" "), true), chunk] : [{ kind: "break" }, chunk];
  });
}

function text(value: Value, quoted: boolean): Chunk {
  return { kind: "text", value, quoted, split: !quoted };
}

function literal(
  machine: Machine,
  value: string,
  { pos, end }: { readonly pos: number; readonly end: number },
  context: Context,
  quoted: boolean,
): Chunk {
  return { kind: "text", value: literalValue(machine, value, pos, end, context), quoted, split: false };
}

/** A text as it is written; each of its lines is a piece, so that it has a place of its own. */
function literalValue(machine: Machine, value: string, pos: number, end: number, { source }: Context): Value {
  const isExact = value.length === end - pos;
  if (source.slice !== undefined) return rewritten(source.slice(pos, end), value, source.locate(pos, end));
  const pieces: Piece[] = [];
  let start = 0;
  while (start < value.length) {
    const feed = isExact ? value.indexOf("\n", start) : -1;
    const stop = feed < 0 ? value.length : feed + 1;
    const [from, to] = isExact ? [pos + start, pos + stop] : [pos, end];
    const place = source.locate(from, to);
    if (isExact) machine.origins.set(place, { source, pos: from, end: to });
    pieces.push({ text: value.slice(start, stop), source: "written", place });
    start = stop;
  }
  return { pieces };
}

function joined(chunks: readonly Chunk[]): Value {
  const pieces = chunks.flatMap((chunk): readonly Piece[] =>
    chunk.kind === "break" ? [{ text: " ", source: "written" }] : chunk.value.pieces,
  );
  return bounded({ pieces });
}

function separatorsOf({ process }: Context): RegExp {
  const value = process.variables.get("IFS")?.value;
  if (value === undefined) return /[ \t\n]+/g;
  const characters = textOf(value).replaceAll(/[\\\]^-]/g, "\\$&");
  return characters === "" ? /(?!)/g : new RegExp(`[${characters}]+`, "g");
}

function fieldsOf(chunks: readonly Chunk[], separators: RegExp): Value[] {
  const fields: Value[] = [];
  let current: Piece[] | undefined;
  const end = (): void => {
    if (current !== undefined) fields.push(bounded({ pieces: current }));
    current = undefined;
  };
  for (const chunk of chunks) {
    if (chunk.kind === "break") end();
    else if (!chunk.split) current = [...(current ?? []), ...chunk.value.pieces];
    else {
      const whole = textOf(chunk.value);
      // What an empty variable leaves out of the middle of a word (`app-$ARCH.tgz`) can still be seen.
      if (whole === "" && current !== undefined) current = [...current, ...chunk.value.pieces];
      let start = 0;
      const add = (to: number): void => {
        if (to > start) current = [...(current ?? []), ...sliceValue(chunk.value, start, to).pieces];
      };
      for (const match of whole.matchAll(separators)) {
        add(match.index);
        end();
        start = match.index + match[0].length;
      }
      add(whole.length);
    }
  }
  end();
  return fields;
}
