import type { Scalar } from "yaml";

/** Escapes of double quotes that stand for a space, a line end or nothing: they are no characters to count. */
const blankEscapes = /^\\(?:[ntrvf \t_NLP]|\r?\n)/;
const otherEscapes = /^\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[^])/;

/**
 * Where a character of a scalar's value stands in the file: plain, quoted, literal and folded scalars write the same characters but for spaces, line ends and escapes, so what is
 * not blank is counted on both sides.
 *
 * @param at characters of the value before it
 * @returns characters of the file before it; the beginning of the scalar for a place that it does not have
 */
export function offsetInFile({ range, type, value }: Scalar, content: string, at: number): number | undefined {
  if (!range || typeof value !== "string") return range?.[0];
  let left = value.slice(0, at).replaceAll(/\s/g, "").length;
  let offset = range[0];
  // The header of a block and the opening quote are no part of the value.
  if (type?.startsWith("BLOCK") === true) offset = content.indexOf("\n", offset) + 1;
  else if (type?.startsWith("QUOTE") === true) offset += 1;
  while (offset < range[1]) {
    const { length, isBlank } = unitAt(content.slice(offset, offset + 10), type);
    if (!isBlank && left === 0) return offset;
    if (!isBlank) left -= 1;
    offset += length;
  }
  return range[0];
}

/** The next character of a scalar as it is written. */
function unitAt(rest: string, type: string | undefined): { readonly length: number; readonly isBlank: boolean } {
  const [first = ""] = rest;
  if (type === "QUOTE_SINGLE" && rest.startsWith("''")) return { length: 2, isBlank: false };
  if (type === "QUOTE_DOUBLE" && first === "\\") {
    const [blank] = blankEscapes.exec(rest) ?? [];
    const [escape = first] = otherEscapes.exec(rest) ?? [];
    return blank === undefined ? { length: escape.length, isBlank: false } : { length: blank.length, isBlank: true };
  }
  return { length: first.length, isBlank: /^\s/.test(first) };
}
