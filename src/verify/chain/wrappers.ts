import { shellCommands } from "./shell-words.ts";

/** A command that another one starts. */
export interface Inner {
  readonly words: readonly string[];
  /** Where it runs, when the outer command says so. */
  readonly directory?: string;
  /** True when the outer command fails without it; false when it may be a builtin, an argument or a branch never taken. */
  readonly certain: boolean;
}

/** How a program that starts another one takes its arguments. */
interface Wrapper {
  /** Options that take the next word as their value. */
  readonly valued: readonly string[];
  /** Words between the options and the command: `gosu USER COMMAND`. */
  readonly operands?: number;
}

/** Programs that images begin with to start another one, and what their manuals say of options with values. */
const wrappers: Readonly<Record<string, Wrapper>> = {
  tini: { valued: ["-p", "-e"] },
  "tini-static": { valued: ["-p", "-e"] },
  "docker-init": { valued: ["-p", "-e"] },
  "dumb-init": { valued: ["-r", "--rewrite"] },
  catatonit: { valued: [] },
  gosu: { valued: [], operands: 1 },
  "su-exec": { valued: [], operands: 1 },
  "s6-setuidgid": { valued: [], operands: 1 },
  "with-contenv": { valued: [] },
  setpriv: { valued: ["--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set"] },
  chpst: { valued: ["-u", "-U", "-b", "-e", "-/", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c"] },
  nice: { valued: ["-n", "--adjustment"] },
  ionice: { valued: ["-c", "-n", "-p"] },
  nohup: { valued: [] },
  setsid: { valued: [] },
  stdbuf: { valued: ["-i", "-o", "-e"] },
  timeout: { valued: ["-s", "--signal", "-k", "--kill-after"], operands: 1 },
  "xvfb-run": { valued: ["-n", "-s", "-e", "-f", "-p", "-w"] },
};

/** Shells that take a script or `-c TEXT`. */
export const shells: readonly string[] = ["sh", "bash", "ash", "dash", "zsh", "ksh", "mksh"];

/**
 * The commands that a command starts, as far as its words tell: through init programs and switches of user, `env`, BusyBox,
 * and the text of `sh -c`. `name` is the last part of the program's path.
 */
export function innerCommands(name: string, args: readonly string[]): Inner[] {
  const wrapper = wrappers[name];
  if (wrapper !== undefined) return one(afterOptions(args, wrapper));
  if (name === "env") return one(afterEnv(args));
  if (name === "busybox" && args[0] !== undefined) return innerCommands(args[0], args.slice(1));
  if (shells.includes(name)) return ofShell(args);
  return [];
}

function one(words: readonly string[]): Inner[] {
  return words.length === 0 ? [] : [{ words, certain: true }];
}

function afterOptions(args: readonly string[], wrapper: Wrapper): readonly string[] {
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "--") {
      at++;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    if (wrapper.valued.includes(word)) at++;
  }
  const rest = args.slice(at + (wrapper.operands ?? 0));
  return rest[0] === "--" ? rest.slice(1) : rest;
}

function afterEnv(args: readonly string[]): readonly string[] {
  const rest = afterOptions(args, { valued: ["-u", "--unset", "-C", "--chdir"] });
  const start = rest.findIndex((word) => !word.includes("="));
  return start === -1 ? [] : rest.slice(start);
}

/** `sh -c TEXT`, also `-ec`, `-lc`; or `sh SCRIPT`. */
function ofShell(args: readonly string[]): Inner[] {
  const at = args.findIndex(
    (word, index) => !isShellOption(word) && !["-o", "+o", "-O"].includes(args[index - 1] ?? ""),
  );
  const word = args[at];
  if (word === undefined || !/^-[A-Za-z]*c[A-Za-z]*$/.test(word)) return [];
  const text = args.slice(at + 1).find((argument) => !/^[-+]/.test(argument)) ?? "";
  const commands = shellCommands(text);
  // A text of one command with a path can do nothing else; names may be functions and builtins.
  const certain = commands.length === 1 && commands[0]?.words[0]?.includes("/") === true;
  return commands.map((command) => ({ ...command, certain }));
}

/** An option of a shell, `-e` or `+o`, that is not `-c`. */
function isShellOption(word: string): boolean {
  return /^[-+][A-Zabd-z]+$/.test(word) || word === "--login";
}
