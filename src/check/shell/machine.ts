import type {
  AndOr,
  CompoundList,
  Function as FunctionNode,
  ParsedScript,
  PipelineNode,
  Statement,
  Word,
} from "unbash";
import type { Locate, Place } from "../place.ts";
import type { Value } from "../value.ts";
import type { PatternPart } from "./pattern.ts";
import type { ArchitectureSwitch, ReachedCommand, Script, ShellOptions } from "./trace.ts";
import type { Clock, Variables } from "./variables.ts";

/** How a command ends. */
export interface Status {
  /** True for success; undefined when it is not known. */
  readonly zero: boolean | undefined;
  /** True for a command that normally succeeds, though nobody knows: `curl … && tar …` goes on. */
  readonly presumed?: boolean;
  /** True when it differs between platforms. */
  readonly dependsOnPlatform?: boolean;
}

/** What ends a list before its end. */
export type Control =
  | { readonly kind: "exit"; readonly zero: boolean | undefined; readonly place: Place; readonly certain: boolean }
  | { readonly kind: "return" }
  | { readonly kind: "break" | "continue"; levels: number };

/** What a node did. */
export interface Outcome {
  readonly status: Status;
  readonly control?: Control;
  /** True for a failure that does not end a script under `set -e`. */
  readonly tolerated?: boolean;
  /** What it printed; gathered only where somebody reads it. */
  readonly output?: Value;
}

/** A function as it was defined. */
export interface ShellFunction {
  readonly node: FunctionNode;
  readonly source: Source;
}

/** A parsed text and where it stands; `slice` as in `Script`. */
export interface Source {
  readonly text: string;
  readonly locate: Locate;
  readonly slice?: (start: number, end: number) => Value;
}

/** A process of the shell. */
export interface Process {
  readonly variables: Variables;
  readonly functions: Map<string, ShellFunction>;
  readonly options: Set<string>;
  /** Undefined when nobody knows what it is called with. */
  parameters: readonly Value[] | undefined;
  directory: string;
  /** What `$0` is, and the file that is running (`BASH_SOURCE`); undefined when nobody knows. */
  readonly name: string | undefined;
  file: string | undefined;
  /** Variables to put back at the end of the running function. */
  locals: Map<string, ReturnType<Variables["get"]>> | undefined;
}

/** What is true at a place of a script on the way there. */
export interface Context {
  readonly process: Process;
  readonly source: Source;
  readonly certain: boolean;
  readonly guarded: boolean;
  readonly through: readonly Place[];
  /** Nodes around this one, through all calls. */
  readonly depth: number;
  /** Calls around this one. */
  readonly calls: number;
  /** True where a failure is looked at, so that `set -e` does not end the script. */
  readonly checked: boolean;
  /** True where somebody reads what is printed. */
  readonly captured: boolean;
  /** What stands in the standard input, as far as it is known. */
  readonly input?: Value;
  readonly pipedFrom?: number;
  /** Where a group of commands (`{ … } > FILE`) puts what it prints. */
  readonly outputs?: readonly Value[];
}

/** A test that compared something that depends on the platform. */
export interface Comparison {
  readonly subject: Value;
  readonly pattern: string;
  /** True for `!=`. */
  readonly negated: boolean;
}

/** A command with its words expanded. */
export interface Call {
  readonly words: readonly Value[];
  readonly assignments: ReachedCommand["assignments"];
  readonly outputs: readonly Value[];
  /** A here-document or here-string of its own. */
  readonly input?: Value;
  readonly place: Place;
}

/** A run of a script: what it gathers, and what its parts need of each other. */
export interface Machine {
  readonly options: ShellOptions;
  readonly clock: Clock;
  /** The last `$( )`: how many there were, and how the last one ended; an assignment ends as it does. */
  readonly substituted: { count: number; status: Status };
  readonly commands: ReachedCommand[];
  readonly switches: ArchitectureSwitch[];
  readonly problems: { readonly place: Place; readonly message: string }[];
  /** The texts that pieces were read from, by their place: what is run later (`sh -c TEXT`) is found in them again. */
  readonly origins: WeakMap<Place, { readonly source: Source; readonly pos: number; readonly end: number }>;
  /** Texts as they are written, by the text that they are in and their offsets. */
  readonly literals: WeakMap<Source, Map<number, { readonly text: string; readonly value: Value }>>;
  /** Scripts that were looked for, by directory and path. */
  readonly scripts: Map<string, Script | undefined>;
  /** What tests compared with a subject that depends on the platform, in the order of the run. */
  readonly comparisons: Comparison[];
  /** True as long as there is time left; takes away some of it. */
  spend(place: Place, steps?: number): boolean;
  parse(text: string): ParsedScript;
  /** Runs statements one after another. */
  runStatements(statements: readonly Statement[], context: Context): Outcome;
  runNode(node: PipelineNode | AndOr | CompoundList, context: Context): Outcome;
  /** What `$( )` gives. */
  substitute(script: ParsedScript, context: Context): Value;
  expandWord(word: Word, context: Context): Value[];
  expandText(word: Word, context: Context): Value;
  expandPattern(word: Word, context: Context): PatternPart[];
}

/** Success, known. */
export const success: Status = { zero: true };

/** A status as the negation makes it. */
export function negated({ zero, dependsOnPlatform }: Status): Status {
  return {
    zero: zero === undefined ? undefined : !zero,
    ...(dependsOnPlatform === true ? { dependsOnPlatform } : {}),
  };
}
