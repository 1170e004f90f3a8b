import { classSource } from "./pattern.ts";

/** A regular expression of POSIX, extended or basic, as JavaScript's. */
export function translateRegExp(source: string, isExtended: boolean): string {
  let result = "";
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at] ?? "";
    if (char === "[") {
      const set = /^\[(\^?)(\]?(?:\[:\w+:\]|[^\]])*)\]/.exec(source.slice(at));
      if (set !== null) {
        result += `[${set[1] ?? ""}${classSource(set[2] ?? "")}]`;
        at += set[0].length - 1;
        continue;
      }
      result += "\\[";
    } else if (char === "\\") {
      const next = source[at + 1] ?? "\\";
      at += 1;
      if (!isExtended && "(){}|+?".includes(next)) result += next;
      else if (/[A-Za-z0-9]/.test(next))
        result +=
          { s: "\\s", w: "\\w", S: "\\S", W: "\\W", b: "\\b", n: "\\n", t: "\\t" }[next] ??
          (/[1-9]/.test(next) ? `\\${next}` : next);
      else result += `\\${next}`;
    } else if (!isExtended && "(){}|+?".includes(char)) result += `\\${char}`;
    else if (!isExtended && char === "*" && (result === "" || result === "^")) result += "\\*";
    else result += char;
  }
  return result;
}

/** False for a regular expression that could take exponential time on a text of this length. */
export function isSafeRegExp(source: string, text: string): boolean {
  if (source.length > 1000 || text.length > 20_000) return false;
  if (text.length <= 24) return true;
  const quantifiers = source.match(/[*+]|\{\d*,/g)?.length ?? 0;
  const hasNested = /\([^)]*(?:[*+]|\{\d*,)[^)]*\\?\)\\?(?:[*+]|\{\d*,)/.test(source);
  return !hasNested && quantifiers <= 6;
}
