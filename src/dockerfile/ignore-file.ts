import { posix } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { compilePattern, type IgnorePattern } from "./ignore-pattern.ts";

/** What an ignore file leaves out of a build context. Paths are relative to the context, with slashes and without a leading one. */
export interface Ignore {
  readonly patterns: readonly IgnorePattern[];
  /** True when the engine does not send this file or folder. (Files inside an ignored folder may be sent: see exceptions.) */
  readonly ignores: (path: string) => boolean;
  /** True when nothing inside this folder is sent: it need not be walked. */
  readonly excludesDirectory: (path: string) => boolean;
}

/** Longest line of an ignore file, in bytes: the limit of Go's scanner. */
const maxLine = 65_535;

/** Folders whose results are kept; contexts are walked folder by folder. */
const keptFolders = 20_000;

/** The ignore files that count for a Dockerfile, the first one that exists: `NAME.dockerignore` beside it, else the context's. */
export function ignoreFilesOf(dockerfile: string): readonly [besideDockerfile: string, inContext: string] {
  return [`${dockerfile}.dockerignore`, ".dockerignore"];
}

/**
 * Reads an ignore file with the semantics of moby/patternmatcher as BuildKit's file transfer uses it: patterns in order, the last match
 * wins, `!` makes exceptions, a pattern that matches a folder matches everything in it.
 *
 * @throws ArchwayError `IGNORE_FILE_INVALID` (kind `input`) with the line of a pattern whose syntax is wrong.
 */
export function createIgnore(text: string, file = ".dockerignore"): Ignore {
  const patterns = readPatterns(text, file);
  const folders = new Map<string, Folder>();
  const folderOf = (path: string): Folder => {
    let folder = folders.get(path);
    // From the top down, because each folder needs the results of the one it is in.
    for (let end = path.indexOf("/"); folder?.path !== path; end = path.indexOf("/", end + 1)) {
      const prefix = end < 0 ? path : path.slice(0, end);
      folder = folders.get(prefix) ?? enterFolder(patterns, prefix, folder);
      if (folders.size >= keptFolders) folders.clear();
      folders.set(prefix, folder);
    }
    return folder;
  };
  return {
    patterns,
    ignores: (path) => {
      const slash = path.lastIndexOf("/");
      const parent = slash <= 0 ? undefined : folderOf(path.slice(0, slash));
      return parent?.closed === true || match(patterns, path, parent).ignored;
    },
    excludesDirectory: (path) => folderOf(path).closed,
  };
}

function readPatterns(text: string, file: string): readonly IgnorePattern[] {
  const patterns: IgnorePattern[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    if (line.length > maxLine) throw wrong(file, index, "the line is too long");
    if (line.startsWith("#") || line.trim() === "") continue;
    const trimmed = line.trim();
    const exception = trimmed.startsWith("!");
    const pattern = clean(exception ? trimmed.slice(1).trim() : trimmed);
    if (pattern === "" || (exception && pattern === "/")) throw wrong(file, index, 'illegal exclusion pattern: "!"');
    const compiled = compilePattern(pattern, exception);
    if (compiled === undefined) throw wrong(file, index, `syntax error in pattern ${trimmed.slice(0, 200)}`);
    patterns.push({ ...compiled, line: index + 1 });
  }
  return patterns;
}

/** The shortest form of a path, without a slash at its ends; a lone slash stays. */
function clean(pattern: string): string {
  if (pattern === "") return "";
  const normal = posix.normalize(pattern).replace(/(?<=.)\/+$/, "");
  return normal.length > 1 && normal.startsWith("/") ? normal.slice(1) : normal;
}

function wrong(file: string, index: number, message: string): ArchwayError {
  return new ArchwayError({
    code: "IGNORE_FILE_INVALID",
    kind: "input",
    message,
    place: { file, line: index + 1 },
    hint: "Write a literal *, ?, [ or \\ with a backslash before it.",
  });
}

/** What is known of a folder for the paths inside it. */
interface Folder {
  readonly path: string;
  /** For each pattern 1 when it matched the folder or one above it. */
  readonly matched: Uint8Array;
  /** Nothing inside is sent. */
  readonly closed: boolean;
}

function enterFolder(patterns: readonly IgnorePattern[], path: string, parent: Folder | undefined): Folder {
  if (parent?.closed === true) return { ...parent, path };
  const { ignored, matched } = match(patterns, path, parent);
  return { path, matched, closed: ignored && !mayHoldExceptions(patterns, path) };
}

/**
 * The result of all patterns for one path, given those for its folder (patternmatcher, `MatchesUsingParentResults`). A pattern that cannot
 * change the result so far is not tried, so it does not count as matched for the paths inside either.
 */
function match(
  patterns: readonly IgnorePattern[],
  path: string,
  parent: Folder | undefined,
): { readonly ignored: boolean; readonly matched: Uint8Array } {
  const matched = new Uint8Array(patterns.length);
  let ignored = false;
  for (const [index, pattern] of patterns.entries()) {
    const inherited = parent?.matched[index] === 1;
    if (!inherited && (pattern.exception !== ignored || !pattern.matches(path))) continue;
    matched[index] = 1;
    ignored = !pattern.exception;
  }
  return { ignored, matched };
}

/**
 * False when no exception can match inside an ignored folder, so that the engine does not walk it (fsutil, `filterFS.Walk`): all exceptions
 * are paths without wildcards (but for a final `/*` or `/**`), and none lies inside.
 */
function mayHoldExceptions(patterns: readonly IgnorePattern[], folder: string): boolean {
  const exceptions = patterns
    .filter(({ exception }) => exception)
    .map(({ text }) => text.replace(/\/\*\*$/, "").replace(/\/\*$/, ""));
  if (exceptions.some((text) => /[*[\]?^\\]/.test(text))) return true;
  return exceptions.some((text) => `${text}/`.startsWith(`${folder}/`));
}
