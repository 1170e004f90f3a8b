import { lineStarts, type Place } from "../place.ts";

/** `# archway ignore=RULE[,RULE] REASON` in a file of the repository. */
export interface IgnoreComment {
  /** From the comment's mark to the end of its line. */
  readonly place: Place;
  /** As written; empty when the comment is not of the form. */
  readonly rules: readonly string[];
  readonly reason: string;
  /** Lines that it is about, both included. */
  readonly from: number;
  readonly to: number;
}

/** The comment of `#` languages, of C and its kin, and of XML and Markdown. */
const comment = /(?:^|\s)(#|\/\/|\/\*|<!--)\s*archway[ \t:-]*ignore\b([^\n]*)/;

/** What every such comment has in its text: files without it are not looked at more closely. */
const mark = /archway[ \t:-]*ignore/;

/** Lines of a file that are looked at: no file that people write comments into is longer. */
const maxLines = 200_000;

/**
 * Finds the comments that accept findings. One behind code is about its line; one on a line of its own is about the next line of code, with the lines that continue
 * it: up to the last `\` (or a here-document's end, which `extents` knows), and in YAML the block that the line begins.
 *
 * @param extents first and last lines of the statements that are known better than by their `\`: the instructions of a Dockerfile
 */
export function readIgnoreComments(
  path: string,
  text: string,
  extents: readonly (readonly [first: number, last: number])[] = [],
): IgnoreComment[] {
  if (!mark.test(text)) return [];
  const starts = lineStarts(text).slice(0, maxLines);
  const lines = starts.map((start, index) => text.slice(start, (starts[index + 1] ?? text.length + 1) - 1));
  const isYaml = /\.ya?ml$/i.test(path);
  return lines.flatMap((line, index) => {
    const match = comment.exec(line);
    if (match === null) return [];
    const [whole, begin = "", rest = ""] = match;
    const column = match.index + whole.indexOf(begin) + 1;
    const isAlone = line.slice(0, column - 1).trim() === "";
    const scope = isAlone ? scopeBelow(lines, index, { extents, isYaml }) : ([index + 1, index + 1] as const);
    const [, names = "", reason = ""] = /^[ \t]*=[ \t]*([^\s,]+(?:[ \t]*,[ \t]*[^\s,]+)*)(.*)$/.exec(rest) ?? [];
    return [
      {
        place: { path, line: index + 1, column, endLine: index + 1, endColumn: line.trimEnd().length + 1 },
        rules: names === "" ? [] : names.split(",").map((name) => name.trim()),
        reason: reasonOf(reason, begin),
        from: scope[0],
        to: scope[1],
      },
    ];
  });
}

/** The reason without what ends the comment. */
function reasonOf(text: string, begin: string): string {
  const end = { "/*": "*/", "<!--": "-->" }[begin];
  const inner = end === undefined ? text : text.replace(end, "");
  return inner
    .trim()
    .replace(/^(?:[:-]|--|–|—)\s+/, "")
    .trim();
}

/** First and last line (from 1) of what stands below a comment. */
function scopeBelow(
  lines: readonly string[],
  index: number,
  {
    extents,
    isYaml,
  }: { readonly extents: readonly (readonly [first: number, last: number])[]; readonly isYaml: boolean },
): readonly [from: number, to: number] {
  let next = index + 1;
  while (next < lines.length && isSkipped(lines[next] ?? "")) next++;
  if (next >= lines.length) return [index + 1, index + 1];
  const statement = extents.find(([first]) => first === next + 1);
  if (statement !== undefined) return statement;
  const last = isYaml ? endOfBlock(lines, next) : endOfContinuation(lines, next);
  return [next + 1, last + 1];
}

/** A line that a comment is never about: a blank one, or another comment. */
function isSkipped(line: string): boolean {
  return /^\s*(?:$|#|\/\/|\/\*.*\*\/\s*$|<!--.*-->\s*$)/.test(line);
}

function endOfContinuation(lines: readonly string[], first: number): number {
  let last = first;
  while (last + 1 < lines.length && /[\\`]\s*$/.test(lines[last] ?? "")) {
    last++;
    // Dockerfiles have comments between continued lines.
    while (last + 1 < lines.length && /^\s*#/.test(lines[last] ?? "")) last++;
  }
  return last;
}

/** The last line of the YAML block that a line begins: those below it that stand further to the right. */
function endOfBlock(lines: readonly string[], first: number): number {
  const indent = indentOf(lines[first] ?? "");
  let last = first;
  for (let index = first + 1; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line.trim() === "") continue;
    if (indentOf(line) <= indent) break;
    last = index;
  }
  return last;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
