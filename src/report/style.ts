import { stripVTControlCharacters } from "node:util";

/** Functions that put a text in a colour or weight; they return it unchanged where colours are off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** Select Graphic Rendition codes, on and off (ECMA-48, 8.3.117). */
const codes: Readonly<Record<keyof Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** The style of an output with or without colours. */
export function makeStyle(color: boolean): Style {
  const paint = (name: keyof Style) => {
    const [on, off] = codes[name];
    return (text: string) => (color && text !== "" ? `\u001B[${on}m${text}\u001B[${off}m` : text);
  };
  return {
    bold: paint("bold"),
    dim: paint("dim"),
    red: paint("red"),
    green: paint("green"),
    yellow: paint("yellow"),
    cyan: paint("cyan"),
  };
}

/**
 * Whether an output gets colours: never with `NO_COLOR` (https://no-color.org: set and not empty), always with `FORCE_COLOR` unless
 * that is `0`, otherwise on terminals that are not dumb.
 */
export function usesColor(
  output: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"] !== undefined) return env["FORCE_COLOR"] !== "0";
  return output.isTTY === true && env["TERM"] !== "dumb";
}

/**
 * A text of strangers (paths, log lines, labels) made safe to print on one line: escape sequences are removed, line breaks and tabs become
 * spaces, other control characters and the marks that reverse the direction of text become `�`.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\t\n\r]/g, " ")
    .replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, "\uFFFD");
}

/** As {@link printable}, but colours and weights stay, and end with the text. */
export function printableInColor(text: string): string {
  const parts = text.split(/(\u001B\[[\d;:]*m)/);
  const shown = parts.map((part, index) => (index % 2 === 1 ? part : printable(part))).join("");
  return parts.length === 1 ? shown : `${shown}\u001B[0m`;
}

/** A text of strangers as lines that are safe to print, as {@link printable} makes one; its line breaks stay. */
export function printableLines(text: string): string[] {
  return text.split(/\r?\n/).map(printable);
}

/** Columns that a text takes on a terminal: escape sequences and combining marks none, East Asian wide characters and emoji two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of stripVTControlCharacters(text)) columns += columnsOfCharacter(character);
  return columns;
}

function columnsOfCharacter(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return code < 0x20 || (code >= 0x7f && code < 0xa0) ? 0 : 1;
  if (/^[\p{Mn}\p{Me}\p{Cf}\uFE00-\uFE0F]/u.test(character)) return 0;
  return wide.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Blocks whose characters are Wide or Fullwidth (Unicode Standard Annex 11) or shown as emoji. */
const wide: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23ec],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

/** Cuts a text without escape sequences to a number of columns; the last of them is `…` when something was cut. */
export function truncate(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let cut = "";
  let used = 0;
  for (const character of text) {
    const next = columnsOfCharacter(character);
    if (used + next > columns - 1) break;
    cut += character;
    used += next;
  }
  return columns <= 0 ? "" : `${cut}…`;
}

/** Breaks a text without escape sequences into lines of at most `columns`, at spaces where there are any. */
export function wrap(text: string, columns: number): string[] {
  const limit = Math.max(2, columns);
  const lines: string[] = [];
  let line = "";
  let used = 0;
  const push = () => {
    lines.push(line);
    line = "";
    used = 0;
  };
  for (const word of text.split(" ")) {
    const space = used === 0 ? 0 : 1;
    if (used + space + columnsOf(word) <= limit) {
      line += (space === 1 ? " " : "") + word;
      used += space + columnsOf(word);
      continue;
    }
    if (used > 0) push();
    for (const character of word) {
      const next = columnsOfCharacter(character);
      if (used + next > limit) push();
      line += character;
      used += next;
    }
  }
  if (line !== "" || lines.length === 0) push();
  return lines;
}
