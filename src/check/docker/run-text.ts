import { heredocContent, parseHeredocWord, type Heredoc } from "../../dockerfile/heredoc.ts";
import type { RunInstruction } from "../../dockerfile/instruction.ts";
import { positionAt, type Piece, type SourceFile, type Word } from "../../dockerfile/source.ts";
import type { Script } from "../shell/trace.ts";
import { placeInPieces, placeOf, piecesOf } from "./word-place.ts";

/** A shell of a stage: the program and options of SHELL, `-c` included. */
export type StageShell = readonly string[];

/** What engines run the shell form with. */
export const defaultShell: StageShell = ["/bin/sh", "-c"];

/** What a RUN gives to a shell. */
export interface RunText {
  readonly script: Script;
  /** Options that the shell has from the start. */
  readonly options: readonly ("e" | "u" | "a")[];
}

const shellName = /^(?:.*\/)?(?:ba|da|a|k|z)?sh$/;

/** The script of a RUN; undefined when it runs no shell of Unix: PowerShell, a heredoc for Python. */
export function runText(path: string, source: SourceFile, run: RunInstruction, shell: StageShell): RunText | undefined {
  const { command, heredocs } = run;
  if (command.form === "exec") return execText(path, source, command.words);
  if (!shellName.test(shell[0] ?? "")) return undefined;
  const options = optionsOf(shell.slice(1));
  const { script } = command;
  const [only] = heredocs;
  if (only === undefined) return { script: pieced(path, source, script.text, script.pieces), options };
  // `RUN <<EOF`: the content is the script; with anything else on the line, the shell reads the heredocs.
  if (parseHeredocWord(script.text.trim()) !== undefined) {
    const interpreter = /^#!\s*(\S+(?:\s+\S+)*)/.exec(only.content)?.[1]?.split(/\s+/);
    if (interpreter === undefined) return { script: contentOf(path, source, only), options };
    const program = interpreter[0]?.endsWith("/env") === true ? interpreter.slice(1) : interpreter;
    if (!shellName.test(program[0] ?? "")) return undefined;
    return { script: contentOf(path, source, only), options: optionsOf(program.slice(1)) };
  }
  const reader = script.text
    .replaceAll(/\d*<<-?[\t ]*\S+/g, "")
    .trim()
    .split(/\s+/);
  const isReader = shellName.test(reader[0] ?? "") && reader.slice(1).every((word) => /^-[a-z]+$/.test(word));
  if (isReader && heredocs.length === 1) {
    return { script: contentOf(path, source, only), options: optionsOf(reader.slice(1)) };
  }
  return { script: withHeredocs(path, source, script.text, script.pieces, heredocs), options };
}

function optionsOf(words: readonly string[]): ("e" | "u" | "a")[] {
  const letters = words.filter((word) => /^-[a-z]+$/i.test(word)).join("");
  return (["e", "u", "a"] as const).filter((letter) => letters.includes(letter));
}

function pieced(path: string, source: SourceFile, text: string, pieces: readonly Piece[]): Script {
  return { text, locate: (start, end) => placeInPieces(path, source, pieces, start, end) };
}

/** The content of a heredoc as the script: with `<<-`, leading tabs are gone. */
function contentOf(path: string, source: SourceFile, heredoc: Heredoc): Script {
  const text = heredocContent(heredoc);
  const start = heredoc.range.start.offset;
  if (!heredoc.chomp) return pieced(path, source, text, [{ at: 0, offset: start }]);
  const pieces: Piece[] = [];
  let at = 0;
  let offset = start;
  for (const line of heredoc.content.split("\n")) {
    const kept = line.replace(/^\t+/, "");
    pieces.push({ at, offset: offset + line.length - kept.length });
    at += kept.length + 1;
    offset += line.length + 1;
  }
  return pieced(path, source, text, pieces);
}

/** The line with its heredocs behind it, as BuildKit gives them to the shell. */
function withHeredocs(
  path: string,
  source: SourceFile,
  line: string,
  pieces: readonly Piece[],
  heredocs: readonly Heredoc[],
): Script {
  let text = line;
  const all = [...pieces];
  for (const { content, range, name } of heredocs) {
    const { start } = range;
    text += "\n";
    all.push({ at: text.length, offset: start.offset });
    // The terminator follows the content; with `<<-` it has tabs before it there.
    text += `${content}${name}`;
  }
  return pieced(path, source, text, all);
}

/** The exec form: `sh -c SCRIPT` is the script, anything else one command whose words nothing expands. */
function execText(path: string, source: SourceFile, words: readonly Word[]): RunText | undefined {
  const [program, ...rest] = words;
  if (program === undefined) return undefined;
  const flag = rest.findIndex(({ text }) => /^-[a-z]*c$/.test(text));
  const script = rest[flag + 1];
  if (shellName.test(program.text) && flag >= 0 && script !== undefined) {
    const options = optionsOf(rest.slice(0, flag + 1).map(({ text }) => text));
    const pieces = piecesOf(source, script);
    if (pieces !== undefined) return { script: pieced(path, source, script.text, pieces), options };
    return { script: { text: script.text, locate: () => placeOf(path, script.range) }, options };
  }
  return { script: quotedWords(path, source, words), options: [] };
}

/** Words as a shell text that means just them. */
function quotedWords(path: string, source: SourceFile, words: readonly Word[]): Script {
  let text = "";
  const starts: { readonly at: number; readonly word: Word }[] = [];
  for (const word of words) {
    if (text !== "") text += " ";
    starts.push({ at: text.length, word });
    text += `'${word.text.replaceAll("'", "'\\''")}'`;
  }
  const wordAt = (index: number) => starts.findLast(({ at }) => at <= index) ?? starts[0];
  return {
    text,
    locate: (start, end) => {
      const first = wordAt(start);
      const last = wordAt(Math.max(start, end - 1));
      if (first === undefined || last === undefined)
        return placeOf(path, { start: positionAt(source, 0), end: positionAt(source, 0) });
      // Inside of one word the offset counts without the quote before it; a quote in the word shifts places, so then it is the whole word.
      const pieces = first === last && !first.word.text.includes("'") ? piecesOf(source, first.word) : undefined;
      if (pieces === undefined) return placeOf(path, { start: first.word.range.start, end: last.word.range.end });
      const within = (index: number): number => Math.min(Math.max(index - first.at - 1, 0), first.word.text.length);
      return placeInPieces(path, source, pieces, within(start), within(end));
    },
  };
}
