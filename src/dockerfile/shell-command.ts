/** One simple command of a shell script: `GOARCH=arm64 go build -o app .` */
export interface ShellCommand {
  /** Words after the assignments; quotes and escapes are as written. */
  readonly words: readonly string[];
  /** Assignments before the command, or alone, or given to `export`, `declare`, `local`, `readonly`, `env`. */
  readonly assignments: readonly Assignment[];
  /** Index in the script where it begins. */
  readonly at: number;
}

/** `NAME=VALUE` with the value as written. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
}

/** Deepest nesting of substitutions that is looked into. */
const maxDepth = 8;

/** Longest script that is looked at, in characters. */
const maxScript = 262_144;

/**
 * The simple commands of a POSIX shell script, in the order of their text: those inside substitutions, subshells, branches and `sh -c` too.
 * It knows quotes, comments, operators and redirections; it does not know which branch runs.
 */
export function shellCommands(script: string): ShellCommand[] {
  return collect(script.slice(0, maxScript), 0, 0).sort((left, right) => left.at - right.at);
}

/** A text without its quotes and escapes; variables stay. */
export function unquote(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])/g,
    (_, single?: string, double?: string, escaped?: string) => {
      return single ?? double?.replace(/\\(["$`\\])/g, "$1") ?? (escaped === "\n" ? "" : (escaped ?? ""));
    },
  );
}

function collect(script: string, offset: number, depth: number): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let words: Token[] = [];
  const end = (): void => {
    const command = commandOf(words);
    if (command !== undefined) {
      commands.push({ ...command, at: command.at + offset });
      commands.push(...insideOf(command, offset, depth));
    }
    words = [];
  };
  for (const token of tokens(script)) {
    if (token.kind === "operator") end();
    else words.push(token);
    if (depth >= maxDepth) continue;
    for (const inner of token.substitutions) commands.push(...collect(inner.text, offset + inner.at, depth + 1));
  }
  end();
  return commands;
}

/** The script of `sh -c SCRIPT`. */
function insideOf({ words, at }: ShellCommand, offset: number, depth: number): ShellCommand[] {
  if (depth >= maxDepth || !/^(?:\S*\/)?(?:ba|da|a|k|z)?sh$/.test(unquote(words[0] ?? ""))) return [];
  const flag = words.findIndex((word) => /^-[a-z]*c[a-z]*$/.test(word));
  const script = words[flag + 1];
  if (flag < 0 || script === undefined) return [];
  // Places inside the quoted script are those of the command.
  return collect(unquote(script), 0, depth + 1).map((command) => ({ ...command, at: at + offset }));
}

/** Words before which no command begins: the next word does. */
const leaders = new Set(
  "if then elif else while until do { } ! fi done esac time sudo exec command nice nohup builtin".split(" "),
);
/** Words whose line is no command: a loop's list or a case's pattern. */
const headers = new Set(["for", "case", "select", "function"]);
const declarers = new Set(["export", "declare", "local", "readonly", "typeset"]);
const assignment = /^([A-Za-z_]\w*)\+?=([^]*)$/;

function commandOf(tokens: readonly Token[]): ShellCommand | undefined {
  const assignments: Assignment[] = [];
  const words: string[] = [];
  let at: number | undefined;
  let declaring = false;
  for (const { text, at: start } of tokens) {
    at ??= start;
    const match = words.length === 0 ? assignment.exec(text) : null;
    if (match !== null) assignments.push({ name: match[1] ?? "", value: match[2] ?? "" });
    else if (words.length > 0) words.push(text);
    else if (declarers.has(text) || text === "env") declaring = true;
    else if (headers.has(text)) return undefined;
    // `env -i`, `export -x`: options of what leads to the command.
    else if (!leaders.has(text) && !(declaring && text.startsWith("-"))) words.push(text);
  }
  if (at === undefined || (words.length === 0 && assignments.length === 0)) return undefined;
  return { words, assignments, at };
}

interface Token {
  readonly kind: "word" | "operator";
  readonly text: string;
  readonly at: number;
  /** Scripts inside `$(…)` and backticks. */
  readonly substitutions: readonly { readonly text: string; readonly at: number }[];
}

/** Splits a script into words and operators; comments and redirections are dropped. */
function tokens(script: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  let redirected = false;
  while (at < script.length) {
    const character = script.charAt(at);
    if (character === " " || character === "\t" || character === "\r" || script.startsWith("\\\n", at)) {
      at += character === "\\" ? 2 : 1;
    } else if (character === "#") {
      const feed = script.indexOf("\n", at);
      at = feed < 0 ? script.length : feed;
    } else if ("\n;&|()".includes(character)) {
      found.push({ kind: "operator", text: character, at, substitutions: [] });
      at++;
    } else if (character === "<" || character === ">") {
      while ("<>&|-".includes(script.charAt(at)) && at < script.length) at++;
      redirected = true;
    } else {
      const word = readWord(script, at);
      // The number of a descriptor (`2>`) and the file of a redirection are no words of the command.
      const isDescriptor = /^\d+$/.test(word.text) && /[<>]/.test(script.charAt(word.end));
      if (!redirected && !isDescriptor)
        found.push({ kind: "word", text: word.text, at, substitutions: word.substitutions });
      redirected = false;
      at = word.end;
    }
  }
  return found;
}

interface ReadWord {
  readonly text: string;
  readonly end: number;
  readonly substitutions: readonly { readonly text: string; readonly at: number }[];
}

function readWord(script: string, start: number): ReadWord {
  const substitutions: { text: string; at: number }[] = [];
  let at = start;
  let quoted = false;
  while (at < script.length) {
    const character = script.charAt(at);
    if (!quoted && " \t\r\n;&|()<>".includes(character)) break;
    if (character === "\\") at += 2;
    else if (character === '"') {
      quoted = !quoted;
      at++;
    } else if (character === "'" && !quoted) at = after(script, script.indexOf("'", at + 1));
    else if (script.startsWith("$(", at)) {
      const end = closing(script, at + 1);
      substitutions.push({ text: script.slice(at + 2, end), at: at + 2 });
      at = end + 1;
    } else if (script.startsWith("${", at)) at = closing(script, at + 1) + 1;
    else if (character === "`") {
      const end = script.indexOf("`", at + 1);
      if (end > 0) substitutions.push({ text: script.slice(at + 1, end), at: at + 1 });
      at = after(script, end);
    } else at++;
  }
  const end = Math.min(at, script.length);
  return { text: script.slice(start, end), end, substitutions };
}

function after(script: string, index: number): number {
  return index < 0 ? script.length : index + 1;
}

/** Index of the bracket that closes the one at `start`, quotes respected; the script's length when there is none. */
function closing(script: string, start: number): number {
  const open = script.charAt(start);
  const expected = [open === "(" ? ")" : "}"];
  for (let at = start + 1; at < script.length; at++) {
    const character = script.charAt(at);
    const inQuotes = expected.at(-1) === '"';
    if (character === "\\") at++;
    else if (character === expected.at(-1)) {
      expected.pop();
      if (expected.length === 0) return at;
    } else if (script.startsWith("$(", at)) {
      expected.push(")");
      at++;
    } else if (script.startsWith("${", at)) {
      expected.push("}");
      at++;
    } else if (inQuotes) continue;
    else if (character === "'") at = after(script, script.indexOf("'", at + 1)) - 1;
    else if (character === '"') expected.push('"');
    else if (character === "(" && expected.at(-1) === ")") expected.push(")");
  }
  return script.length;
}
