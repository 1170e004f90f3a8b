/**
 * Finds where each character of a YAML scalar's text is written: folding, indentation and escapes make the text differ from its source. Returns an offset in
 * the source for every offset of the text, and one for its end. Where the two do not meet (which no valid YAML does), it keeps the last place.
 *
 * @param source the scalar as written, from its first character on (a block scalar without its header line)
 * @param quote `"` or `'` when it stands in quotes
 */
export function alignScalar(text: string, source: string, quote: "" | '"' | "'"): Int32Array {
  const offsets = new Int32Array(text.length + 1);
  let at = quote === "" ? 0 : 1;
  for (let index = 0; index < text.length; index++) {
    const char = text.charAt(index);
    if (isBlank(char)) {
      offsets[index] = at;
      if (source.charAt(at) === "\\" && quote === '"') at += escapeLength(source, at);
      else if (source.charAt(at) === "\r" && source.charAt(at + 1) === "\n") at += 2;
      else if (char === "\n" ? source.charAt(at) === "\n" : source.charAt(at) === char) at += 1;
      continue;
    }
    const found = skipToText(source, at, quote);
    if (found >= source.length) {
      offsets.fill(Math.min(at, source.length), index);
      return offsets;
    }
    offsets[index] = found;
    at = found + writtenLength(source, found, quote);
  }
  offsets[text.length] = Math.min(at, source.length);
  return offsets;
}

function isBlank(char: string): boolean {
  return char === " " || char === "\n" || char === "\t" || char === "\r";
}

/** Over line breaks, indentation and escaped line breaks to the next character of the text. */
function skipToText(source: string, from: number, quote: string): number {
  let at = from;
  for (; at < source.length; at++) {
    const char = source.charAt(at);
    if (isBlank(char)) continue;
    const isEscapedBreak = quote === '"' && char === "\\" && /^\r?\n/.test(source.slice(at + 1, at + 3));
    if (!isEscapedBreak) break;
  }
  return at;
}

function writtenLength(source: string, at: number, quote: string): number {
  if (quote === '"' && source.charAt(at) === "\\") return escapeLength(source, at);
  if (quote === "'" && source.startsWith("''", at)) return 2;
  return 1;
}

function escapeLength(source: string, at: number): number {
  const digits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
  return 2 + (digits[source.charAt(at + 1)] ?? 0);
}
