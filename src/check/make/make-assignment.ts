import type { Place } from "../place.ts";
import { emptyValue, type Value } from "../value.ts";
import type { Binding, Origin } from "./bindings.ts";
import type { Expansion, ExpansionHost } from "./expand.ts";
import type { Expression } from "./source-text.ts";

/** An assignment at the beginning of a line: its modifiers, its name, its operator. */
export const assignment =
  /^[ \t]*((?:(?:export|override|private|unexport)[ \t]+)*)((?:[^\s:#=$!?+]|\$\([^()\n]*\)|\$\{[^{}\n]*\}|[!?+](?![=:]))+)[ \t]*(:::=|::=|:=|\?=|\+=|!=|=)/;

/** An assignment as it is written. */
export interface Assignment {
  readonly name: string;
  readonly operator: string;
  readonly value: Expression;
  readonly modifiers: string;
  readonly place: Place | undefined;
  readonly flavor?: "define";
}

/** What an assignment makes of a variable. */
export function bindingOf(
  given: Assignment,
  before: Binding | undefined,
  expansion: Expansion,
  chosen: boolean,
  host: ExpansionHost,
): Binding {
  const { name, operator, value, modifiers, place } = given;
  const isSimple =
    operator === ":=" ||
    operator === "::=" ||
    operator === ":::=" ||
    (operator === "+=" && before?.recursive === false);
  const part: Expression | Value =
    operator === "!=" ? host.shell(expansion.expand(value)) : isSimple ? expansion.expand(value) : value;
  const own = "pieces" in part ? (part.pieces.length > 0 ? [part] : [emptyValue]) : [part];
  const origin: Origin = modifiers.includes("override") ? "override" : "file";
  const isExported = modifiers.includes("export") && !modifiers.includes("unexport");
  const flavor = given.flavor ?? (isSimple && operator !== "+=" ? ":=" : (operator as Binding["flavor"]));
  const wasChosen = operator === "+=" && before?.chosen === true;
  return {
    name,
    flavor,
    recursive: !isSimple && operator !== "!=",
    parts: operator === "+=" ? [...(before?.parts ?? []), ...own] : own,
    origin,
    ...(place === undefined ? {} : { place: operator === "+=" && before?.place !== undefined ? before.place : place }),
    ...(chosen || wasChosen ? { chosen: true } : {}),
    ...(isExported || before?.exported === true ? { exported: true } : {}),
  };
}

/** A stretch without white space at its beginning. */
export function trimExpression({ source, start, end }: Expression): Expression {
  const text = source.text.slice(start, end);
  const lead = /^(?:[ \t]|\\\r?\n)*/.exec(text)?.[0].length ?? 0;
  return { source, start: Math.min(start + lead, end), end };
}

/** The colon behind the targets, outside of references; `C:/` is none, and `&:` is found at its `&`. */
export function ruleColon(text: string, start: number, end: number): number | undefined {
  let depth = 0;
  for (let at = start; at < end; at++) {
    const char = text[at];
    if (char === "(" || char === "{") depth++;
    else if (char === ")" || char === "}") depth--;
    else if (depth <= 0 && char === ":" && text[at + 1] !== "=") return at;
    else if (depth <= 0 && char === "&" && text[at + 1] === ":") return at;
  }
  return undefined;
}
