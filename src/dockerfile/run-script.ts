import type { EvaluatedRun } from "./evaluation.ts";
import { heredocContent } from "./heredoc.ts";
import { shellCommands, unquote, type ShellCommand } from "./shell-command.ts";
import { offsetAt, positionAt, type SourceFile } from "./source.ts";

/** A command of a RUN, with its line in the Dockerfile. */
export interface RunCommand extends ShellCommand {
  readonly line: number;
}

/**
 * The commands that a RUN executes: of its shell line, of a heredoc that is the script (or that a shell reads), or the one of its exec form.
 */
export function runCommands(run: EvaluatedRun, source: SourceFile): RunCommand[] {
  const { command, heredocs } = run.instruction;
  if (command.form === "exec") {
    const words = command.words.map(({ text }) => text);
    const inner = /^(?:\/bin\/)?(?:ba)?sh$/.test(words[0] ?? "") ? words[words.indexOf("-c") + 1] : undefined;
    if (inner !== undefined && words.includes("-c"))
      return shellCommands(inner).map((each) => ({ ...each, line: run.line }));
    return [{ words, assignments: [], at: 0, line: run.line }];
  }
  const { script } = command;
  const lineOf = (offset: number): number => (run.onbuild ? run.line : positionAt(source, offset).line);
  const fromLine = shellCommands(script.text).map((each) => ({
    ...each,
    line: lineOf(offsetAt(script.pieces, each.at)),
  }));
  // `RUN <<EOF` and `RUN <<EOF bash -e`: the content is a script; in `RUN <<EOF python3` it is not.
  const reader = script.text.replaceAll(/\d*<<-?[\t ]*\S+/g, "").trim();
  const readsScript = reader === "" || /^(?:\S*\/)?(?:ba|da|a|k|z)?sh(?: -\S+)*$/.test(reader);
  if (!readsScript) return fromLine;
  const fromHeredocs = heredocs.flatMap((heredoc) => {
    if (/^#!(?!.*\bsh\b|.*\b(?:ba|da|a|k|z)sh\b)/.test(heredoc.content)) return [];
    return shellCommands(heredocContent(heredoc)).map((each) => {
      const before = heredocContent(heredoc).slice(0, each.at).split("\n").length - 1;
      return { ...each, line: run.onbuild ? run.line : heredoc.range.start.line + before };
    });
  });
  return [...fromLine, ...fromHeredocs];
}

/** The whole text that a RUN executes, heredocs included. */
export function runText(run: EvaluatedRun): string {
  const { command, heredocs } = run.instruction;
  const line = command.form === "exec" ? command.words.map(({ text }) => text).join(" ") : command.script.text;
  return [line, ...heredocs.map(({ content }) => content)].join("\n");
}

/** The program that a command runs, without its directory: `go`, `cargo`, `aarch64-linux-gnu-gcc`. */
export function programOf({ words }: ShellCommand): string {
  return unquote(words[0] ?? "").replace(/^.*\//, "");
}
