import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf, type Value } from "../../value.ts";
import { realProgram } from "./download-words.ts";
import { pipedInto } from "./download.ts";

/** A text that a command writes to a file. */
export interface WrittenText {
  readonly text: Value;
  /** The file. */
  readonly file: string;
  /** The command that has the text. */
  readonly command: ReachedCommand;
}

/** Texts that a script writes to files whose names match: `echo … > FILE`, `cat <<EOF > FILE`, `echo … | tee FILE`. */
export function writtenTo(commands: readonly ReachedCommand[], files: RegExp): WrittenText[] {
  return commands.flatMap((command) => {
    const isTee = realProgram(command).program === "tee";
    const targets = [...command.outputs, ...(isTee ? command.words.slice(1) : [])].map(textOf);
    const file = targets.find((each) => files.test(each));
    if (file === undefined) return [];
    const before = isTee || command.program === "cat" ? pipedInto(command, commands) : [];
    return [command, ...before].flatMap((each) => textsOf(each).map((text) => ({ text, file, command: each })));
  });
}

function textsOf(command: ReachedCommand): Value[] {
  const own = /^(?:echo|printf)$/.test(command.program) ? command.words.slice(1) : [];
  return command.input === undefined ? own : [...own, command.input];
}
