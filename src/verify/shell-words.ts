/** One command of a shell text: its words after assignments, and the directory it runs in when a `cd` before it tells. */
export interface ShellCommand {
  readonly words: readonly string[];
  readonly directory?: string;
}

/** Words after which the next word is a command: keywords, and builtins that run what they are given. */
const prefixes = new Set(["exec", "command", "time", "then", "do", "else", "if", "while", "until", "!", "{", "("]);

/** Longest shell text that is looked at, characters. */
const maxText = 16_384;

/**
 * The commands that a shell text (of `sh -c`) names literally, in order. This is no shell: a word with a variable or a
 * substitution is unknown, and so is the command that it begins. Quotes and escapes are undone.
 */
export function shellCommands(text: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let directory: string | undefined;
  for (const all of splitCommands(text.slice(0, maxText))) {
    let start = 0;
    while (start < all.length && isSkipped(all[start])) start++;
    const words = all.slice(start).map((word) => word ?? "");
    const first = all[start];
    if (first === undefined) continue;
    if (first === "cd") directory = words[1]?.startsWith("/") === true ? words[1] : undefined;
    else commands.push({ words, ...(directory === undefined ? {} : { directory }) });
  }
  return commands;
}

function isSkipped(word: string | undefined): boolean {
  return word !== undefined && (prefixes.has(word) || /^[A-Za-z_][A-Za-z0-9_]*=/.test(word));
}

/** Splits at operators; a word that cannot be told is `undefined`. */
function splitCommands(text: string): (string | undefined)[][] {
  const commands: (string | undefined)[][] = [[]];
  const token =
    /(?:[^\S\n]|\\\n)*(?:(#[^\n]*)|([;&|()\n]+)|(\d*[<>]+&?\s*[^\s;&|()<>]*)|((?:[^\s;&|()<>'"\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+)|([\s\S]))/gy;
  for (const [, comment, operator, redirection, word] of text.matchAll(token)) {
    if (comment !== undefined || redirection !== undefined) continue;
    if (operator !== undefined) commands.push([]);
    else commands.at(-1)?.push(word === undefined ? undefined : plainWord(word));
  }
  return commands;
}

/** A word without its quotes; `undefined` when the shell would expand something in it. */
function plainWord(word: string): string | undefined {
  const quoted = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^'"\\]+)/g;
  let plain = "";
  for (const [, single, double, escaped, bare] of word.matchAll(quoted)) {
    if (/[$`]/.test(double ?? bare ?? "") || /[*?[~]/.test(bare ?? "")) return undefined;
    // A backslash before the end of a line joins it with the next.
    plain += single ?? double ?? (escaped === "\n" ? "" : escaped) ?? bare ?? "";
  }
  return plain;
}
