import { checkFlags, type Flag, type FlagKinds, type Flags } from "./flags.ts";
import type { Heredoc } from "./heredoc.ts";
import type { Command, InstructionBase, Keyword } from "./instruction.ts";
import { spannedFrom, wordOf, type LogicalLine } from "./logical-line.ts";
import type { Range, Word } from "./source.ts";
import { splitBlanks, type Slice } from "./words.ts";

/** An instruction whose line is taken apart and whose arguments are still to be read. */
export interface Draft<Name extends Keyword = Keyword> {
  readonly keyword: Name;
  readonly line: LogicalLine;
  readonly escape: string;
  /** Index in the line where the arguments begin, behind the flags. */
  readonly from: number;
  /** The exec form's words; undefined for everything that is no JSON array of strings. */
  readonly json: readonly Slice[] | undefined;
  readonly flags: readonly Flag[];
  readonly heredocs: readonly Heredoc[];
  readonly range: Range;
}

/** What every instruction has, of a draft. */
export function baseOf<Name extends Keyword>(draft: Draft<Name>): InstructionBase & { readonly keyword: Name } {
  const { keyword, range, line, flags, heredocs } = draft;
  return { keyword, range, source: line.text, flags, heredocs };
}

/** The flags of an instruction, checked against what it knows. */
export function checkedFlags(draft: Draft, kinds: FlagKinds): Flags {
  return checkFlags(draft.line.source.file, draft.flags, kinds);
}

/** The arguments of instructions that take a JSON array or words between blanks. */
export function wordsOf(draft: Draft): Word[] {
  return (draft.json ?? splitBlanks(draft.line.text, draft.from)).map((slice) => wordOf(draft.line, slice));
}

/** The command that begins at `from`: the exec form, or the rest of the line for the shell. */
export function commandFrom(draft: Draft, from: number): Command {
  if (draft.json !== undefined) return { form: "exec", words: wordsOf(draft) };
  return { form: "shell", script: spannedFrom(draft.line, from) };
}
