import { invalid, positionAt, skipSpaces, type Position, type SourceFile } from "./source.ts";

/** A parser directive: `# syntax=…`, `# escape=…` or `# check=…` in the first lines of the file. */
export interface Directive {
  readonly name: "syntax" | "escape" | "check";
  readonly value: string;
  /** Counts from 1. */
  readonly line: number;
}

const names = ["syntax", "escape", "check"] as const;

/**
 * Reads the parser directives. They stand before everything else: the first line that is not a known directive ends them, so a blank
 * line, a comment or a misspelt name makes the rest ordinary comments.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` when one is given twice or the escape character is neither `\` nor a backtick.
 */
export function readDirectives(source: SourceFile): readonly Directive[] {
  return directivesFrom(source, 0, "#", true);
}

/** The escape character that the directives choose. */
export function escapeOf(directives: readonly Directive[]): "\\" | "`" {
  return directives.some((directive) => directive.name === "escape" && directive.value === "`") ? "`" : "\\";
}

/**
 * The image that BuildKit fetches to read this file, from `# syntax=`, `// syntax=` or `{"syntax": …}`; a first line `#!…` is skipped.
 * `line` counts from 1. Undefined means BuildKit's built-in frontend. Works on files that are no Dockerfiles.
 */
export function detectSyntax(source: SourceFile): { readonly image: string; readonly line: number } | undefined {
  const first = source.text.startsWith("#!") ? 1 : 0;
  for (const prefix of ["#", "//"]) {
    const directive = directivesFrom(source, first, prefix, false).find(({ name }) => name === "syntax");
    const image = directive?.value.split(" ", 1)[0];
    if (directive !== undefined && image !== undefined) return { image, line: directive.line };
  }
  const image = source.text.trimStart().startsWith("{") ? syntaxOfJson(source.text) : undefined;
  return image === undefined ? undefined : { image, line: 1 };
}

function directivesFrom(source: SourceFile, first: number, prefix: string, strict: boolean): readonly Directive[] {
  const directives: Directive[] = [];
  for (let index = first; index < source.lineStarts.length; index++) {
    const start = source.lineStarts[index] ?? 0;
    const end = source.lineStarts[index + 1] ?? source.text.length + 1;
    const directive = parseDirective(source.text.slice(start, end - 1), prefix, index + 1);
    if (directive === undefined) return directives;
    if (strict) check(source, directive, directives, positionAt(source, start));
    directives.push(directive);
  }
  return directives;
}

function parseDirective(physicalLine: string, prefix: string, line: number): Directive | undefined {
  const start = skipSpaces(physicalLine, 0);
  if (!physicalLine.startsWith(prefix, start)) return undefined;
  const text = physicalLine.slice(skipSpaces(physicalLine, start + prefix.length)).replace(/\r+$/, "");
  const match = /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=/.exec(text);
  const name = names.find((known) => known === match?.[1]?.toLowerCase());
  if (match === null || name === undefined) return undefined;
  const raw = text.slice(match[0].length);
  if (raw === "") return undefined;
  const value = raw.trim();
  // A value of blanks only is a blank: BuildKit's expression wants one character.
  return { name, value: value === "" ? raw.slice(-1) : value, line };
}

function check(source: SourceFile, directive: Directive, earlier: readonly Directive[], at: Position): void {
  if (earlier.some(({ name }) => name === directive.name)) {
    throw invalid(source.file, `only one ${directive.name} parser directive can be used`, at);
  }
  if (directive.name === "escape" && directive.value !== "`" && directive.value !== "\\") {
    throw invalid(source.file, `invalid escape token '${directive.value}' does not match \` or \\`, at);
  }
}

function syntaxOfJson(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("syntax" in value)) return undefined;
    return typeof value.syntax === "string" ? value.syntax : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
