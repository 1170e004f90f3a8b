import type { Script } from "../../shell/trace.ts";
import type { Value } from "../../value.ts";
import { substituted, substitutedScript, type Substitution } from "../ci/substitution.ts";
import type { YamlScalar } from "../yaml/node.ts";
import { evaluateExpression, type Lookup, type Result, resultValue } from "./expression.ts";

/** Expressions end at the first `}}` outside of their texts in quotes. */
const expression = /\$\{\{((?:'(?:[^']|'')*'|[^'}]|\}(?!\}))*)\}\}/g;

function substitution(lookup: Lookup): Substitution {
  return { pattern: expression, replace: ([, inner = ""]) => resultValue(evaluateExpression(inner, lookup)) };
}

/** A scalar's text with its expressions (`${{ … }}`) evaluated; what is written in the scalar keeps its place in it. */
export function interpolate(scalar: YamlScalar, lookup: Lookup): Value {
  return substituted(scalar, substitution(lookup));
}

/** The script of a step as the shell gets it: GitHub replaces expressions before it starts one. */
export function scriptWith(scalar: YamlScalar, lookup: Lookup): Script {
  return substitutedScript(scalar, substitution(lookup));
}

/** The result of a text that is one expression (`${{ … }}`); undefined when it is something else. */
export function wholeExpression(text: string, lookup: Lookup): Result | undefined {
  const inner = /^\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*$/s.exec(text)?.[1];
  return inner === undefined ? undefined : evaluateExpression(inner, lookup);
}
