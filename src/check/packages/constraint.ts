import { lowerBound, compareVersions, raised, type Bound } from "./version.ts";

/** Longest constraint that is read, in characters. */
const maxLength = 1000;

const exactly = (version: string): Bound => ({ version, inclusive: true });
const below = (version: string): Bound => ({ version, inclusive: false });

/** The newest version that the specifiers of PEP 440 let in (`==3.0.2`, `>=1,<2`, `~=1.4.2`); undefined when they set no limit. */
export function pythonBound(specifiers: string): Bound | undefined {
  let bound: Bound | undefined;
  for (const part of specifiers.slice(0, maxLength).split(",")) {
    const found = /^\s*(===?|~=|<=?)\s*v?([0-9][\w.!+*-]*)\s*$/.exec(part);
    if (found === null) continue;
    const [, operator = "", version = ""] = found;
    bound = lowerBound(bound, pythonLimit(operator, version));
  }
  return bound;
}

function pythonLimit(operator: string, version: string): Bound {
  if (operator === "<") return below(version);
  if (operator === "<=") return exactly(version);
  if (operator === "~=") return below(raised(version, Math.max(0, version.split(".").length - 2)));
  return version.endsWith(".*") ? below(raised(version, version.split(".").length - 2)) : exactly(version);
}

/** The newest version that a constraint of npm lets in (`^4.14.1`, `~1.2`, `1.x`, `>=1 <2`, `1 || 2`). */
export function npmBound(range: string): Bound | undefined {
  const alternatives = range
    .slice(0, maxLength)
    .split("||")
    .map((part) => npmAlternative(part.trim()));
  let highest: Bound | undefined;
  for (const bound of alternatives) {
    if (bound === undefined) return undefined;
    const difference = highest === undefined ? 1 : compareVersions(bound.version, highest.version);
    if (difference > 0 || (difference === 0 && bound.inclusive)) highest = bound;
  }
  return highest;
}

function npmAlternative(text: string): Bound | undefined {
  const span = /^v?[\d.]+\s+-\s+v?(\d[\w.-]*)$/.exec(text);
  if (span !== null) return exactly(span[1] ?? "");
  let bound: Bound | undefined;
  for (const [, operator = "", version = ""] of text.matchAll(/(\^|~>?|<=?|>=?|=)?\s*v?(\d[\w.*+-]*)/g))
    bound = lowerBound(bound, npmLimit(operator, version));
  return bound;
}

function npmLimit(operator: string, version: string): Bound | undefined {
  const parts = version.split(".");
  const wild = parts.findIndex((part) => /^[x*]$/i.test(part));
  const given = wild < 0 ? parts.length : wild;
  switch (operator) {
    case ">":
    case ">=":
      return undefined;
    case "<":
      return below(version);
    case "<=":
      return exactly(version);
    case "^":
      return caret(parts, given);
    case "~":
    case "~>":
      return below(raised(version, given >= 2 ? 1 : 0));
    default:
      return given >= 3 ? exactly(version) : below(raised(version, Math.max(0, given - 1)));
  }
}

/** `^` lets the first number that is not zero stay as it is: `^0.2.3` is below 0.3. */
function caret(parts: readonly string[], given: number): Bound {
  const first = parts.slice(0, Math.min(given, 3)).findIndex((part) => Number.parseInt(part, 10) > 0);
  return below(raised(parts.join("."), first < 0 ? Math.max(0, given - 1) : first));
}

/** The newest version that a constraint of Poetry, Pipenv or Cargo lets in; `bare` is what a version without an operator means there. */
export function tomlBound(constraint: string, bare: "exact" | "caret"): Bound | undefined {
  let highest: Bound | undefined;
  for (const alternative of constraint.slice(0, maxLength).split("||")) {
    let bound: Bound | undefined;
    for (const part of alternative.split(",")) bound = lowerBound(bound, tomlLimit(part.trim(), bare));
    if (bound === undefined) return undefined;
    if (highest === undefined || compareVersions(bound.version, highest.version) > 0) highest = bound;
  }
  return highest;
}

function tomlLimit(part: string, bare: "exact" | "caret"): Bound | undefined {
  if (/^(?:===?|~=|<=?)/.test(part)) return pythonBound(part);
  if (/^[\^~]/.test(part)) return npmBound(part);
  if (/^=\s*\d/.test(part)) return npmBound(part);
  if (!/^v?\d/.test(part)) return undefined;
  if (part.includes("*")) return npmBound(part);
  return bare === "caret" ? npmBound(`^${part}`) : exactly(part.replace(/^v/, ""));
}

/** The newest version that Maven's or Gradle's notation lets in: a version alone, `[1.0,2.0)`, `1.+`. */
export function mavenBound(version: string): Bound | undefined {
  const text = version.slice(0, maxLength).trim();
  const range = /^[[(](?:.*,)?\s*([^,[\]()]*)([\])])$/.exec(text);
  if (range !== null) {
    const [, upper = "", end] = range;
    return upper === "" ? undefined : { version: upper, inclusive: end === "]" };
  }
  if (/^\d[\w.-]*\.\+$/.test(text)) return below(raised(text, text.split(".").length - 2));
  return /^v?\d[\w.+-]*$/.test(text) ? exactly(text) : undefined;
}
