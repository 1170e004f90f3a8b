import type { ParsedScript } from "unbash";
import type { Platform } from "../../platform/platform.ts";
import type { Place } from "../place.ts";
import type { Value } from "../value.ts";

/** A variable of a shell. */
export interface ShellVariable {
  readonly value: Value;
  /** True when child processes see it. */
  readonly exported: boolean;
  /** Where it got its value; absent for those that it was started with. */
  readonly place?: Place;
}

/** A command that a script may execute on one platform, with its words expanded. */
export interface ReachedCommand {
  /** The name and the arguments, as the program gets them: quotes are gone, unquoted expansions are split. */
  readonly words: readonly Value[];
  /** The name without its folder (`curl`); empty when it is not known. */
  readonly program: string;
  /** From its first to its last character, assignments and redirections included. */
  readonly place: Place;
  /** Assignments before the name: for this command alone, or, without a name, of the shell. */
  readonly assignments: readonly { readonly name: string; readonly value: Value; readonly place: Place }[];
  /** Where its output goes: `> FILE`, `>> FILE`. */
  readonly outputs: readonly Value[];
  /** What it reads: a here-document or here-string, as far as it is known. */
  readonly input?: Value;
  /** The commands before and behind it in its pipe, by their index in the trace. */
  readonly pipedFrom?: number;
  /** False when it is executed only under a condition that is not known before it runs. */
  readonly certain: boolean;
  /**
   * True when a condition that depends on the platform is on the way to it (`if`, `case`, `&&` behind a test of the architecture). Where the answer is not
   * known (`certain` is false), it may well be reached on other platforms alone.
   */
  readonly guarded: boolean;
  /** The directory that it runs in, as the options of the script give it and `cd` changes it; absent when it is not known. */
  readonly directory?: string;
  /** The calls on the way to it (`./install.sh`, a function, `sh -c`), the outermost first. */
  readonly through: readonly Place[];
  /** A variable of the shell at this moment. */
  variable(name: string): ShellVariable | undefined;
}

/** A place where a script chooses by the architecture: `case`, an `if` ladder, or a table of variables with the architecture in their names. */
export interface ArchitectureSwitch {
  readonly kind: "case" | "if" | "table";
  readonly place: Place;
  /** What was compared, as it is on this platform. */
  readonly subject: Value;
  /**
   * The branches: what each is for, as written (`!amd64` for a test that it is another), and where. `*` and `else` are not among them; a test in front of
   * `&&` or `||` is an `if` with one branch.
   */
  readonly branches: readonly { readonly patterns: readonly string[]; readonly place: Place }[];
  /** Where `*` or `else` is written. */
  readonly otherwise?: Place;
  /** The branch that was taken on this platform: its index, the `default`, or `none`. */
  readonly taken: number | "default" | "none";
  /** What the taken branch (or the lack of one) leads to: the script ends with a failure, or goes on. */
  readonly outcome: "fails" | "goes on";
  /** False when it is reached only under a condition that is not known before it runs. */
  readonly certain: boolean;
  /** The variables that its branches give a value to. */
  readonly assigned: readonly string[];
  /** How many commands of the trace come before it. */
  readonly before: number;
}

/** What a script does on one platform. */
export interface ShellTrace {
  readonly commands: readonly ReachedCommand[];
  readonly switches: readonly ArchitectureSwitch[];
  /** Where the script ends itself with a failure for certain on this platform (`exit 1`, `false` under `set -e`). */
  readonly failure?: Place;
  /** What could not be parsed or took too long, in one line each. */
  readonly problems: readonly { readonly place: Place; readonly message: string }[];
  /** The variables at its end. */
  readonly variables: ReadonlyMap<string, ShellVariable>;
}

/** How a script is run. */
export interface ShellOptions {
  /** The platform of the machine: what `uname -m`, `arch`, `dpkg --print-architecture` and their kin print. */
  readonly machine: Platform;
  /** What the shell is started with; all of it is exported. */
  readonly environment: ReadonlyMap<string, Value>;
  /** The directory it starts in, absolute (inside of an image) or relative to the repository. */
  readonly directory: string;
  /** Options in force from the start: `sh -e` has `e`. */
  readonly options?: readonly ("e" | "u" | "a")[];
  readonly parameters?: readonly Value[];
  /** What `$0` is: the path of the script as it is called. */
  readonly name?: string;
  /**
   * Finds a script that is called or sourced by its path (as known at that moment). Undefined when it is not in the repository; then the command
   * stays one that is reached, and what it does is unknown.
   */
  readonly findScript: (path: string, directory: string) => Script | undefined;
  /** Parsed texts, by text: shared between the runs of one reading, for every platform runs the same scripts. */
  readonly parsed?: Map<string, ParsedScript>;
}

/** A script's text, and where its characters stand in the repository. */
export interface Script {
  readonly text: string;
  readonly locate: (start: number, end: number) => Place;
  /**
   * What a stretch of the text is made of, when it was put together before the shell gets it: a recipe in which make has replaced its variables. An
   * unknown piece stands in the text as `unknownMark`. Absent when the text is written as it is.
   */
  readonly slice?: (start: number, end: number) => Value;
}
