import { nearestName } from "../error/nearest.ts";
import { listOf, optionError } from "./parse-option.ts";

/**
 * Splits one line of comma-separated fields as docker buildx does (RFC 4180: a field in double quotes may hold commas, and `""` in it is one
 * quote). Throws `OPTION_INVALID` for a quote that is not closed or stands inside a plain field.
 */
export function parseCsv(option: string, text: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let field = "";
      for (at += 1; ; at += 1) {
        const close = text.indexOf('"', at);
        if (close < 0) throw optionError(option, text, "a double quote is not closed.");
        field += text.slice(at, close);
        at = close + 1;
        if (text[at] !== '"') break;
        field += '"';
      }
      if (at < text.length && text[at] !== ",") throw optionError(option, text, "text follows a closing double quote.");
      fields.push(field);
    } else {
      const comma = text.indexOf(",", at);
      const field = text.slice(at, comma < 0 ? text.length : comma);
      if (field.includes('"'))
        throw optionError(option, text, "a double quote stands inside a field that is not quoted.");
      fields.push(field);
      at += field.length;
    }
    if (text[at] !== ",") return fields;
    at += 1;
  }
}

/** Writes fields as {@link parseCsv} reads them. */
export function formatCsv(fields: readonly string[]): string {
  return fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",");
}

/**
 * Reads `key=value,key=value`; keys are put in lower case as docker buildx does. With `known` an unknown key throws, with the nearest.
 * A field without `=` throws, and so does a key that is given twice.
 */
export function parseAttributes(option: string, text: string, known?: readonly string[]): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const field of parseCsv(option, text)) {
    const equals = field.indexOf("=");
    if (equals <= 0) throw optionError(option, text, `"${field}" must be KEY=VALUE.`);
    const key = field.slice(0, equals).trim().toLowerCase();
    if (attributes.has(key)) throw optionError(option, text, `${key} is given twice.`);
    attributes.set(key, field.slice(equals + 1));
  }
  if (known) refuseUnknownKeys(option, text, attributes.keys(), known);
  return attributes;
}

/** Throws `OPTION_INVALID` for the first key that is not known, with the nearest known one. */
export function refuseUnknownKeys(
  option: string,
  text: string,
  keys: Iterable<string>,
  known: readonly string[],
): void {
  for (const key of keys) {
    if (known.includes(key)) continue;
    const guess = nearestName(key, known);
    throw optionError(
      option,
      text,
      `unknown key "${key}".`,
      guess ? `Did you mean "${guess}"?` : `Known keys: ${listOf(known)}.`,
    );
  }
}
