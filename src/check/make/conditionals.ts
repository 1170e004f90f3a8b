import type { Place } from "../place.ts";
import { dependsOnPlatform, isKnown, textOf, unknownValue, type Value } from "../value.ts";
import type { Binding, Scope } from "./bindings.ts";
import type { Expansion } from "./expand.ts";
import { trimValue } from "./make-words.ts";
import type { MakeBranch, MakeConditional } from "./makefile.ts";
import type { Expression } from "./source-text.ts";

type Truth = boolean | "unknown";

interface Frame {
  readonly place: Place;
  readonly branches: { -readonly [Key in keyof MakeBranch]: MakeBranch[Key] }[];
  /** Whether the lines around it are read. */
  readonly outer: boolean;
  /** True when a branch before has been taken for certain. */
  done: boolean;
  reads: boolean;
  /** True when it depends on the architecture which branch is read. */
  byArchitecture: boolean;
  /** The variables before the first branch that may or may not be read, and after each of those. */
  base: Map<string, Binding> | undefined;
  readonly ends: Map<string, Binding>[];
}

/** The conditions around a line. Where a condition is not known, both ways are read, and what they set differently is unknown. */
export class ConditionalStack {
  readonly found: MakeConditional[] = [];
  readonly #scope: Scope;
  readonly #frames: Frame[] = [];

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  get depth(): number {
    return this.#frames.length;
  }

  /** Whether lines are read now. */
  get reads(): boolean {
    return this.#frames.at(-1)?.reads ?? true;
  }

  /** True when it depends on the architecture that lines are read now. */
  get choosesByArchitecture(): boolean {
    return this.#frames.some(({ byArchitecture }) => byArchitecture);
  }

  /** Takes down that a variable is assigned here. */
  assigned(name: string): void {
    for (const { branches } of this.#frames) {
      const branch = branches.at(-1);
      if (branch !== undefined) branch.assigns = [...branch.assigns, name];
    }
  }

  /** Takes down that make ends here with an error. */
  failed(): void {
    const branch = this.#frames.at(-1)?.branches.at(-1);
    if (branch !== undefined) branch.fails = true;
  }

  /** Begins a condition, or its next branch. Gives what is wrong with it, if anything. */
  turn(keyword: string, rest: Expression, place: Place, expansion: Expansion): string | undefined {
    if (keyword !== "else") {
      const outer = this.reads;
      const frame: Frame = {
        place,
        branches: [],
        outer,
        done: false,
        reads: false,
        byArchitecture: false,
        base: undefined,
        ends: [],
      };
      this.#frames.push(frame);
      return this.#branch(frame, keyword, rest, place, expansion);
    }
    const frame = this.#frames.at(-1);
    if (frame === undefined) return "An else has no condition before it.";
    this.#leave(frame);
    const text = rest.source.text.slice(rest.start, rest.end);
    const nested = /^\s*(ifeq|ifneq|ifdef|ifndef)(?=[\s("'])/.exec(text);
    if (nested !== null) {
      const [head, inner = ""] = nested;
      return this.#branch(frame, inner, { ...rest, start: rest.start + head.length }, place, expansion);
    }
    const malformed = text.trim();
    this.#enter(
      frame,
      { keyword: "else", operands: [], place, assigns: [], ...(malformed === "" ? {} : { malformed }) },
      true,
      false,
    );
    return malformed !== "" ? `What stands behind else is no condition: ${text.trim()}` : undefined;
  }

  /** Ends a condition; false when there is none. */
  close(place: Place | undefined): boolean {
    const frame = this.#frames.pop();
    if (frame === undefined) return false;
    this.#leave(frame);
    if (frame.base !== undefined) {
      if (!frame.done) frame.ends.push(frame.base);
      this.#scope.restore(merge(frame.ends));
    }
    const { line, column } = frame.place;
    const end = place ?? frame.place;
    if (frame.outer)
      this.found.push({
        place: { path: frame.place.path, line, column, endLine: end.endLine, endColumn: end.endColumn },
        branches: frame.branches,
      });
    return true;
  }

  #branch(frame: Frame, keyword: string, rest: Expression, place: Place, expansion: Expansion): string | undefined {
    const parts = operandsOf(keyword, rest);
    if (parts === undefined) {
      this.#enter(
        frame,
        {
          keyword: keyword as MakeBranch["keyword"],
          operands: [],
          place,
          assigns: [],
          malformed: rest.source.text.slice(rest.start, rest.end).trim(),
        },
        "unknown",
        false,
      );
      return `The condition cannot be read: ${keyword} ${rest.source.text.slice(rest.start, rest.end).trim()}`;
    }
    if (!frame.outer) {
      this.#enter(frame, { keyword: keyword as MakeBranch["keyword"], operands: [], place, assigns: [] }, false, false);
      return undefined;
    }
    const operands = parts.map((part) => trimValue(expansion.expand(part)));
    const isDefinition = keyword === "ifdef" || keyword === "ifndef";
    const found = isDefinition ? isDefined(expansion, operands[0]) : equal(operands[0], operands[1]);
    const truth = found === "unknown" ? found : keyword === "ifneq" || keyword === "ifndef" ? !found : found;
    const byArchitecture = isDefinition
      ? expansion.scope.get(textOf(operands[0] ?? { pieces: [] }))?.chosen === true
      : operands.some(dependsOnPlatform);
    this.#enter(
      frame,
      { keyword: keyword as MakeBranch["keyword"], operands, place, assigns: [] },
      truth,
      byArchitecture,
    );
    return undefined;
  }

  #enter(frame: Frame, branch: Omit<MakeBranch, "taken">, truth: Truth, byArchitecture: boolean): void {
    if (byArchitecture) frame.byArchitecture = true;
    const taken = !frame.outer || frame.done ? false : truth;
    frame.branches.push({ ...branch, taken });
    frame.reads = taken !== false;
    if (taken === "unknown") frame.base ??= this.#scope.snapshot();
    if (taken === true) frame.done = true;
  }

  #leave(frame: Frame): void {
    if (!frame.reads || frame.base === undefined) return;
    frame.ends.push(this.#scope.snapshot());
    this.#scope.restore(frame.base);
  }
}

/** The operands of `ifeq (a,b)`, `ifeq "a" 'b'`, `ifdef NAME`. */
function operandsOf(keyword: string, { source, start, end }: Expression): Expression[] | undefined {
  const text = source.text.slice(start, end);
  const lead = text.length - text.trimStart().length;
  if (keyword === "ifdef" || keyword === "ifndef") {
    const name = text.trim();
    return name === "" ? undefined : [{ source, start: start + lead, end: start + lead + name.length }];
  }
  const open = text[lead];
  if (open === "(")
    return bracketed(source.text, start + lead, end)?.map(([from, to]) => ({ source, start: from, end: to }));
  if (open !== '"' && open !== "'") return undefined;
  const quoted = /^\s*(?:"([^"]*)"|'([^']*)')\s*(?:"([^"]*)"|'([^']*)')/.exec(text);
  if (quoted === null) return undefined;
  const first = (quoted[1] ?? quoted[2] ?? "").length;
  const second = (quoted[3] ?? quoted[4] ?? "").length;
  const to = start + quoted[0].length - 1;
  return [
    { source, start: start + lead + 1, end: start + lead + 1 + first },
    { source, start: to - second, end: to },
  ];
}

function bracketed(text: string, open: number, end: number): [number, number][] | undefined {
  let depth = 0;
  let comma: number | undefined;
  for (let at = open; at < end; at++) {
    const char = text[at];
    if (char === "(") depth++;
    else if (char === ")") {
      depth--;
      if (depth === 0)
        return comma === undefined
          ? undefined
          : [
              [open + 1, comma],
              [comma + 1, at],
            ];
    } else if (char === "," && depth === 1) comma ??= at;
  }
  return undefined;
}

function equal(left: Value | undefined, right: Value | undefined): Truth {
  if (left === undefined || right === undefined) return "unknown";
  return isKnown(left) && isKnown(right) ? textOf(left) === textOf(right) : "unknown";
}

function isDefined(expansion: Expansion, name: Value | undefined): Truth {
  if (name === undefined || !isKnown(name)) return "unknown";
  const binding = expansion.scope.get(textOf(name));
  if (binding === undefined) return false;
  return binding.parts.some((part) => ("pieces" in part ? part.pieces.length > 0 : part.end > part.start));
}

function isSame(left: Binding | undefined, right: Binding): boolean {
  if (left === right) return true;
  return left !== undefined && left.recursive === right.recursive && writtenParts(left) === writtenParts(right);
}

function writtenParts({ parts }: Binding): string {
  return parts
    .map((part) => ("pieces" in part ? textOf(part) : part.source.text.slice(part.start, part.end).trim()))
    .join(" ");
}

/** What variables are after several ways: the same on all of them, or unknown. */
function merge(ends: readonly ReadonlyMap<string, Binding>[]): Map<string, Binding> {
  const merged = new Map<string, Binding>();
  const [first = new Map<string, Binding>()] = ends;
  for (const name of new Set(ends.flatMap((end) => [...end.keys()]))) {
    const binding = first.get(name);
    if (binding !== undefined && ends.every((end) => isSame(end.get(name), binding))) merged.set(name, binding);
    else {
      const some = ends.map((end) => end.get(name)).find((each) => each !== undefined);
      if (some !== undefined) merged.set(name, { ...some, recursive: false, parts: [unknownValue()] });
    }
  }
  return merged;
}
