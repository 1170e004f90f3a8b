import { unknownPart } from "./shell-words.ts";
import { shells } from "./wrappers.ts";

/** A file that an interpreter is told to run: `sh FILE`, `node FILE`, `java -jar FILE`. */
export interface ScriptArgument {
  /** As written: absolute, or relative to where the command runs. */
  readonly name: string;
  /** Whether a shell runs it, which also looks in `PATH`. */
  readonly shell: boolean;
}

/** How an interpreter takes its arguments, by its manual. */
interface Interpreter {
  readonly name: RegExp;
  /** Options that take the next word as their value. */
  readonly valued: readonly string[];
  /** Options after which no file follows: code in the arguments, modules, servers. */
  readonly other: RegExp;
}

/** What Node tries when a file is not there, besides folders. */
export const scriptEndings: readonly string[] = [".js", ".json", ".node", ".cjs", ".mjs"];

const interpreters: readonly Interpreter[] = [
  {
    name: /^node(?:js)?$/,
    valued: ["-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions", "--env-file"],
    other: /^(?:-[a-z]*[epci]|--(?:eval|print|check|interactive|test|run|watch-path|build-snapshot|v8-options).*)$/,
  },
  { name: /^(?:python|pypy)[\d.]*$/, valued: ["-W", "-X", "--check-hash-based-pycs"], other: /^-[A-Za-z]*[cmVh]/ },
  { name: /^perl[\d.]*$/, valued: ["-I"], other: /^-[A-Za-z]*[eEScx]/ },
  { name: /^ruby[\d.]*$/, valued: ["-I", "-r"], other: /^-[A-Za-z]*[eSCcx]/ },
  { name: /^php[\d.]*$/, valued: ["-d", "-c", "-z"], other: /^(?:-[rBRFEStaiml]|--(?:run|server|docroot|process).*)/ },
];

/** Endings of files that interpreters run; what has none and no slash may be a command of its own (`node inspect`). */
const scriptName = /\/|\.(?:[cm]?[jt]s|py|pyc|pyz|pl|rb|php|phar)$/;

/**
 * The file that the words after an interpreter's name tell it to run; `undefined` when they tell none, or it cannot be told.
 *
 * @param name last part of the interpreter's path
 */
export function scriptArgument(name: string, args: readonly string[]): ScriptArgument | undefined {
  if (name === "busybox" && args[0] !== undefined) return scriptArgument(args[0], args.slice(1));
  if (name === "java") return afterJar(args);
  if (shells.includes(name)) return ofShell(args);
  const interpreter = interpreters.find((one) => one.name.test(name));
  if (interpreter === undefined) return undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (interpreter.other.test(word)) return undefined;
    if (interpreter.valued.includes(word)) at++;
    else if (!word.startsWith("-")) return scriptName.test(word) ? known(word, false) : undefined;
    else if (word === "--" || word === "-") return undefined;
  }
  return undefined;
}

/** Options of Java's starter that take the next word. */
const javaValued = [
  "-cp",
  "-classpath",
  "--class-path",
  "-p",
  "--module-path",
  "--add-modules",
  "--add-opens",
  "--add-exports",
];

function afterJar(args: readonly string[]): ScriptArgument | undefined {
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "-jar") return known(args[at + 1] ?? "", false);
    if (javaValued.includes(word)) at++;
    else if (!word.startsWith("-")) return undefined;
  }
  return undefined;
}

function ofShell(args: readonly string[]): ScriptArgument | undefined {
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (["-o", "+o", "-O", "+O", "--rcfile", "--init-file"].includes(word)) at++;
    else if (/^[-+][A-Za-z]*[cs]/.test(word) || word === "-" || word === "--") return undefined;
    else if (!/^[-+]/.test(word)) return known(word, true);
  }
  return undefined;
}

/** A name whose every part is known. */
function known(name: string, shell: boolean): ScriptArgument | undefined {
  return name === "" || name.includes(unknownPart) ? undefined : { name, shell };
}
