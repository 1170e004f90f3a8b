import { z } from "zod";
import { ArchwayError, type ErrorPlace } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import type { YamlSource } from "./yaml-source.ts";

type Issue = z.core.$ZodIssue;

/** What is wrong at one place of the configuration. */
interface Problem {
  readonly place: ErrorPlace;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Problems that one error lists. */
const maxProblems = 10;

/** Problems that are looked up in the file. */
const maxLooked = 200;

/** A kind of file that a person writes, for its errors. */
export interface DocumentKind {
  /** Code of the error: `CONFIG_INVALID`. */
  readonly code: string;
  /** `the configuration`. */
  readonly name: string;
  readonly schema: z.ZodType;
  /** What says the same as a key, or a word among others, that people know from elsewhere, as a sentence; the path is that of its mapping or list. */
  readonly foreignHint?: (path: readonly PropertyKey[], key: string) => string | undefined;
}

/** Makes one error (kind `input`) of what a schema refuses: the first problem in the file is its place, the others are listed. */
export function documentError(issues: readonly Issue[], source: YamlSource, kind: DocumentKind): ArchwayError {
  // Of a file for another version nothing else is known.
  const ofVersion = issues.filter((issue) => issue.path[0] === "version" && issue.input !== undefined);
  const wrong = ofVersion.length > 0 ? ofVersion : issues;
  const looked = wrong.slice(0, maxLooked);
  const problems = looked
    .filter((issue) => !followsFromKey(issue, looked))
    .flatMap((issue) => problemsOf(issue, source, kind))
    .sort((a, b) => (a.place.line ?? 0) - (b.place.line ?? 0) || (a.place.column ?? 0) - (b.place.column ?? 0));
  const [first, ...others] = problems;
  if (!first) throw new TypeError("no issue to report");
  const lines = others
    .slice(0, maxProblems - 1)
    .map(({ place, message }) => `${place.file}:${place.line}:${place.column}: ${sentence(message)}`);
  const more = others.length - lines.length + wrong.length - looked.length;
  if (more > 0) lines.push(`and ${more} more.`);
  return new ArchwayError({
    code: kind.code,
    kind: "input",
    message: [sentence(first.message), ...lines].join("\n"),
    place: first.place,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
}

/** A guess at what was meant ends as a question. */
function sentence(message: string): string {
  return message.endsWith("?") ? message : `${message}.`;
}

/** A mistyped key is the mistake; that something is missing around it, or beside it, follows. */
function followsFromKey(issue: Issue, issues: readonly Issue[]): boolean {
  const isMissing = (issue.code === "invalid_type" || issue.code === "invalid_union") && issue.input === undefined;
  if (issue.code !== "custom" && !isMissing) return false;
  const mapping = (isMissing ? issue.path.slice(0, -1) : issue.path).join("\n");
  return issues.some(
    ({ code, path }) => code === "unrecognized_keys" && path.length > 0 && path.join("\n") === mapping,
  );
}

function problemsOf(issue: Issue, source: YamlSource, kind: DocumentKind): Problem[] {
  const name = formatPath(issue.path);
  const place = source.place(issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(issue.path, key, source, kind));
    case "invalid_key": {
      const [inner] = issue.issues;
      const key = String(issue.path.at(-1));
      return [
        {
          place: source.keyPlace(issue.path.slice(0, -1), key),
          message:
            inner === undefined || inner.code === "custom"
              ? (inner?.message ?? "wrong key")
              : `"${key}" ${inner.message}`,
          hint: hintOf(inner),
        },
      ];
    }
    case "invalid_type":
      return [wrongType(issue, name === "" ? kind.name : name, place, source)];
    case "invalid_value": {
      const values = issue.values.map(String);
      if (issue.input === undefined) return [{ place, message: `${name} is missing` }];
      if (name === "version") return [{ place, message: `version must be ${values.join(" or ")}`, hint: versionHint }];
      const written = source.written(issue.path) ?? "";
      const guess = nearestName(written, values);
      const hint = kind.foreignHint?.(issue.path, written) ?? (guess && `Did you mean "${guess}"?`);
      return [{ place, message: `${name} must be one of ${values.join(", ")}`, hint }];
    }
    case "too_small": {
      const what =
        issue.origin === "number" || issue.origin === "int" ? `must be ${issue.minimum} or more` : "is empty";
      return [{ place, message: `${name} ${what}` }];
    }
    case "too_big":
      return [{ place, message: `${name} must ${atMost(issue.origin, Number(issue.maximum))}` }];
    case "custom": {
      const onKey = issue.params?.["onKey"] === true;
      const character: unknown = issue.params?.["character"];
      const inside = typeof character === "number" ? source.place(issue.path, character) : place;
      const shown = onKey ? source.keyPlace(issue.path.slice(0, -1), String(issue.path.at(-1))) : inside;
      const message = issue.message.startsWith("must ") ? `${name} ${issue.message}` : issue.message;
      return [{ place: shown, message, hint: hintOf(issue) }];
    }
    case "invalid_union": {
      if (issue.input === undefined && source.written(issue.path) === undefined)
        return [{ place, message: `${name} is missing` }];
      // What was written is one of the alternatives with a mistake in it: the one that agrees with it the furthest.
      const [near, next] = issue.errors
        .filter((issues) => !issues.some(isOfOtherType))
        .toSorted((a, b) => depthOf(b) - depthOf(a) || Number(saysMore(b)) - Number(saysMore(a)));
      const isUnclear =
        next !== undefined &&
        near !== undefined &&
        depthOf(next) === depthOf(near) &&
        saysMore(near) === saysMore(next);
      if (near === undefined || isUnclear) {
        const written = source.written(issue.path);
        if (typeof issue.input === "number" && written !== undefined && issue.errors.flat().some(takesText)) {
          const message = `${name} must be a text, and ${written} is not one for YAML`;
          return [{ place, message, hint: `Quote it: "${written}"` }];
        }
        const types = [...new Set(issue.errors.flat().flatMap(expectedType))];
        const isPlain = issue.message.startsWith("Invalid input") && types.length > 0;
        return [{ place, message: `${name} ${isPlain ? `must be ${types.join(" or ")}` : issue.message}` }];
      }
      const inside = near.slice(0, maxLooked).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
      return inside
        .filter((inner) => !followsFromKey(inner, inside))
        .flatMap((inner) => problemsOf(inner, source, kind));
    }
    case "invalid_format":
    case "invalid_element":
    case "not_multiple_of":
      return [{ place, message: `${name} ${issue.message}` }];
  }
}

function atMost(origin: string, maximum: number): string {
  if (origin === "string") return `have at most ${maximum} characters`;
  return origin === "array" || origin === "set" ? `have at most ${maximum} entries` : `be ${maximum} or less`;
}

/** An alternative of a union that takes values of another type, itself or in all of its own alternatives. */
function isOfOtherType(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === "invalid_union") return issue.errors.every((issues) => issues.some(isOfOtherType));
  return issue.code === "invalid_type" || (issue.code === "invalid_value" && typeof issue.input !== "string");
}

function takesText(issue: Issue): boolean {
  return issue.code === "invalid_type" && issue.path.length === 0 && issue.expected === "string";
}

/** What an alternative takes, in words. */
function expectedType(issue: Issue): string[] {
  if (issue.path.length > 0) return [];
  if (issue.code === "invalid_union") return issue.errors.flat().flatMap(expectedType);
  if (issue.code === "invalid_value") return [`one of ${issue.values.join(", ")}`];
  return issue.code === "invalid_type" ? [typeNames[issue.expected] ?? issue.expected] : [];
}

/** Somebody read the value and knows what is wrong with it, instead of what it should be. */
function saysMore(issues: readonly Issue[]): boolean {
  return issues.every(({ code }) => code === "custom");
}

/** How far into a value the first mistake lies. */
function depthOf(issues: readonly Issue[]): number {
  return issues.reduce(
    (least, issue) => Math.min(least, issue.path.length + (issue.code === "invalid_union" ? 1 : 0)),
    Infinity,
  );
}

const versionHint = "Other versions of the format need another version of Archway.";

function hintOf(issue: Issue | undefined): string | undefined {
  const hint: unknown = issue?.code === "custom" ? issue.params?.["hint"] : undefined;
  return typeof hint === "string" ? hint : undefined;
}

function unknownKey(path: readonly PropertyKey[], key: string, source: YamlSource, kind: DocumentKind): Problem {
  const known = knownKeys(path, kind.schema);
  // The first versions of the format wrote some names in camel case.
  const snake = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const guess = known.includes(snake) ? snake : nearestName(key, known);
  const where = path.length === 0 ? "" : ` in ${formatPath(path)}`;
  return {
    place: source.keyPlace(path, key),
    message: `unknown key "${key}"${where}`,
    hint:
      kind.foreignHint?.(path, key) ??
      (guess === undefined ? `Known keys: ${known.join(", ")}.` : `Did you mean "${guess}"?`),
  };
}

/** Schemas as JSON: making one takes longer than all else that a mistake does. */
const jsonSchemas = new WeakMap<z.ZodType, z.core.JSONSchema.BaseSchema>();

/** The keys that an object of the schema has at a path. */
function knownKeys(path: readonly PropertyKey[], document: z.ZodType): string[] {
  let schema: z.core.JSONSchema.BaseSchema | undefined =
    jsonSchemas.get(document) ?? z.toJSONSchema(document, { io: "input" });
  jsonSchemas.set(document, schema);
  for (const step of path) {
    const holder = alternativeFor(schema, typeof step === "number" ? "items" : "properties");
    const next: z.core.JSONSchema._JSONSchema | z.core.JSONSchema._JSONSchema[] | undefined =
      typeof step === "number" ? holder?.items : (holder?.properties?.[String(step)] ?? holder?.additionalProperties);
    schema = typeof next === "object" && !Array.isArray(next) ? next : undefined;
  }
  return Object.keys(alternativeFor(schema, "properties")?.properties ?? {});
}

/** Of several alternatives the one that has what is asked for. */
function alternativeFor(
  schema: z.core.JSONSchema.BaseSchema | undefined,
  key: "items" | "properties",
): z.core.JSONSchema.BaseSchema | undefined {
  const alternatives: readonly z.core.JSONSchema._JSONSchema[] = schema?.anyOf ?? [];
  const found = alternatives.find((one) => typeof one === "object" && one[key] !== undefined);
  return typeof found === "object" ? found : schema;
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function wrongType(
  issue: Extract<Issue, { code: "invalid_type" }>,
  name: string,
  place: ErrorPlace,
  source: YamlSource,
): Problem {
  const expected = typeNames[issue.expected] ?? issue.expected;
  const written = source.written(issue.path);
  const parent = issue.path.slice(0, -1);
  if (issue.input === undefined && written === undefined) {
    const line = source.place(parent);
    return { place: line, message: `${name} is missing` };
  }
  // A schema that says what it wants in words of its own knows better; the library's begin like this.
  if (!issue.message.startsWith("Invalid input")) return { place, message: `${name} ${issue.message}` };
  const message = `${name} must be ${expected}`;
  if (issue.expected !== "string" || !written) return { place, message };
  return { place, message: `${message}, and ${written} is not one for YAML`, hint: `Quote it: "${written}"` };
}

/** `build.args.VERSION`, `check.ignore[0].rule`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${String(step)}`))
    .join("");
}
