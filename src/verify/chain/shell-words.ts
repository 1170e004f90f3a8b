/** Stands in a word for what only a shell knows: the value of a variable, the output of a command, the files of a pattern. */
export const unknownPart = "\0";

/** One command of a shell text: its words after assignments, and the directory it runs in when a `cd` before it tells. */
export interface ShellCommand {
  /** The first is known in full; others may have {@link unknownPart}. */
  readonly words: readonly string[];
  readonly directory?: string;
}

/** Words after which the next word is a command: keywords, and builtins that run what they are given. */
const prefixes = new Set(["exec", "command", "time", "then", "do", "else", "if", "while", "until", "!", "{", "("]);

/** Longest shell text that is looked at, characters. */
const maxText = 16_384;

/**
 * The commands that a shell text (of `sh -c`) names literally, in order. This is no shell: variables, substitutions and
 * patterns are unknown, and so is the command that one of them begins. Quotes and escapes are undone.
 */
export function shellCommands(text: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let directory: string | undefined;
  for (const all of splitCommands(text.slice(0, maxText))) {
    let start = 0;
    while (start < all.length && isSkipped(all[start])) start++;
    const words = all.slice(start);
    const [first, second = ""] = words;
    if (first === undefined || first.includes(unknownPart)) continue;
    if (first === "cd") directory = second.startsWith("/") && !second.includes(unknownPart) ? second : undefined;
    else commands.push({ words, ...(directory === undefined ? {} : { directory }) });
  }
  return commands;
}

function isSkipped(word: string | undefined): boolean {
  return word !== undefined && (prefixes.has(word) || /^[A-Za-z_][A-Za-z0-9_]*=/.test(word));
}

/** Longest script that is looked at, characters. */
const maxScript = 65_536;

/** Words that end what other words began. */
const closers = new Set(["fi", "done", "esac", "}", ")", ";;"]);

/** Signs of a script that chooses by the machine that it runs on: which of its commands run here cannot be told. */
const choosesByMachine = /\b(?:uname|arch|dpkg --print-architecture|TARGETARCH|HOSTTYPE|MACHTYPE|cpuinfo)\b/;

/**
 * The commands that a script becomes, as far as it names them literally: those after `exec`, and the last one. None of a
 * script that chooses by the machine. Loosely read, as {@link shellCommands}: an `exec` may be in a branch that is never taken.
 */
export function startedByScript(text: string): ShellCommand[] {
  const script = withoutHereDocuments(text.slice(0, maxScript));
  if (choosesByMachine.test(script)) return [];
  const started: ShellCommand[] = [];
  let directory: string | undefined;
  const all = splitCommands(script).filter(([first]) => first !== undefined && !closers.has(first));
  for (const [index, given] of all.entries()) {
    const start = given.findIndex((word) => !isSkipped(word));
    const words = start === -1 ? [] : given.slice(start);
    const [first, second = ""] = words;
    if (first === undefined || first.includes(unknownPart)) continue;
    const isExec = given.slice(0, start).includes("exec");
    if (first === "cd") directory = second.startsWith("/") && !second.includes(unknownPart) ? second : undefined;
    else if (isExec || index === all.length - 1)
      started.push({ words, ...(directory === undefined ? {} : { directory }) });
  }
  return started;
}

/** A text without the lines of `<<END`: they are data. */
function withoutHereDocuments(text: string): string {
  let end: string | undefined;
  return text
    .split("\n")
    .filter((line) => {
      if (end !== undefined) {
        if (line.trim() === end) end = undefined;
        return false;
      }
      end = /(?<!<)<<-?[ \t]*["'\\]?([A-Za-z_]\w*)/.exec(line)?.[1];
      return true;
    })
    .join("\n");
}

/** Splits at operators. */
function splitCommands(text: string): string[][] {
  const commands: string[][] = [[]];
  const token =
    /(?:[^\S\n]|\\\n)*(?:(#[^\n]*)|([;&|()\n]+)|(\d*[<>]+&?\s*[^\s;&|()<>]*)|((?:[^\s;&|()<>'"\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+)|([\s\S]))/gy;
  for (const [, comment, operator, redirection, word] of text.matchAll(token)) {
    if (comment !== undefined || redirection !== undefined) continue;
    if (operator !== undefined) commands.push([]);
    else commands.at(-1)?.push(word === undefined ? unknownPart : plainWord(word));
  }
  return commands;
}

/** What a shell replaces: `$A`, `${A:-b}`, `$(c)`, `` `c` ``, and what of them is not finished; an escape before it counts first. */
const expansion = /\\(["\\$`])|\$(?:\{[^}]{0,200}\}|\([^)]{0,200}\)|\w+|[@*#?!$-])|`[^`]{0,200}`|[$`]/g;

/** A word without its quotes, with {@link unknownPart} where the shell would put something. */
function plainWord(word: string): string {
  const quoted = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^'"\\]+)/g;
  const expanded = (text: string) => text.replaceAll(expansion, (_, escaped?: string) => escaped ?? unknownPart);
  let plain = "";
  for (const [, single, double, escaped, bare] of word.matchAll(quoted)) {
    if (single !== undefined) plain += single;
    else if (double !== undefined) plain += expanded(double);
    else if (bare !== undefined) plain += expanded(bare).replaceAll(/[*?[~]/g, unknownPart);
    // A backslash before the end of a line joins it with the next.
    else if (escaped !== "\n") plain += escaped ?? "";
  }
  return plain;
}
