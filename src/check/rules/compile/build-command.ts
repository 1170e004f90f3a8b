import { findArchitecture, architectures } from "../../../platform/architecture.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import type { Platform } from "../../../platform/platform.ts";
import type { Execution, Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { isKnown, textOf, unknownMark, type Value } from "../../value.ts";

/** A command that compiles, as it is reached in one execution. */
export interface BuildCommand {
  readonly execution: Execution;
  readonly command: ReachedCommand;
  /** The words as texts; unknown parts read as the mark. */
  readonly texts: readonly string[];
}

const goNames: ReadonlySet<string> = new Set(architectures.map(({ name }) => name));

/** The commands of a model that run one of the programs. */
export function commandsOf({ executions }: Model, isProgram: (program: string) => boolean): BuildCommand[] {
  return executions.flatMap((execution) =>
    execution.trace.commands
      .filter(({ program }) => isProgram(program))
      .map((command) => ({ execution, command, texts: command.words.map(textOf) })),
  );
}

/** True for `go build` and `go install`, with what makes a program of the project, not a tool (`go install NAME@VERSION`). */
export function isGoBuild({ command: { program }, texts }: BuildCommand): boolean {
  if (program !== "go") return false;
  const verb = texts.slice(1).find((text) => !text.startsWith("-"));
  return verb === "build" || (verb === "install" && !texts.some((text) => /[^@]@[\w.]+$/.test(text)));
}

/** A variable as the command's process sees it: its own assignment, or an exported one. */
export function variableOf(command: ReachedCommand, name: string): Value | undefined {
  const own = command.assignments.findLast((each) => each.name === name)?.value;
  if (own !== undefined) return own;
  const word = command.words.slice(1).find((each) => textOf(each).startsWith(`${name}=`));
  if (word !== undefined && command.program !== "go") return word;
  const variable = command.variable(name);
  return variable?.exported === true ? variable.value : undefined;
}

/** True when a value was written for no platform in particular: no guard and no map led to it. */
export function isFixed(value: Value): boolean {
  return (
    isKnown(value) &&
    value.pieces.length > 0 &&
    value.pieces.every(({ source, dependsOnPlatform }) => source === "written" && dependsOnPlatform !== true)
  );
}

/** The architecture that a GOARCH (or `GOARCH=…`) says; undefined when it is none of Go's or not known. */
export function goArchitecture(value: Value): string | undefined {
  const text = textOf(value)
    .replace(/^GOARCH=/, "")
    .trim();
  return goNames.has(text) ? text : undefined;
}

/** The operating system that the command is compiled for, when it is known. */
export function goSystem(command: ReachedCommand): string | undefined {
  const value = variableOf(command, "GOOS");
  const text = value === undefined ? "" : textOf(value).replace(/^GOOS=/, "");
  return text === "" || text.includes(unknownMark) ? undefined : text;
}

/** The architecture that a compiler is for by its triplet (`aarch64-linux-gnu-gcc`); undefined for one without. */
export function compilerArchitecture(text: string): string | undefined {
  const [first] = namesIn(text.slice(text.lastIndexOf("/") + 1)).filter(({ os }) => os === undefined);
  return first?.architecture;
}

/** Where a value is written: the place of its first written piece. */
export function placeOf({ pieces }: Value): Place | undefined {
  return pieces.find(({ place }) => place !== undefined)?.place;
}

/** True when a file is for one architecture by its name: `Dockerfile.arm64`, `build-amd64.sh`. */
export function isForArchitecture(path: string, architecture: string): boolean {
  return namesIn(path).some((name) => name.architecture === architecture);
}

/**
 * True when somebody chose by the architecture where a value is written: in a branch of a switch, or in a script or Makefile that speaks of the
 * platform too. Then what led there is wrong, and its own rule tells it.
 */
export function isInChoice(execution: Execution, place: Place, { repository, dockerfiles }: Model): boolean {
  const isInSwitch = execution.trace.switches.some(
    ({ place: whole }) => whole.path === place.path && whole.line <= place.line && place.line <= whole.endLine,
  );
  if (isInSwitch) return true;
  if (dockerfiles.some(({ path }) => path === place.path)) return false;
  return namesPlatform(repository.text(place.path) ?? "", execution.target);
}

/** A name of the platform's architecture in any of the common spellings. */
function namesPlatform(text: string, platform: Platform): boolean {
  return (
    namesIn(text).some(({ architecture }) => architecture === platform.architecture) ||
    (findArchitecture(platform)?.triplet !== undefined && text.includes(findArchitecture(platform)?.triplet ?? ""))
  );
}
