import { posix } from "node:path";
import { createIgnore, ignoreFilesOf, type Ignore } from "../../dockerfile/ignore-file.ts";
import { compilePattern, type IgnorePattern } from "../../dockerfile/ignore-pattern.ts";
import type { Repository, RepositoryFile } from "./repository.ts";

/** The files that a build gets: a folder of the repository without what its ignore file leaves out. */
export interface BuildContext {
  /** In the repository; `""` is all of it. */
  readonly folder: string;
  /** Path of the ignore file in the repository, when there is one that can be read. */
  readonly ignoreFile?: string;
  readonly patterns: readonly IgnorePattern[];
  /** True when the ignore file leaves out a path of the context (without a leading slash), also one that is not there yet. */
  hides(path: string): boolean;
  /** The pattern that has the last word on a path: it leaves the path out or brings it back. */
  decidedBy(path: string): IgnorePattern | undefined;
}

/**
 * The context of a Dockerfile in a folder. An ignore file beside the Dockerfile (`NAME.dockerignore`) goes before that of the folder; one with
 * a wrong pattern leaves nothing out, because the engine refuses it.
 */
export function openContext(repository: Repository, dockerfile: string, folder: string): BuildContext {
  const [beside, inContext] = ignoreFilesOf(dockerfile);
  const ignoreFile = [beside, folder === "" ? inContext : `${folder}/${inContext}`].find(
    (path) => repository.file(path) !== undefined,
  );
  const ignore = ignoreFile === undefined ? undefined : readIgnore(repository, ignoreFile);
  if (ignoreFile === undefined || ignore === undefined) {
    return { folder, patterns: [], hides: () => false, decidedBy: () => undefined };
  }
  return {
    folder,
    ignoreFile,
    patterns: ignore.patterns,
    hides: (path) => path !== "" && ignore.ignores(path),
    decidedBy: (path) => lastWord(ignore.patterns, path),
  };
}

/** Opens contexts, each only once. */
export function contextOpener(repository: Repository): (dockerfile: string, folder: string) => BuildContext {
  const known = new Map<string, BuildContext>();
  return (dockerfile, folder) => {
    const key = `${dockerfile}\0${folder}`;
    const context = known.get(key) ?? openContext(repository, dockerfile, folder);
    known.set(key, context);
    return context;
  };
}

function readIgnore(repository: Repository, path: string): Ignore | undefined {
  const text = repository.text(path);
  try {
    return text === undefined ? undefined : createIgnore(text, path);
  } catch {
    // A pattern that the engine refuses: there is no build to look at.
    return undefined;
  }
}

/** A pattern for a folder counts for everything in it. */
function lastWord(patterns: readonly IgnorePattern[], path: string): IgnorePattern | undefined {
  const above = path.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"));
  let ignored = false;
  let last: IgnorePattern | undefined;
  for (const pattern of patterns) {
    if (pattern.exception !== ignored || !above.some((each) => pattern.matches(each))) continue;
    ignored = !pattern.exception;
    last = pattern;
  }
  return last;
}

/**
 * The path in the context that a COPY source means: engines take every path from the root of the context (`/a`, `./a` and `../a` are all `a`), and a
 * slash at the end says nothing. `""` is the whole context.
 */
export function pathInContext(source: string): string {
  return posix.resolve("/", source).slice(1);
}

/** True for a source with wildcards (Go's `filepath.Match`). */
export function hasWildcard(source: string): boolean {
  return /[*?[]/.test(source);
}

/** A file that a COPY source means. */
export interface SourceFile {
  readonly file: RepositoryFile;
  /** Its path in the context. */
  readonly path: string;
}

/** The files of the context that a COPY source means, a folder's with everything in it; what the ignore file leaves out is not among them. */
export function sourceFiles(repository: Repository, context: BuildContext, source: string): SourceFile[] {
  const matches = sourceMatcher(source);
  const path = pathInContext(source);
  const fixed = path.slice(0, hasWildcard(path) ? path.search(/[*?[\\]/) : path.length);
  const start = hasWildcard(path) ? fixed.slice(0, Math.max(0, fixed.lastIndexOf("/"))) : fixed;
  const from = [context.folder, start].filter((part) => part !== "").join("/");
  // A link may stand for a file, and a folder behind a link has its files elsewhere: then they are not in the context under these names.
  const alone = repository.file(from);
  const files = alone === undefined ? repository.filesIn(from) : [alone];
  const skip = context.folder === "" ? 0 : context.folder.length + 1;
  return files.flatMap((file) => {
    const inContext = alone === undefined ? file.path.slice(skip) : start;
    const isMeant = matches(inContext) && !context.hides(inContext);
    return isMeant ? [{ file, path: inContext }] : [];
  });
}

/** Tells whether a path of the context is what a COPY source means, or lies in a folder that it means. */
export function sourceMatcher(source: string): (path: string) => boolean {
  const path = pathInContext(source);
  if (path === "") return () => true;
  if (!hasWildcard(path)) return (each) => each === path || each.startsWith(`${path}/`);
  // Go's `filepath.Match` knows no `**`: two stars are one.
  const pattern = compilePattern(path.replaceAll(/\*+/g, "*"), false);
  const depth = path.split("/").length;
  return (each) => pattern?.matches(each.split("/").slice(0, depth).join("/")) === true;
}
