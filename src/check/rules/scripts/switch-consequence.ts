import { foreignIn, type ForeignName } from "../../names/foreign.ts";
import type { Execution } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { ArchitectureSwitch, ReachedCommand } from "../../shell/trace.ts";
import { textOf, type Piece, type Value } from "../../value.ts";

/** What it leads to that a switch has no branch for a platform, or the wrong one. */
export type Consequence =
  /** The script ends. */
  | { readonly kind: "fails"; readonly place: Place }
  /** A variable that the branches set stays empty, and is in the middle of a word. */
  | { readonly kind: "empty"; readonly name: string; readonly word: Value; readonly place: Place }
  /** The text of another architecture comes from the branch that is taken. */
  | { readonly kind: "foreign"; readonly names: readonly ForeignName[]; readonly word: Value; readonly place: Place };

/** Programs that show a text, or compare it: nothing breaks in them. */
const harmless = /^(?:echo|printf|\[|test|\[\[|set|exit|return|cat|grep|sed|:|)$/;

/** True when the branch that was taken is for other architectures: `*`, `else`, none, or behind a test that it is another one. */
export function isUncovered({ taken, branches }: ArchitectureSwitch): boolean {
  if (typeof taken === "string") return true;
  const patterns = branches[taken]?.patterns ?? [];
  return patterns.length > 0 && patterns.every((pattern) => pattern.startsWith("!"));
}

/** What goes wrong behind a switch; undefined when nothing does, as far as can be known. */
export function consequenceOf(found: ArchitectureSwitch, execution: Execution): Consequence | undefined {
  const otherwise = typeof found.taken === "number" ? found.branches[found.taken]?.place : found.otherwise;
  if (found.outcome === "fails") return { kind: "fails", place: otherwise ?? found.place };
  const { commands } = execution.trace;
  for (const command of commands.slice(found.before)) {
    if (harmless.test(command.program)) continue;
    for (const word of [...command.words.slice(1), ...command.outputs]) {
      const name =
        found.taken === "default" || typeof found.taken === "number" ? undefined : emptyName(word, found, command);
      if (name !== undefined) return { kind: "empty", name, word, place: command.place };
      const names =
        otherwise === undefined || typeof found.taken === "number" ? [] : foreignFrom(word, otherwise, execution);
      if (names.length > 0) return { kind: "foreign", names, word, place: command.place };
    }
  }
  return undefined;
}

/** The variable of a switch that is missing in the middle of a word: `app-$ARCH.tgz`, `https://x/$ARCH`. */
function emptyName(word: Value, { assigned }: ArchitectureSwitch, command: ReachedCommand): string | undefined {
  for (const [index, piece] of word.pieces.entries()) {
    const name = piece.through?.find((each) => assigned.includes(each));
    if (name === undefined || !isMissing(piece, name, command)) continue;
    const before = textOf({ pieces: word.pieces.slice(0, index) });
    const after = textOf({ pieces: word.pieces.slice(index + 1) });
    if (/[-_/.=:@]$/.test(before) && /^(?:[-_./:]|$)/.test(after)) return name;
  }
  return undefined;
}

function isMissing({ source, text }: Piece, name: string, command: ReachedCommand): boolean {
  return source === "unknown" ? command.variable(name) === undefined : text === "";
}

/** Names in a word that are for another architecture than the image's and the machine's, and are written in a place. */
function foreignFrom(word: Value, place: Place, { target, machine }: Execution): ForeignName[] {
  const foreign = foreignIn(word, target).filter((name) => name.place !== undefined && isWithin(name.place, place));
  return foreignIn(word, machine).length === 0 ? [] : foreign;
}

/** True for a place inside of another one. */
export function isWithin(inner: Place, outer: Place): boolean {
  if (inner.path !== outer.path || inner.line < outer.line || inner.endLine > outer.endLine) return false;
  if (inner.line === outer.line && inner.column < outer.column) return false;
  return inner.endLine < outer.endLine || inner.endColumn <= outer.endColumn;
}
