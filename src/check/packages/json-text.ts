/** A value of a JSON text with its place: offsets of its first character and behind its last one. */
export type JsonNode =
  | { readonly kind: "object"; readonly members: readonly JsonMember[]; readonly start: number; readonly end: number }
  | { readonly kind: "array"; readonly items: readonly JsonNode[]; readonly start: number; readonly end: number }
  | { readonly kind: "string"; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: "other"; readonly text: string; readonly start: number; readonly end: number };

/** One `"KEY": VALUE`, from the key's quote to the value's end. */
export interface JsonMember {
  readonly key: string;
  readonly start: number;
  readonly value: JsonNode;
}

/** Deepest nesting that is read. */
const maxDepth = 200;

const tokens = /[\s﻿]*(?:("(?:[^"\\\n]|\\.)*")|([{}[\]:,])|([-+\w.]+)|(\/\/[^\n]*|\/\*[^]*?\*\/)|$)/y;

/**
 * Reads a JSON text with the places of its values; comments are skipped.
 *
 * @throws SyntaxError with the offset in its message when it is none, or is nested too deeply.
 */
export function readJson(text: string): JsonNode {
  const reader = new JsonReader(text);
  const value = reader.value(0);
  if (reader.peek() !== "") throw reader.error();
  return value;
}

class JsonReader {
  private readonly text: string;
  private token = "";
  private start = 0;
  private next = 0;

  constructor(text: string) {
    this.text = text;
    this.advance();
  }

  peek(): string {
    return this.token;
  }

  error(): SyntaxError {
    return new SyntaxError(`unexpected ${this.token === "" ? "end" : this.token.slice(0, 20)} at ${this.start}`);
  }

  value(depth: number): JsonNode {
    if (depth > maxDepth) throw new SyntaxError(`nested too deeply at ${this.start}`);
    const { token, start } = this;
    if (token === "{") return this.object(depth, start);
    if (token === "[") return this.array(depth, start);
    if (token === "" || /^[}\]:,]$/.test(token)) throw this.error();
    const end = this.next;
    this.advance();
    return token.startsWith('"')
      ? { kind: "string", text: stringOf(token), start, end }
      : { kind: "other", text: token, start, end };
  }

  private object(depth: number, start: number): JsonNode {
    const members: JsonMember[] = [];
    this.advance();
    while (this.token !== "}") {
      if (!this.token.startsWith('"')) throw this.error();
      const [key, at] = [stringOf(this.token), this.start];
      this.advance();
      this.expect(":");
      members.push({ key, start: at, value: this.value(depth + 1) });
      if (this.token !== "}") this.expect(",");
    }
    const end = this.next;
    this.advance();
    return { kind: "object", members, start, end };
  }

  private array(depth: number, start: number): JsonNode {
    const items: JsonNode[] = [];
    this.advance();
    while (this.token !== "]") {
      items.push(this.value(depth + 1));
      if (this.token !== "]") this.expect(",");
    }
    const end = this.next;
    this.advance();
    return { kind: "array", items, start, end };
  }

  private expect(token: string): void {
    if (this.token !== token) throw this.error();
    this.advance();
  }

  private advance(): void {
    for (;;) {
      tokens.lastIndex = this.next;
      const found = tokens.exec(this.text);
      if (found === null) throw new SyntaxError(`unexpected character at ${this.next}`);
      this.next = tokens.lastIndex;
      this.token = found[1] ?? found[2] ?? found[3] ?? "";
      this.start = this.next - this.token.length;
      if (found[4] === undefined) return;
    }
  }
}

function stringOf(token: string): string {
  try {
    return String(JSON.parse(token.replaceAll("\t", "\\t")));
  } catch {
    return token.slice(1, -1);
  }
}

/** The value of a member, by keys from the outside to the inside. */
export function jsonAt(node: JsonNode | undefined, ...keys: readonly string[]): JsonNode | undefined {
  let found = node;
  for (const key of keys) found = membersOf(found).findLast((member) => member.key === key)?.value;
  return found;
}

/** The members of an object; none for anything else. */
export function membersOf(node: JsonNode | undefined): readonly JsonMember[] {
  return node?.kind === "object" ? node.members : [];
}

/** The text of a string; undefined for anything else. */
export function jsonText(node: JsonNode | undefined): string | undefined {
  return node?.kind === "string" ? node.text : undefined;
}
