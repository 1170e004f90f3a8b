import { expandWord } from "./expand.ts";
import { lineCount, physicalLine, type LogicalLine } from "./logical-line.ts";
import { invalid, positionAt, type Range, type SourceFile } from "./source.ts";

/** A heredoc of RUN, COPY or ADD: the lines that follow the instruction up to the terminator. */
export interface Heredoc {
  /** The terminator, without quotes: also the name of the file that COPY makes. */
  readonly name: string;
  /** The number before `<<`; 0 when there is none. */
  readonly descriptor: number;
  /** False when the terminator is quoted: variables in the content stay as they are. */
  readonly expand: boolean;
  /** True for `<<-`: leading tabs do not belong to the content. */
  readonly chomp: boolean;
  /** As it stands in the file, with tabs and line ends. */
  readonly content: string;
  /** The content's lines, without the terminator. */
  readonly range: Range;
}

/** What a heredoc word says, before its content is read. */
export type HeredocWord = Omit<Heredoc, "content" | "range">;

const noVariables: ReadonlyMap<string, string> = new Map();

/** Reads a word like `<<EOF`, `3<<-"EOF"`; undefined when it is no heredoc. */
export function parseHeredocWord(word: string): HeredocWord | undefined {
  const match = /^(\d*)<<(-?)[\t\n\f\r ]*([^<]*)$/.exec(word);
  const terminator = match?.[3] ?? "";
  if (match === null || terminator === "") return undefined;
  const plain = expandWord(terminator, noVariables, { keepUnset: true });
  const raw = expandWord(terminator, noVariables, { keepUnset: true, rawQuotes: true });
  const name = plain.ok ? plain.words[0] : undefined;
  if (!plain.ok || !raw.ok || name === undefined || plain.words.length !== 1) return undefined;
  return {
    name,
    descriptor: Number(match[1] ?? "0"),
    // A quote that is there only as long as quotes are kept says that a part of the word is quoted.
    expand: quotesIn(name) === quotesIn(raw.words[0] ?? ""),
    chomp: match[2] === "-",
  };
}

/** The content as the build uses it: without leading tabs for `<<-`. */
export function heredocContent(heredoc: Heredoc): string {
  return heredoc.chomp ? heredoc.content.replace(/^\t+/gm, "") : heredoc.content;
}

/**
 * Reads the contents of all heredocs that an instruction announces; they follow it in the order of their words.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` when a terminator is missing.
 */
export function readHeredocs(line: LogicalLine): { readonly heredocs: readonly Heredoc[]; readonly next: number } {
  const heredocs: Heredoc[] = [];
  let next = line.next;
  for (const word of heredocWords(line.text)) {
    const start = next;
    let end = -1;
    for (; end < 0 && next < lineCount(line.source); next++) {
      const { text } = physicalLine(line.source, next);
      if ((word.chomp ? text.replace(/^\t+/, "") : text) === word.name) end = next;
    }
    if (end < 0) {
      throw invalid(line.source.file, "unterminated heredoc", positionAt(line.source, line.pieces[0]?.offset ?? 0), {
        hint: `A line with only ${word.name} must end it.`,
      });
    }
    heredocs.push({ ...word, ...contentOf(line.source, start, end) });
  }
  return { heredocs, next };
}

function contentOf(source: SourceFile, first: number, end: number): Pick<Heredoc, "content" | "range"> {
  const from = source.lineStarts[first] ?? source.text.length;
  const to = source.lineStarts[end] ?? source.text.length;
  return {
    content: source.text.slice(from, to),
    range: { start: positionAt(source, from), end: positionAt(source, to) },
  };
}

/** Heredoc words of a joined line. When its quotes do not balance there are none, as in BuildKit; the escape is always `\` here. */
function heredocWords(text: string): readonly HeredocWord[] {
  if (!text.includes("<<")) return [];
  const line = expandWord(text, noVariables, { keepUnset: true, rawQuotes: true, rawEscapes: true });
  if (!line.ok) return [];
  return line.words.flatMap((word) => parseHeredocWord(word) ?? []);
}

function quotesIn(text: string): number {
  return text.split(/['"]/).length - 1;
}
