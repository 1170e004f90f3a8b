import type { Definition, TracedEnvironment } from "../../dockerfile/environment.ts";
import { expandWord } from "../../dockerfile/expand.ts";
import type { Dockerfile } from "../../dockerfile/parse.ts";
import type { Word } from "../../dockerfile/source.ts";
import type { TextPart } from "../../dockerfile/traced-text.ts";
import {
  architectureValue,
  dependsOnPlatform,
  emptyValue,
  joinValues,
  sliceValue,
  textOf,
  unknownValue,
  written,
  type Piece,
  type Value,
} from "../value.ts";
import { placeInWord } from "./word-place.ts";

/** Most pieces of a value; more (`ENV A=$A$A`, again and again) become one without a place. */
const maxPieces = 1000;

/** How far values of values are followed. */
const maxDepth = 100;

/** Automatic arguments that are the same on every platform. */
const constantArgs: readonly string[] = ["TARGETSTAGE", "TARGETOSVERSION", "BUILDOSVERSION"];

/**
 * Makes values of a Dockerfile's words, as one evaluation expands them: each piece knows where it is written and through which variables it came. The
 * text of a value is the text that the evaluation has.
 */
export class WordValues {
  private readonly dockerfile: Dockerfile;
  private readonly path: string;
  private readonly buildArg: (name: string) => Value | undefined;
  private depth = 0;
  private readonly known = new WeakMap<Definition, Value>();

  /** `buildArg` is the value that the caller gives to a build argument. */
  constructor(path: string, dockerfile: Dockerfile, buildArg: (name: string) => Value | undefined) {
    this.path = path;
    this.dockerfile = dockerfile;
    this.buildArg = buildArg;
  }

  /** A word expanded; one that cannot be expanded is unknown. */
  word(word: Word, environment: TracedEnvironment): Value {
    const expansion = expandWord(word.text, environment, { escape: this.dockerfile.escape });
    if (!expansion.ok) return unknownValue({ place: placeInWord(this.path, this.dockerfile.source, word, 0, 0) });
    return bounded(joinValues(...expansion.parts.map((part) => this.part(part, word, environment))));
  }

  /** The value of a variable. */
  variable(name: string, environment: TracedEnvironment): Value | undefined {
    const text = environment.get(name);
    const definition = environment.definition(name);
    if (text === undefined || definition === undefined) return undefined;
    const known = this.known.get(definition);
    if (known !== undefined) return known;
    // Values are asked for in the order of the file, so that only a long chain that nobody asked for before goes deep.
    if (this.depth > maxDepth) return written(text);
    this.depth++;
    const value = this.define(definition, text);
    this.depth--;
    this.known.set(definition, value);
    return value;
  }

  private define(definition: Definition, text: string): Value {
    switch (definition.kind) {
      case "written":
        return this.word(definition.word, definition.environment);
      case "build-arg":
        return this.buildArg(definition.name) ?? written(text);
      case "automatic":
        return constantArgs.includes(definition.name) || text === "" ? written(text) : architectureValue(text);
      case "image":
        return written(text);
    }
  }

  private part(part: TextPart, word: Word, environment: TracedEnvironment): Value {
    const value = part.name === undefined ? this.literal(part, word) : this.stretch(part, part.name, environment);
    const isChosen = part.chosenBy.some((name) => {
      const by = this.variable(name, environment);
      return by !== undefined && dependsOnPlatform(by);
    });
    return isChosen ? { pieces: value.pieces.map((piece) => ({ ...piece, dependsOnPlatform: true })) } : value;
  }

  private literal({ text, start, end }: TextPart, word: Word): Value {
    return text === "" ? emptyValue : written(text, placeInWord(this.path, this.dockerfile.source, word, start, end));
  }

  private stretch({ text, start, end }: TextPart, name: string, environment: TracedEnvironment): Value {
    const whole = this.variable(name, environment) ?? written(text);
    const { pieces } = sliceValue(whole, start, end);
    return { pieces: pieces.map((piece) => ({ ...piece, through: [name, ...(piece.through ?? [])] })) };
  }
}

function bounded(value: Value): Value {
  if (value.pieces.length <= maxPieces) return value;
  const text = textOf(value);
  const piece: Piece = { text, source: "written", ...(dependsOnPlatform(value) ? { dependsOnPlatform: true } : {}) };
  return { pieces: [piece] };
}
