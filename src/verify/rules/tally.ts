import type { Finding } from "../../finding/finding.ts";
import type { Exceptions } from "./allow.ts";
import { allowedNote } from "./allow.ts";
import { fileFinding } from "./finding-parts.ts";
import type { ImageFacts } from "../view/image-facts.ts";
import type { ViewFile } from "../view/view.ts";

/** How many findings of one rule and weight name their files one by one; the rest is one finding with a count. */
const maxEach = 50;

/** The same for findings that one reason of the user's allows: they are told, and nobody has to mend them. */
const maxAllowed = 5;

/** A file that a note counts. */
interface Counted {
  readonly path: string;
  readonly file: ViewFile;
}

/** Collects findings, and folds those of the same kind into one when they are many. */
export class Tally {
  readonly #image: ImageFacts;
  readonly #exceptions: Exceptions;
  readonly #each = new Map<string, { shown: Finding[]; hidden: number }>();
  readonly #notes = new Map<string, { first: Counted; paths: string[]; codes: Set<string>; count: number }>();

  constructor(image: ImageFacts, exceptions: Exceptions) {
    this.#image = image;
    this.#exceptions = exceptions;
  }

  /** Adds a finding of its own; what is allowed is folded apart from what is not. */
  add(made: Finding): void {
    const finding = this.#exceptions.apply(made);
    const key = `${finding.rule} ${finding.severity} ${finding.allowed ?? ""}`;
    const list = this.#each.get(key) ?? { shown: [], hidden: 0 };
    if (list.shown.length < (finding.allowed === undefined ? maxEach : maxAllowed)) list.shown.push(finding);
    else list.hidden++;
    this.#each.set(key, list);
  }

  /** Counts a file that is foreign on purpose, for a reason; `code` is what it is code of. */
  note(reason: string, one: Counted, code: string): void {
    const note = this.#notes.get(reason) ?? { first: one, paths: [], codes: new Set(), count: 0 };
    note.count++;
    note.codes.add(code);
    if (note.paths.length < 3) note.paths.push(one.path);
    this.#notes.set(reason, note);
  }

  /** All findings, then one note for each reason. */
  list(): Finding[] {
    const each = [...this.#each.values()].flatMap(({ shown, hidden }) => [...shown, ...this.#rest(shown, hidden)]);
    const notes = [...this.#notes].map(([reason, { first, paths, codes, count }]) => {
      const files = count === 1 ? "1 file is" : `${count} files are`;
      const kinds = [...codes].sort();
      return fileFinding(this.#image, {
        rule: "foreign-code-expected",
        severity: "note",
        path: first.path,
        message: `${files} foreign code on purpose: ${reason} (${firstOf(paths, count)}; ${firstOf(kinds.slice(0, 3), kinds.length)}).`,
        file: first.file,
      });
    });
    return [...each, ...notes];
  }

  #rest(shown: readonly Finding[], hidden: number): Finding[] {
    const last = shown.at(-1);
    if (hidden === 0 || last === undefined) return [];
    const [files, have] = hidden === 1 ? ["1 more file", "has"] : [`${hidden} more files`, "have"];
    const rest = { ...last, message: `${files} like ${last.path} ${have} the same fault.` };
    return [last.allowed === undefined ? rest : allowedNote(rest, last.allowed)];
  }
}

/** The first of several, with a sign that there are more. */
export function firstOf(shown: readonly string[], count: number): string {
  return `${shown.join(", ")}${count > shown.length ? " …" : ""}`;
}
