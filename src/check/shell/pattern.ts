/** A pattern of the shell in parts: quoted parts stand for themselves. */
export interface PatternPart {
  readonly text: string;
  readonly quoted: boolean;
}

/** More stars than this against a long text could take too long to try. */
const maxStars = 6;
const maxText = 4096;

/**
 * The regular expression of a shell pattern (`*`, `?`, `[a-z]`, `@(a|b)`), without anchors; undefined for one that would take too long or cannot be read.
 */
export function patternSource(parts: readonly PatternPart[], { lazy = false } = {}): string | undefined {
  let stars = 0;
  const sources = parts.map(({ text, quoted }) => {
    if (quoted) return escapeRegExp(text);
    const source = globSource(text, lazy);
    stars += source.stars;
    return source.source;
  });
  return stars > maxStars ? undefined : sources.join("");
}

/** True when a text is in a pattern; undefined when that cannot be said. */
export function matchesPattern(text: string, parts: readonly PatternPart[]): boolean | undefined {
  if (parts.every(({ text: part, quoted }) => quoted || !/[*?[\\(]/.test(part)))
    return text === parts.map((part) => part.text).join("");
  const source = patternSource(parts);
  if (source === undefined || text.length > maxText) return undefined;
  const expression = compile(`^(?:${source})$`, "s");
  return expression?.test(text);
}

/** A regular expression, or undefined when it is none. */
export function compile(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}

/** A text as a regular expression that matches it alone. */
export function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function globSource(text: string, lazy: boolean): { readonly source: string; readonly stars: number } {
  let source = "";
  let stars = 0;
  const closers: string[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if ("?*+@!".includes(char) && text[at + 1] === "(") {
      source += char === "!" ? "(?!(?:" : "(?:";
      closers.push({ "?": ")?", "*": ")*", "+": ")+", "@": ")", "!": ")).*" }[char] ?? ")");
      stars += char === "@" || char === "?" ? 0 : 2;
      at += 1;
    } else if (char === ")" && closers.length > 0) source += closers.pop() ?? "";
    else if (char === "|" && closers.length > 0) source += "|";
    else if (char === "*") {
      stars += 1;
      source += lazy ? ".*?" : ".*";
    } else if (char === "?") source += ".";
    else if (char === "[") {
      const set = /^\[([!^]?)(\]?(?:\[:\w+:\]|[^\]])*)\]/.exec(text.slice(at));
      if (set === null) source += "\\[";
      else {
        source += `[${set[1] === "" ? "" : "^"}${classSource(set[2] ?? "")}]`;
        at += set[0].length - 1;
      }
    } else if (char === "\\" && at + 1 < text.length) {
      at += 1;
      source += escapeRegExp(text[at] ?? "");
    } else source += escapeRegExp(char);
  }
  return { source: source + closers.reverse().join(""), stars };
}

const classes: Readonly<Record<string, string>> = {
  alpha: "a-zA-Z",
  digit: "0-9",
  alnum: "a-zA-Z0-9",
  upper: "A-Z",
  lower: "a-z",
  space: "\\s",
  blank: " \\t",
  punct: "!-\\/:-@\\[-`{-~",
  xdigit: "0-9a-fA-F",
};

/** The inside of a bracket expression of POSIX as one of JavaScript. */
export function classSource(text: string): string {
  return text
    .split(/(\[:\w+:\])/)
    .map((part) => {
      const name = /^\[:(\w+):\]$/.exec(part)?.[1];
      return name === undefined ? part.replaceAll(/[\\[\]^]/g, "\\$&") : (classes[name] ?? "");
    })
    .join("");
}
