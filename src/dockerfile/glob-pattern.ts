/**
 * The wildcard patterns of `${VARIABLE#PATTERN}` and its relatives: `*` is any text, `?` any character, neither crosses a line feed,
 * and a backslash takes `*`, `?`, `\`, `/` and `}` literally. There are no bracket expressions (BuildKit, `shell/lex.go`).
 */
export type GlobPattern = readonly GlobToken[];

type GlobToken = { readonly kind: "any" | "many" } | { readonly kind: "literal"; readonly character: string };

/** Most steps that matching may take before it gives up; hostile input would otherwise be quadratic or worse. */
const stepLimit = 20_000_000;

/** Parses a pattern, or says why it is wrong. */
export function parseGlob(text: string): GlobPattern | { readonly error: string } {
  const tokens: GlobToken[] = [];
  const characters = Array.from(text);
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? "";
    if (character === "*") tokens.push({ kind: "many" });
    else if (character === "?") tokens.push({ kind: "any" });
    else if (character !== "\\") tokens.push({ kind: "literal", character });
    else {
      const next = characters[++index] ?? "";
      if (next === "" || !"*?\\}/".includes(next)) return { error: `invalid escape '\\${next}'` };
      tokens.push({ kind: "literal", character: next });
    }
  }
  return tokens;
}

/** A budget of matching steps; `undefined` results below mean that it ran out. */
interface Budget {
  steps: number;
}

/** End of the shortest or longest match that starts at `start`, or -1. */
function matchEnd(
  pattern: GlobPattern,
  value: readonly string[],
  start: number,
  longest: boolean,
  budget: Budget,
): number {
  // Thompson's simulation: `states[i]` is true when the first i tokens match the text read so far.
  let states = closure(pattern, new Uint8Array(pattern.length + 1).fill(1, 0, 1));
  let end = states[pattern.length] === 1 ? start : -1;
  if (end >= 0 && !longest) return end;
  for (let index = start; index < value.length; index++) {
    budget.steps -= pattern.length + 1;
    if (budget.steps < 0) return -1;
    const character = value[index] ?? "";
    const next = new Uint8Array(pattern.length + 1);
    let alive = false;
    for (const [at, token] of pattern.entries()) {
      if (states[at] !== 1) continue;
      const matches = token.kind === "literal" ? token.character === character : character !== "\n";
      if (!matches) continue;
      next[token.kind === "many" ? at : at + 1] = 1;
      alive = true;
    }
    if (!alive) return end;
    states = closure(pattern, next);
    if (states[pattern.length] === 1) {
      end = index + 1;
      if (!longest) return end;
    }
  }
  return end;
}

/** Adds the states that are reached without reading a character: `*` may match nothing. */
function closure(pattern: GlobPattern, states: Uint8Array): Uint8Array {
  for (const [at, token] of pattern.entries()) if (states[at] === 1 && token.kind === "many") states[at + 1] = 1;
  return states;
}

/** Cuts the shortest or longest matching prefix (`#`, `##`); undefined when matching would take too long. */
export function cutPrefix(pattern: GlobPattern, value: string, longest: boolean): string | undefined {
  const characters = Array.from(value);
  const budget = { steps: stepLimit };
  const end = matchEnd(pattern, characters, 0, longest, budget);
  if (budget.steps < 0) return undefined;
  return end < 0 ? value : characters.slice(end).join("");
}

/** Cuts the shortest or longest matching suffix (`%`, `%%`); undefined when matching would take too long. */
export function cutSuffix(pattern: GlobPattern, value: string, longest: boolean): string | undefined {
  const characters = Array.from(value);
  const budget = { steps: stepLimit };
  const end = matchEnd([...pattern].reverse(), [...characters].reverse(), 0, longest, budget);
  if (budget.steps < 0) return undefined;
  return end < 0 ? value : characters.slice(0, characters.length - end).join("");
}

/** Where the first match or all matches (`/`, `//`) stand in a value; undefined when matching would take too long. */
export function findMatches(
  pattern: GlobPattern,
  value: string,
  all: boolean,
): readonly { readonly start: number; readonly end: number }[] | undefined {
  const characters = Array.from(value);
  const budget = { steps: stepLimit };
  const matches: { readonly start: number; readonly end: number }[] = [];
  let matchedTo = -1;
  // Index in the value of the character that the search is at, in UTF-16 code units.
  let unit = 0;
  for (let start = 0; start <= characters.length;) {
    const end = matchEnd(pattern, characters, start, true, budget);
    if (budget.steps < 0) return undefined;
    const step = characters[start]?.length ?? 1;
    // An empty match directly behind the previous match does not count (Go's regexp.ReplaceAll).
    if (end < 0 || (end === start && start === matchedTo)) {
      start++;
      unit += step;
      continue;
    }
    const { length } = characters.slice(start, end).join("");
    matches.push({ start: unit, end: unit + length });
    matchedTo = end;
    if (!all) break;
    unit += end === start ? step : length;
    start = end === start ? start + 1 : end;
  }
  return matches;
}
