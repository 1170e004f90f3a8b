/**
 * One pattern of an ignore file, after cleaning: a path whose `*` is any text without a slash, `?` one character but a slash, `[a-z]` or
 * `[^a-z]` one of a class, `**` any number of folders, and `\` takes the next character literally.
 *
 * Matching keeps the peculiarities of moby/patternmatcher that people's files depend on: `a**` is a prefix and `**a` a suffix of the whole
 * path, and a negated class matches a slash. It takes time linear in the path for any pattern.
 */
export interface IgnorePattern {
  /** True for `!pattern`: what it matches is kept after all. */
  readonly exception: boolean;
  /** Without `!`, cleaned. */
  readonly text: string;
  /** Line of the ignore file, from 1; absent for a pattern that is in none. */
  readonly line?: number;
  /** True when the whole path, separated by slashes and without a leading one, matches. */
  readonly matches: (path: string) => boolean;
}

type Token =
  | { readonly kind: "literal"; readonly character: string }
  /** `?` */
  | { readonly kind: "one" }
  /** `*` */
  | { readonly kind: "segment" }
  /** `**` at the end */
  | { readonly kind: "rest" }
  /** `**` with or without a slash behind, followed by something: nothing, or any text up to a slash. */
  | { readonly kind: "folders" }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

/** Compiles a cleaned pattern. Returns undefined when a class has no end or a backslash ends it. */
export function compilePattern(text: string, exception: boolean): IgnorePattern | undefined {
  const tokens = tokenize(text);
  return tokens === undefined ? undefined : { exception, text, matches: matcherOf(text, tokens) };
}

function tokenize(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*" && characters[at + 1] === "*") {
      at++;
      if (characters[at + 1] === "/") at++;
      tokens.push({ kind: at + 1 >= characters.length ? "rest" : "folders" });
    } else if (character === "*") tokens.push({ kind: "segment" });
    else if (character === "?") tokens.push({ kind: "one" });
    else if (character === "\\") {
      const next = characters[++at];
      if (next === undefined) return undefined;
      tokens.push({ kind: "literal", character: next });
    } else if (character === "[") {
      const read = readClass(characters, at + 1);
      if (read === undefined) return undefined;
      tokens.push(read.token);
      at = read.end;
    } else tokens.push({ kind: "literal", character });
  }
  return tokens;
}

/** Reads a class from behind its `[`; `end` is the index of its `]`. A `-` at its end is one of its characters. */
function readClass(
  characters: readonly string[],
  start: number,
): { readonly token: Token; readonly end: number } | undefined {
  const negated = characters[start] === "^";
  const ranges: (readonly [string, string])[] = [];
  let at = negated ? start + 1 : start;
  const readCharacter = (): string | undefined => {
    const character = characters[at++];
    return character === "\\" ? characters[at++] : character;
  };
  while (characters[at] !== "]" || ranges.length === 0) {
    const low = readCharacter();
    const isRange = characters[at] === "-" && characters[at + 1] !== "]";
    if (isRange) at++;
    const high = isRange ? readCharacter() : low;
    if (low === undefined || high === undefined) return undefined;
    ranges.push([low, high]);
  }
  return { token: { kind: "class", negated, ranges }, end: at };
}

function matcherOf(text: string, tokens: readonly Token[]): (path: string) => boolean {
  const first = tokens[0]?.kind;
  const plain = (from: number, to: number): boolean => {
    return tokens.slice(from, to).every(({ kind }) => kind === "literal") && !text.includes("\\");
  };
  if (plain(0, tokens.length)) return (path) => path === text;
  if (first === "rest") return () => true;
  if (tokens.at(-1)?.kind === "rest" && plain(0, -1)) {
    const prefix = text.replace(/\*\*\/?$/, "");
    return (path) => path.startsWith(prefix);
  }
  if (first === "folders" && plain(1, tokens.length)) {
    const suffix = text.slice(2);
    return (path) => path.endsWith(suffix) || (suffix.startsWith("/") && path === suffix.slice(1));
  }
  const [start = "", ...runs] = literalRuns(tokens);
  const end = runs.at(-1) ?? start;
  const longest = [start, ...runs].reduce((best, run) => (run.length > best.length ? run : best));
  return (path) => path.startsWith(start) && path.endsWith(end) && path.includes(longest) && simulate(tokens, path);
}

/** The texts between wildcards: all must be in a path that matches, the first (maybe empty) at its start, the last at its end. */
function literalRuns(tokens: readonly Token[]): string[] {
  const runs = [""];
  for (const token of tokens) {
    if (token.kind === "literal") runs.push((runs.pop() ?? "") + token.character);
    else runs.push("");
  }
  return runs;
}

/** Runs the pattern as an automaton: all its positions at once, one character after the other. */
function simulate(tokens: readonly Token[], path: string): boolean {
  let current = new Uint8Array(tokens.length + 1);
  let next = new Uint8Array(tokens.length + 1);
  enter(tokens, current, 0);
  for (const character of path) {
    let alive = false;
    for (let at = 0; at < tokens.length; at++) {
      const token = tokens[at];
      if (current[at] === 1 && token !== undefined) alive = step(tokens, next, at, token, character) || alive;
    }
    if (!alive) return false;
    [current, next] = [next, current];
    next.fill(0);
  }
  return current[tokens.length] === 1;
}

/** Marks a position, and those behind it that need no character. */
function enter(tokens: readonly Token[], positions: Uint8Array, from: number): void {
  for (let at = from; ; at++) {
    positions[at] = 1;
    const kind = tokens[at]?.kind;
    if (kind !== "segment" && kind !== "rest" && kind !== "folders") return;
  }
}

/** Where a character leads from one position; false when nowhere. */
function step(tokens: readonly Token[], next: Uint8Array, at: number, token: Token, character: string): boolean {
  switch (token.kind) {
    case "literal":
    case "one":
    case "class":
      if (!accepts(token, character)) return false;
      enter(tokens, next, at + 1);
      return true;
    case "segment":
      if (character === "/") return false;
      enter(tokens, next, at);
      return true;
    case "rest":
      if (character === "\n") return false;
      enter(tokens, next, at);
      return true;
    case "folders":
      // Inside the folders only a slash leads on.
      if (character === "\n") return false;
      next[at] = 1;
      if (character === "/") enter(tokens, next, at + 1);
      return true;
  }
}

function accepts(token: Extract<Token, { kind: "literal" | "one" | "class" }>, character: string): boolean {
  if (token.kind === "literal") return token.character === character;
  if (token.kind === "one") return character !== "/";
  return token.ranges.some(([low, high]) => low <= character && character <= high) !== token.negated;
}
