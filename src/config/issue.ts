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

/** A kind of file that a person writes, for its errors. */
export interface DocumentKind {
  /** Code of the error: `CONFIG_INVALID`. */
  readonly code: string;
  /** `the configuration`. */
  readonly name: string;
  readonly schema: z.ZodType;
}

/** Makes one error (kind `input`) of what a schema refuses: the first problem in the file is its place, the others are listed. */
export function documentError(issues: readonly Issue[], source: YamlSource, kind: DocumentKind): ArchwayError {
  // Of a file for another version nothing else is known.
  const ofVersion = issues.filter((issue) => issue.path[0] === "version" && issue.input !== undefined);
  const problems = (ofVersion.length > 0 ? ofVersion : issues)
    .flatMap((issue) => problemsOf(issue, source, kind))
    .sort((a, b) => (a.place.line ?? 0) - (b.place.line ?? 0) || (a.place.column ?? 0) - (b.place.column ?? 0));
  const [first, ...others] = problems;
  if (!first) throw new TypeError("no issue to report");
  const lines = others
    .slice(0, maxProblems - 1)
    .map(({ place, message }) => `${place.file}:${place.line}:${place.column}: ${message}.`);
  if (others.length >= maxProblems) lines.push(`and ${others.length - lines.length} more.`);
  return new ArchwayError({
    code: kind.code,
    kind: "input",
    message: [`${first.message}.`, ...lines].join("\n"),
    place: first.place,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
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
          message: inner?.message ?? "wrong key",
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
      const guess = nearestName(source.written(issue.path) ?? "", values);
      return [
        { place, message: `${name} must be one of ${values.join(", ")}`, hint: guess && `Did you mean "${guess}"?` },
      ];
    }
    case "too_small": {
      const what =
        issue.origin === "number" || issue.origin === "int" ? `must be ${issue.minimum} or more` : "is empty";
      return [{ place, message: `${name} ${what}` }];
    }
    case "too_big":
      return [{ place, message: `${name} must be ${issue.maximum} or less` }];
    case "custom": {
      const onKey = issue.params?.["onKey"] === true;
      const shown = onKey ? source.keyPlace(issue.path.slice(0, -1), String(issue.path.at(-1))) : place;
      return [{ place: shown, message: issue.message, hint: hintOf(issue) }];
    }
    case "invalid_union": {
      if (issue.input === undefined && source.written(issue.path) === undefined)
        return [{ place, message: `${name} is missing` }];
      // What was written is one of the alternatives with a mistake in it, when only one of them takes a value of its type.
      const [near, ...more] = issue.errors.filter(
        (issues) => !issues.some((inner) => inner.path.length === 0 && inner.code === "invalid_type"),
      );
      if (near === undefined || more.length > 0) return [{ place, message: `${name} ${issue.message}` }];
      return near.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, source, kind));
    }
    case "invalid_format":
    case "invalid_element":
    case "not_multiple_of":
      return [{ place, message: `${name} ${issue.message}` }];
  }
}

const versionHint = "Other versions of the format need another version of Archway.";

function hintOf(issue: Issue | undefined): string | undefined {
  const hint: unknown = issue?.code === "custom" ? issue.params?.["hint"] : undefined;
  return typeof hint === "string" ? hint : undefined;
}

function unknownKey(path: readonly PropertyKey[], key: string, source: YamlSource, { schema }: DocumentKind): Problem {
  const known = knownKeys(path, schema);
  const guess = nearestName(key, known);
  const where = path.length === 0 ? "" : ` in ${formatPath(path)}`;
  return {
    place: source.keyPlace(path, key),
    message: `unknown key "${key}"${where}`,
    hint: guess ? `Did you mean "${guess}"?` : `Known keys: ${known.join(", ")}.`,
  };
}

/** The keys that an object of the schema has at a path. */
function knownKeys(path: readonly PropertyKey[], document: z.ZodType): string[] {
  let schema: z.core.JSONSchema.BaseSchema | undefined = z.toJSONSchema(document, { io: "input" });
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
function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${String(step)}`))
    .join("");
}
