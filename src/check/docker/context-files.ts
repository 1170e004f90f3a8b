import { posix } from "node:path";
import type { Repository } from "../repository/repository.ts";

/** A path in a build context as a path of the repository; undefined when it leads out of the context (`../x` stays in it, as engines do). */
export function contextPath(context: string, source: string): string {
  // Engines take every path from the root of the context: `/a`, `./a` and `../a` are all `a`.
  const inside = posix.resolve("/", source).slice(1);
  if (inside === "") return context;
  return context === "" ? inside : `${context}/${inside}`;
}

/** True for a source with wildcards (Go's `filepath.Match`). */
export function isGlob(source: string): boolean {
  return /[*?[]/.test(source);
}

/** The pattern of Go's `filepath.Match` as an expression for whole paths; undefined when it is malformed. `**` crosses folders. */
export function globExpression(pattern: string): RegExp | undefined {
  let text = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (pattern.startsWith("**", at)) {
      text += ".*";
      at++;
    } else if (character === "*") text += "[^/]*";
    else if (character === "?") text += "[^/]";
    else if (character === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) return undefined;
      const inner = pattern.slice(at + 1, end).replaceAll(/[\\[\]]/g, "\\$&");
      text += `[${inner}]`;
      at = end;
    } else if (character === "\\") text += escape(pattern.charAt(++at));
    else text += escape(character);
  }
  try {
    return new RegExp(`^${text}$`, "s");
  } catch (error) {
    // A range that is the wrong way round: `[z-a]`.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function escape(character: string): string {
  return character.replaceAll(/[^A-Za-z0-9_/]/g, "\\$&");
}

/** Files and folders of the repository that a COPY source means, as paths of the repository. */
export function sourcePaths(repository: Repository, context: string, source: string): readonly string[] {
  const path = contextPath(context, source);
  if (!isGlob(path)) return exists(repository, path) ? [path] : [];
  const fixed = path.slice(0, path.search(/[*?[]/));
  const folder = fixed.includes("/") ? fixed.slice(0, fixed.lastIndexOf("/")) : "";
  const expression = globExpression(path);
  if (expression === undefined) return [];
  const depth = path.split("/").length;
  const found = new Set<string>();
  for (const file of repository.filesIn(folder)) {
    const candidate = path.includes("**") ? file.path : file.path.split("/").slice(0, depth).join("/");
    if (!found.has(candidate) && expression.test(candidate)) found.add(candidate);
  }
  return [...found];
}

/** True for a file or a folder of the repository; the repository itself is one. */
export function exists(repository: Repository, path: string): boolean {
  return path === "" || repository.file(path) !== undefined || repository.isFolder(path);
}
