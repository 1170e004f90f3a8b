import type { HclEntry, HclExpression, HclPart } from "./hcl.ts";
import type { HclReader } from "./hcl-reader.ts";

/** Reads an expression. `overLines` is true between brackets, where line breaks mean nothing. */
export function readExpression(reader: HclReader, overLines: boolean): HclExpression {
  return reader.nested(() => {
    const { at: start } = reader;
    const test = readBinary(reader, overLines, 0);
    reader.skip(overLines);
    if (reader.peek() !== "?") return test;
    reader.takes("?");
    reader.skip(true);
    const yes = readExpression(reader, overLines);
    reader.skip(true);
    reader.expect(":");
    reader.skip(true);
    const no = readExpression(reader, overLines);
    return { kind: "conditional", test, yes, no, start, end: reader.at };
  });
}

/** Operators, those that bind least first. */
const operators = [/\|\|/y, /&&/y, /==|!=/y, /[<>]=?/y, /[-+]/y, /[*/%]/y] as const;

function readBinary(reader: HclReader, overLines: boolean, level: number): HclExpression {
  const pattern = operators[level];
  if (pattern === undefined) return readUnary(reader, overLines);
  const { at: start } = reader;
  let left = readBinary(reader, overLines, level + 1);
  for (;;) {
    const { at: before } = reader;
    reader.skip(overLines);
    const operator = reader.take(pattern);
    if (operator === undefined) {
      reader.at = before;
      return left;
    }
    reader.skip(true);
    const right = readBinary(reader, overLines, level + 1);
    left = { kind: "binary", operator, left, right, start, end: reader.at };
  }
}

function readUnary(reader: HclReader, overLines: boolean): HclExpression {
  const { at: start } = reader;
  if (reader.peek() === "!") {
    return reader.nested(() => {
      reader.takes("!");
      const operand = readUnary(reader, overLines);
      return { kind: "not", operand, start, end: reader.at };
    });
  }
  if (reader.peek() === "-") {
    return reader.nested(() => {
      reader.takes("-");
      readUnary(reader, overLines);
      return { kind: "other", start, end: reader.at };
    });
  }
  return readSuffixes(reader, readPrimary(reader));
}

function readPrimary(reader: HclReader): HclExpression {
  const { at: start } = reader;
  const char = reader.peek();
  if (char === '"') return readTemplate(reader);
  if (char === "[") return readList(reader);
  if (char === "{") return readObject(reader);
  if (char === "(") {
    reader.takes("(");
    reader.skip(true);
    const inner = readExpression(reader, true);
    reader.skip(true);
    reader.expect(")");
    return inner;
  }
  if (char === "<") return readHeredoc(reader);
  const number = reader.take(/\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y);
  if (number !== undefined) return { kind: "number", text: number, start, end: reader.at };
  const name = reader.take(/[A-Za-z_][\w-]*/y);
  if (name === undefined) throw reader.error("An expression is expected here.");
  if (name === "true" || name === "false" || name === "null")
    return { kind: "keyword", text: name, start, end: reader.at };
  if (reader.takes("(")) return readCall(reader, name, start);
  return { kind: "reference", path: [name], start, end: reader.at };
}

/** `.NAME`, `[INDEX]` and splats behind an expression. */
function readSuffixes(reader: HclReader, first: HclExpression): HclExpression {
  let result = first;
  for (;;) {
    const name = reader.take(/\.(?:[A-Za-z_][\w-]*|\d+|\*)/y);
    if (name !== undefined) {
      const path = result.kind === "reference" && !name.includes("*") ? [...result.path, name.slice(1)] : undefined;
      result = suffixed(result, path, reader.at);
    } else if (reader.takes("[")) {
      reader.skip(true);
      const index = reader.takes("*") ? undefined : readExpression(reader, true);
      reader.skip(true);
      reader.expect("]");
      const key = index === undefined ? undefined : constantOf(index);
      const path = result.kind === "reference" && key !== undefined ? [...result.path, key] : undefined;
      result = suffixed(result, path, reader.at);
    } else return result;
  }
}

function suffixed({ start }: HclExpression, path: readonly string[] | undefined, end: number): HclExpression {
  return path === undefined ? { kind: "other", start, end } : { kind: "reference", path, start, end };
}

function constantOf(expression: HclExpression): string | undefined {
  if (expression.kind === "number") return expression.text;
  if (expression.kind !== "template") return undefined;
  const texts = expression.parts.map((part) => (part.kind === "text" ? part.text : undefined));
  return texts.every((text) => text !== undefined) ? texts.join("") : undefined;
}

function readCall(reader: HclReader, name: string, start: number): HclExpression {
  const parameters: HclExpression[] = [];
  reader.skip(true);
  while (!reader.takes(")")) {
    parameters.push(readExpression(reader, true));
    reader.skip(true);
    reader.takes("...");
    reader.skip(true);
    if (!reader.takes(",") && reader.peek() !== ")") throw reader.error('"," or ")" is expected here.');
    reader.skip(true);
  }
  return { kind: "call", name, parameters, start, end: reader.at };
}

function readList(reader: HclReader): HclExpression {
  const { at: start } = reader;
  const items: HclExpression[] = [];
  reader.expect("[");
  reader.skip(true);
  if (reader.take(/for(?=\s)/y) !== undefined) return passOver(reader, start, "]");
  while (!reader.takes("]")) {
    items.push(readExpression(reader, true));
    reader.skip(true);
    if (!reader.takes(",") && reader.peek() !== "]") throw reader.error('"," or "]" is expected here.');
    reader.skip(true);
  }
  return { kind: "list", items, start, end: reader.at };
}

function readObject(reader: HclReader): HclExpression {
  const { at: start } = reader;
  const entries: HclEntry[] = [];
  reader.expect("{");
  reader.skip(true);
  if (reader.take(/for(?=\s)/y) !== undefined) return passOver(reader, start, "}");
  while (!reader.takes("}")) {
    const key = readKey(reader);
    reader.skip(true);
    if (!reader.takes("=") && !reader.takes(":")) throw reader.error('"=" is expected here.');
    reader.skip(true);
    const value = readExpression(reader, false);
    if (key !== undefined) entries.push({ key, value });
    reader.skip(true);
    reader.takes(",");
    reader.skip(true);
  }
  return { kind: "object", entries, start, end: reader.at };
}

/** A key of an object: a name, a text, or an expression that is not known. */
function readKey(reader: HclReader): string | undefined {
  const name = reader.take(/[A-Za-z_][\w.-]*/y);
  if (name !== undefined) return name;
  const key = readExpression(reader, true);
  return constantOf(key);
}

/** Passes over a `for`: brackets and texts within it are balanced. */
function passOver(reader: HclReader, start: number, end: string): HclExpression {
  let open = 1;
  while (open > 0) {
    reader.skip(true);
    const char = reader.peek();
    if (char === "") throw reader.error(`"${end}" is missing.`);
    if (char === '"') readTemplate(reader);
    else {
      if ("[{(".includes(char)) open++;
      else if ("]})".includes(char)) open--;
      reader.at++;
    }
  }
  return { kind: "other", start, end: reader.at };
}

function readTemplate(reader: HclReader): HclExpression {
  const { at: start } = reader;
  reader.expect('"');
  const parts = readParts(reader, '"');
  reader.expect('"');
  return { kind: "template", parts, start, end: reader.at };
}

/** The parts of a text up to its closing quote, or to the end of the file when there is none. */
function readParts(reader: HclReader, quote: string): HclPart[] {
  const parts: HclPart[] = [];
  for (;;) {
    const { at: start } = reader;
    if (reader.at >= reader.text.length || (quote !== "" && reader.peek() === quote)) return parts;
    if (reader.takes("${") || reader.takes("%{")) {
      const isDirective = reader.text.charAt(start) === "%";
      reader.take(/~/y);
      reader.skip(true);
      if (isDirective) {
        passOver(reader, start, "}");
        parts.push({ kind: "expression", expression: { kind: "other", start, end: reader.at } });
        continue;
      }
      const expression = readExpression(reader, true);
      reader.skip(true);
      reader.take(/~/y);
      reader.expect("}");
      parts.push({ kind: "expression", expression });
      continue;
    }
    const plain = reader.take(
      quote === "" ? /(?:\$\$\{|%%\{|[^$%]|[$%](?!\{))+/y : /[^"\\$%\n]+|\$\$\{|%%\{|[$%](?!\{)/y,
    );
    if (plain !== undefined)
      parts.push({ kind: "text", text: plain.replace(/^([$%])\1\{$/, "$1{"), start, end: reader.at });
    else if (reader.take(/\\[^]/y) !== undefined) {
      parts.push({ kind: "text", text: unescaped(reader.text.charAt(start + 1)), start, end: reader.at });
    } else throw reader.error("The text is not closed on its line.");
  }
}

function unescaped(char: string): string {
  const special: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
  return special[char] ?? char;
}

/** `<<EOF … EOF`; what is in it is one text, its templates are not looked into. */
function readHeredoc(reader: HclReader): HclExpression {
  const { at: start } = reader;
  const name = /^<<-?([A-Za-z_]\w*)[ \t]*\r?\n/.exec(reader.text.slice(start, start + 200));
  if (name === null) throw reader.error("An expression is expected here.");
  const first = start + name[0].length;
  const close = new RegExp(`^[ \\t]*${name[1] ?? ""}[ \\t]*\\r?$`, "gm");
  close.lastIndex = first;
  const end = close.exec(reader.text);
  if (end === null) throw reader.error(`The end of the text, ${name[1] ?? ""}, is missing.`);
  reader.at = end.index + end[0].length;
  const text = reader.text.slice(first, end.index);
  return { kind: "template", parts: [{ kind: "text", text, start: first, end: end.index }], start, end: reader.at };
}
