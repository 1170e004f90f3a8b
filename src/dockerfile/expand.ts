import type { Environment, Expansion, ExpandOptions, ExpansionFailure } from "./expansion.ts";
import { cutPrefix, cutSuffix, findMatches, parseGlob } from "./glob-pattern.ts";
import { chosen, emptyText, TextBuilder, variableText, writtenText, type TracedText } from "./traced-text.ts";
import { WordCollector } from "./word-collector.ts";

/** Longest result, in characters; `ENV A=$A$A` doubles with every line. */
export const maxExpansion = 1024 * 1024;

/** Words without quotes, escapes, variables, blanks and heredocs. */
const plainWord = /^[\w./:@%+,=~-]{0,4096}$/;

/** Deepest nesting of `${A:-${B:-…}}`. */
const maxDepth = 500;

/**
 * Expands quotes, escapes and variables of one word as BuildKit's `shell.Lex` does: `$V ${V} ${V:-w} ${V-w} ${V:+w} ${V+w} ${V:?w}
 * ${V?w} ${V#p} ${V##p} ${V%p} ${V%%p} ${V/p/r} ${V//p/r}`. Every referenced variable is recorded, also one in a default that is not
 * taken.
 */
export function expandWord(
  word: string,
  environment: Environment,
  options: ExpandOptions = {},
): Expansion | ExpansionFailure {
  // Most words have nothing to expand.
  if (plainWord.test(word)) {
    return { ok: true, ...writtenText(word, 0), words: word === "" ? [] : [word], used: [], unset: [] };
  }
  const lexer = new Lexer(word, environment, options);
  try {
    const { traced, words } = lexer.readUntil(undefined, options.rawEscapes ?? false, 0);
    return { ok: true, ...traced, words, used: [...lexer.used], unset: [...lexer.unset] };
  } catch (error) {
    if (error instanceof ExpansionError) return { ok: false, message: error.message };
    throw error;
  }
}

/** Ends the lexer's recursion; never leaves this file. */
class ExpansionError extends Error {}

class Lexer {
  readonly used = new Set<string>();
  readonly unset = new Set<string>();
  private readonly source: string;
  private readonly environment: Environment;
  private readonly options: ExpandOptions;
  private readonly escape: string;
  private at = 0;

  constructor(source: string, environment: Environment, options: ExpandOptions) {
    this.source = source;
    this.environment = environment;
    this.options = options;
    this.escape = options.escape ?? "\\";
  }

  private peek(): string {
    const code = this.source.codePointAt(this.at);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  private next(): string {
    const character = this.peek();
    this.at += character.length;
    return character;
  }

  /** Words of the operand that is being read. */
  private words = new WordCollector();

  /** Reads to the unquoted character `stop` (which is consumed), or to the end of the source when `stop` is undefined. */
  readUntil(
    stop: string | undefined,
    rawEscapes: boolean,
    depth: number,
  ): { traced: TracedText; words: readonly string[] } {
    if (depth > maxDepth) throw new ExpansionError("substitutions are nested too deeply");
    // BuildKit collects words in one buffer, which a nested operand empties: in `a${B:-c}` the word loses its `a`.
    this.words.forget();
    const outer = this.words;
    const words = new WordCollector();
    this.words = words;
    const text = new TextBuilder();
    const add = (part: TracedText, quoted: boolean): void => {
      text.add(part);
      refuseLong(text.length);
      words.add(part.text, quoted);
    };
    const quotes = this.options.ignoreQuotes !== true;

    for (let character = this.peek(); character !== ""; character = this.peek()) {
      if (character === stop) {
        this.next();
        words.end();
        this.words = outer;
        return { traced: text.build(), words: words.words };
      }
      if (quotes && character === "'") add(this.readSingleQuoted(), true);
      else if (quotes && character === '"') add(this.readDoubleQuoted(rawEscapes, depth), true);
      else if (character === "$") add(this.readVariable(depth), false);
      else if (character === "<") add(this.readLess(), true);
      else if (character === this.escape) {
        this.next();
        if (rawEscapes) add(writtenText(character, this.at - 1), true);
        add(this.readCharacter(), true);
      } else add(this.readCharacter(), false);
    }
    if (stop !== undefined) {
      throw new ExpansionError(`unexpected end of statement while looking for matching ${stop}`);
    }
    words.end();
    return { traced: text.build(), words: words.words };
  }

  private readCharacter(): TracedText {
    const { at } = this;
    return writtenText(this.next(), at);
  }

  /** `<<` keeps the blanks behind it in the same word, so that `<< EOF` is one heredoc word. */
  private readLess(): TracedText {
    const start = this.at;
    this.next();
    if (this.peek() !== "<") return writtenText("<", start);
    this.next();
    while (this.peek() !== "" && "\t\r ".includes(this.peek())) this.next();
    return writtenText(this.source.slice(start, this.at), start);
  }

  private readSingleQuoted(): TracedText {
    const start = this.at;
    this.next();
    const end = this.source.indexOf("'", this.at);
    if (end < 0) {
      throw new ExpansionError("unexpected end of statement while looking for matching single-quote");
    }
    this.at = end + 1;
    if (this.options.rawQuotes === true) return writtenText(this.source.slice(start, this.at), start);
    return writtenText(this.source.slice(start + 1, end), start + 1);
  }

  private readDoubleQuoted(rawEscapes: boolean, depth: number): TracedText {
    const text = new TextBuilder();
    const readQuote = (): void => {
      const quote = this.readCharacter();
      if (this.options.rawQuotes === true) text.add(quote);
    };
    readQuote();
    for (let character = this.peek(); character !== ""; character = this.peek()) {
      refuseLong(text.length);
      if (character === '"') {
        readQuote();
        return text.build();
      }
      if (character === "$") {
        text.add(this.readVariable(depth));
        continue;
      }
      const before = this.readCharacter();
      if (character !== this.escape) {
        text.add(before);
        continue;
      }
      if (rawEscapes) text.add(before);
      const escaped = this.peek();
      if (escaped === "") continue;
      // Only a quote, a dollar and the escape itself can be escaped; before anything else the escape stays.
      if (escaped === '"' || escaped === "$" || escaped === this.escape) text.add(this.readCharacter());
      else text.add(before);
    }
    throw new ExpansionError("unexpected end of statement while looking for matching double-quote");
  }

  private readVariable(depth: number): TracedText {
    const start = this.at;
    this.next();
    if (this.peek() !== "{") {
      const name = this.readName();
      if (name === "") return writtenText("$", start);
      return this.valueOf(name, this.lookUp(name)) ?? this.kept(`$${name}`, start);
    }
    this.next();
    const first = this.peek();
    if (first === "") throw new ExpansionError("syntax error: missing '}'");
    if (first === "{" || first === "}" || first === ":") throw new ExpansionError("syntax error: bad substitution");
    const name = this.readName();
    const modifier = this.next();
    if (modifier === "") throw new ExpansionError("syntax error: missing '}'");
    if (modifier === "}") return this.valueOf(name, this.lookUp(name)) ?? this.kept(`\${${name}}`, start);
    if (modifier === "/") return this.replaceIn(name, start, depth);
    const nullIsUnset = modifier === ":";
    const operator = nullIsUnset ? this.next() : modifier;
    if (!nullIsUnset && !"+-?#%".includes(operator)) {
      throw new ExpansionError(`unsupported modifier (${operator}) in substitution`);
    }
    return this.modify(name, operator, nullIsUnset, start, depth);
  }

  private valueOf(name: string, value: string | undefined): TracedText | undefined {
    return value === undefined ? undefined : variableText(name, value);
  }

  /** What stays of a reference to an unset variable that began at `start`. */
  private kept(spelled: string, start: number): TracedText {
    return this.options.keepUnset === true ? writtenText(spelled, start, this.at) : emptyText;
  }

  private modify(name: string, operator: string, nullIsUnset: boolean, start: number, depth: number): TracedText {
    const spelled = `${nullIsUnset ? ":" : ""}${operator}`;
    const isPattern = operator === "#" || operator === "%";
    if (nullIsUnset && isPattern) throw new ExpansionError(`unsupported modifier (${spelled}) in substitution`);
    const operand = this.readOperand("}", isPattern, depth);
    const word = operand.text;
    const value = this.lookUp(name);
    if (value === undefined && this.options.keepUnset === true) return this.kept(`\${${name}${spelled}${word}}`, start);
    const missing = value === undefined || (nullIsUnset && value === "");
    if (operator === "-") return missing ? chosen(operand, name) : variableText(name, value);
    if (operator === "+") return missing ? emptyText : chosen(operand, name);
    if (operator === "?") {
      if (!missing) return variableText(name, value);
      const reason = value === undefined ? "is not allowed to be unset" : "is not allowed to be empty";
      throw new ExpansionError(`${name}: ${word === "" ? reason : word}`);
    }
    if (!isPattern) throw new ExpansionError(`unsupported modifier (${spelled}) in substitution`);
    const longest = word.startsWith(operator);
    const pattern = parseGlob(longest ? word.slice(1) : word);
    if ("error" in pattern) throw new ExpansionError(`invalid pattern (${word}) in substitution: ${pattern.error}`);
    const whole = value ?? "";
    const cut = operator === "#" ? cutPrefix : cutSuffix;
    const { length } = orTooLong(cut(pattern, whole, longest), word);
    return operator === "#" ? variableText(name, whole, whole.length - length) : variableText(name, whole, 0, length);
  }

  private replaceIn(name: string, start: number, depth: number): TracedText {
    const all = this.peek() === "/";
    if (all) this.next();
    const { text } = this.readOperand("/", true, depth);
    const replacement = this.readOperand("}", true, depth);
    const value = this.lookUp(name);
    if (value === undefined && this.options.keepUnset === true) {
      return this.kept(`\${${name}/${text}/${replacement.text}}`, start);
    }
    const pattern = parseGlob(text);
    if ("error" in pattern) throw new ExpansionError(`invalid pattern (${text}) in substitution: ${pattern.error}`);
    const whole = value ?? "";
    if (whole.length * replacement.text.length > maxExpansion * 16) refuseLong(Infinity);
    const result = new TextBuilder();
    let end = 0;
    for (const match of orTooLong(findMatches(pattern, whole, all), text)) {
      result.add(variableText(name, whole, end, match.start));
      result.add(chosen(replacement, name));
      ({ end } = match);
    }
    result.add(variableText(name, whole, end));
    return result.build();
  }

  private readOperand(stop: string, rawEscapes: boolean, depth: number): TracedText {
    try {
      return this.readUntil(stop, rawEscapes, depth + 1).traced;
    } catch (error) {
      if (error instanceof ExpansionError && this.peek() === "") {
        throw new ExpansionError(`syntax error: missing '${stop}'${stop === "/" ? " in ${}" : ""}`, { cause: error });
      }
      throw error;
    }
  }

  /** A name, a run of digits, or one special parameter; empty when there is none. */
  private readName(): string {
    const rest = this.source.slice(this.at, this.at + 256);
    const match = /^(?:\p{Nd}+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*)/u.exec(rest);
    if (match === null) return "";
    if (match[0].length >= 255) throw new ExpansionError("the name of a variable is too long");
    this.at += match[0].length;
    return match[0];
  }

  private lookUp(name: string): string | undefined {
    const value = this.environment.get(name);
    (value === undefined ? this.unset : this.used).add(name);
    return value;
  }
}

function refuseLong(length: number): void {
  if (length > maxExpansion) throw new ExpansionError(`the result is longer than ${maxExpansion} characters`);
}

function orTooLong<Result>(result: Result | undefined, pattern: string): Result {
  if (result === undefined) throw new ExpansionError(`matching the pattern (${pattern}) takes too long`);
  return result;
}
