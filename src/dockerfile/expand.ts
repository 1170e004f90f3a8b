import { cutPrefix, cutSuffix, parseGlob, replaceMatches } from "./glob-pattern.ts";
import { isSpace } from "./source.ts";

/** Variables that an expansion can see; undefined is unset. */
export interface Environment {
  readonly get: (name: string) => string | undefined;
}

/** How BuildKit's lexer runs; the defaults are those of instruction words. */
export interface ExpandOptions {
  /** The file's escape character; default `\`. */
  readonly escape?: string;
  /** Keeps quotes in the result. */
  readonly rawQuotes?: boolean;
  /** Keeps escape characters in the result. */
  readonly rawEscapes?: boolean;
  /** Treats quotes as ordinary characters (contents of heredocs). */
  readonly ignoreQuotes?: boolean;
  /** Leaves references to unset variables as they are written. */
  readonly keepUnset?: boolean;
}

/** What became of a word. */
export interface Expansion {
  readonly ok: true;
  readonly text: string;
  /** The result split at unquoted spaces, also those that came from variables. */
  readonly words: readonly string[];
  /** Names of variables that were looked up and found, in order of their first use. */
  readonly used: readonly string[];
  /** Names of variables that were looked up and are unset. */
  readonly unset: readonly string[];
}

/** Why a word cannot be expanded, in BuildKit's words. */
export interface ExpansionFailure {
  readonly ok: false;
  readonly message: string;
}

/** Longest result, in characters; `ENV A=$A$A` doubles with every line. */
export const maxExpansion = 1024 * 1024;

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
  const lexer = new Lexer(word, environment, options);
  try {
    const { text, words } = lexer.readUntil(undefined, options.rawEscapes ?? false, 0);
    return { ok: true, text, words, used: [...lexer.used], unset: [...lexer.unset] };
  } catch (error) {
    if (error instanceof ExpansionError) return { ok: false, message: error.message };
    throw error;
  }
}

/** Ends the lexer's recursion; never leaves this file. */
class ExpansionError extends Error {}

/** Collects the words of an expansion: unquoted spaces end a word. */
class WordCollector {
  readonly words: string[] = [];
  private current = "";

  add(text: string, quoted: boolean): void {
    if (quoted) {
      this.current += text;
      return;
    }
    for (const character of text) {
      if (!isSpace(character)) this.current += character;
      else this.end();
    }
  }

  forget(): void {
    this.current = "";
  }

  end(): void {
    if (this.current !== "") this.words.push(this.current);
    this.current = "";
  }
}

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
  readUntil(stop: string | undefined, rawEscapes: boolean, depth: number): { text: string; words: readonly string[] } {
    if (depth > maxDepth) throw new ExpansionError("substitutions are nested too deeply");
    // BuildKit collects words in one buffer, which a nested operand empties: in `a${B:-c}` the word loses its `a`.
    this.words.forget();
    const outer = this.words;
    const words = new WordCollector();
    this.words = words;
    let text = "";
    const add = (part: string, quoted: boolean): void => {
      text += part;
      if (text.length > maxExpansion) throw new ExpansionError(`the result is longer than ${maxExpansion} characters`);
      words.add(part, quoted);
    };
    const quotes = this.options.ignoreQuotes !== true;

    for (let character = this.peek(); character !== ""; character = this.peek()) {
      if (character === stop) {
        this.next();
        words.end();
        this.words = outer;
        return { text, words: words.words };
      }
      if (quotes && character === "'") add(this.readSingleQuoted(), true);
      else if (quotes && character === '"') add(this.readDoubleQuoted(rawEscapes, depth), true);
      else if (character === "$") add(this.readVariable(depth), false);
      else if (character === "<") add(this.readLess(), true);
      else if (character === this.escape) {
        this.next();
        const escaped = this.next();
        if (rawEscapes) add(character, true);
        add(escaped, true);
      } else add(this.next(), false);
    }
    if (stop !== undefined) {
      throw new ExpansionError(`unexpected end of statement while looking for matching ${stop}`);
    }
    words.end();
    return { text, words: words.words };
  }

  /** `<<` keeps the blanks behind it in the same word, so that `<< EOF` is one heredoc word. */
  private readLess(): string {
    this.next();
    if (this.peek() !== "<") return "<";
    this.next();
    let text = "<<";
    while (this.peek() !== "" && "\t\r ".includes(this.peek())) text += this.next();
    return text;
  }

  private readSingleQuoted(): string {
    const start = this.at;
    this.next();
    const end = this.source.indexOf("'", this.at);
    if (end < 0) {
      throw new ExpansionError("unexpected end of statement while looking for matching single-quote");
    }
    this.at = end + 1;
    return this.options.rawQuotes === true ? this.source.slice(start, this.at) : this.source.slice(start + 1, end);
  }

  private readDoubleQuoted(rawEscapes: boolean, depth: number): string {
    const quote = this.next();
    const kept = this.options.rawQuotes === true ? quote : "";
    let text = kept;
    for (let character = this.peek(); character !== ""; character = this.peek()) {
      if (text.length > maxExpansion) throw new ExpansionError(`the result is longer than ${maxExpansion} characters`);
      if (character === '"') {
        this.next();
        return text + kept;
      }
      if (character === "$") {
        text += this.readVariable(depth);
        continue;
      }
      this.next();
      if (character !== this.escape) {
        text += character;
        continue;
      }
      if (rawEscapes) text += character;
      const escaped = this.peek();
      if (escaped === "") continue;
      // Only a quote, a dollar and the escape itself can be escaped; before anything else the escape stays.
      if (escaped === '"' || escaped === "$" || escaped === this.escape) text += this.next();
      else text += character;
    }
    throw new ExpansionError("unexpected end of statement while looking for matching double-quote");
  }

  private readVariable(depth: number): string {
    this.next();
    if (this.peek() !== "{") {
      const name = this.readName();
      if (name === "") return "$";
      return this.lookUp(name) ?? (this.options.keepUnset === true ? `$${name}` : "");
    }
    this.next();
    const first = this.peek();
    if (first === "") throw new ExpansionError("syntax error: missing '}'");
    if (first === "{" || first === "}" || first === ":") throw new ExpansionError("syntax error: bad substitution");
    const name = this.readName();
    const modifier = this.next();
    if (modifier === "") throw new ExpansionError("syntax error: missing '}'");
    if (modifier === "}") return this.lookUp(name) ?? (this.options.keepUnset === true ? `\${${name}}` : "");
    if (modifier === "/") return this.replaceIn(name, depth);
    const nullIsUnset = modifier === ":";
    const operator = nullIsUnset ? this.next() : modifier;
    if (!nullIsUnset && !"+-?#%".includes(operator)) {
      throw new ExpansionError(`unsupported modifier (${operator}) in substitution`);
    }
    return this.modify(name, operator, nullIsUnset, depth);
  }

  private modify(name: string, operator: string, nullIsUnset: boolean, depth: number): string {
    const spelled = `${nullIsUnset ? ":" : ""}${operator}`;
    const isPattern = operator === "#" || operator === "%";
    if (nullIsUnset && isPattern) throw new ExpansionError(`unsupported modifier (${spelled}) in substitution`);
    const word = this.readOperand("}", isPattern, depth);
    const value = this.lookUp(name);
    if (value === undefined && this.options.keepUnset === true) return `\${${name}${spelled}${word}}`;
    const missing = value === undefined || (nullIsUnset && value === "");
    if (operator === "-") return missing ? word : value;
    if (operator === "+") return missing ? "" : word;
    if (operator === "?") {
      if (!missing) return value;
      const reason = value === undefined ? "is not allowed to be unset" : "is not allowed to be empty";
      throw new ExpansionError(`${name}: ${word === "" ? reason : word}`);
    }
    if (!isPattern) throw new ExpansionError(`unsupported modifier (${spelled}) in substitution`);
    const longest = word.startsWith(operator);
    const pattern = parseGlob(longest ? word.slice(1) : word);
    if ("error" in pattern) throw new ExpansionError(`invalid pattern (${word}) in substitution: ${pattern.error}`);
    const cut = operator === "#" ? cutPrefix : cutSuffix;
    return orTooLong(cut(pattern, value ?? "", longest), word);
  }

  private replaceIn(name: string, depth: number): string {
    const all = this.peek() === "/";
    if (all) this.next();
    const text = this.readOperand("/", true, depth);
    const replacement = this.readOperand("}", true, depth);
    const value = this.lookUp(name);
    if (value === undefined && this.options.keepUnset === true) return `\${${name}/${text}/${replacement}}`;
    const pattern = parseGlob(text);
    if ("error" in pattern) throw new ExpansionError(`invalid pattern (${text}) in substitution: ${pattern.error}`);
    if ((value ?? "").length * replacement.length > maxExpansion * 16) {
      throw new ExpansionError(`the result is longer than ${maxExpansion} characters`);
    }
    return orTooLong(replaceMatches(pattern, value ?? "", replacement, all), text);
  }

  private readOperand(stop: string, rawEscapes: boolean, depth: number): string {
    try {
      return this.readUntil(stop, rawEscapes, depth + 1).text;
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

function orTooLong(result: string | undefined, pattern: string): string {
  if (result === undefined) throw new ExpansionError(`matching the pattern (${pattern}) takes too long`);
  return result;
}
