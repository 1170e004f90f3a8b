import { posix } from "node:path";
import { parseHeredocWord } from "../../dockerfile/heredoc.ts";
import type { Dockerfile } from "../../dockerfile/parse.ts";
import type { BuildCall } from "../callers/build-call.ts";
import { hasWildcard, sourceFiles, type BuildContext } from "../repository/build-context.ts";
import type { Repository } from "../repository/repository.ts";

/** Most sources that are looked up to choose between contexts. */
const maxSources = 50;

/**
 * Folders that builds of a Dockerfile take as context: those that callers name, then the folder of the Dockerfile and the folders above it, those in which
 * more of what it copies exists first. A folder in which less exists than in another is none, unless a caller names it.
 */
export function contextsOf(
  path: string,
  dockerfile: Dockerfile,
  calls: readonly BuildCall[],
  repository: Repository,
): readonly string[] {
  const called = calls.flatMap(({ context }) => (context === undefined ? [] : [context]));
  const sources = plainSources(dockerfile).slice(0, maxSources);
  const scored = foldersAbove(path).map((folder) => {
    return {
      folder,
      count: sources.filter((source) => sourceFiles(repository, everything(folder), source).length > 0).length,
    };
  });
  const most = Math.max(...scored.map(({ count }) => count));
  const likely = scored.filter(({ folder, count }) => count === most && (most > 0 || isUsual(folder, path)));
  return [
    ...new Set([
      ...called.filter((folder) => folder === "" || repository.isFolder(folder)),
      ...likely.map(({ folder }) => folder),
    ]),
  ];
}

/** Without any sign, builds are started in the folder of the Dockerfile or in the repository. */
function isUsual(folder: string, path: string): boolean {
  return folder === "" || folder === folderOf(path);
}

/** The folder of a file and all above it, the nearest first; `""` is the repository. */
function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let folder = folderOf(path); folder !== ""; folder = folderOf(folder)) folders.push(folder);
  return [...folders, ""];
}

function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === "." ? "" : folder;
}

/** Sources of COPY and ADD that are plain paths of the context: those that every folder has (`.`) tell nothing. */
function plainSources(dockerfile: Dockerfile): string[] {
  const sources = dockerfile.stages.flatMap(({ instructions }) =>
    instructions.flatMap((instruction) => {
      if (instruction.keyword !== "COPY" && instruction.keyword !== "ADD") return [];
      return instruction.from === undefined ? instruction.sources.map(({ text }) => text) : [];
    }),
  );
  return [...new Set(sources)].filter((source) => {
    const isRemote = /^[a-z+]+:\/\/|^git@/.test(source);
    const isEverything = posix.resolve("/", source) === "/" || (hasWildcard(source) && /^[./*]*$/.test(source));
    return !isRemote && !isEverything && !source.includes("$") && parseHeredocWord(source) === undefined;
  });
}

/** A folder of which nothing is left out: what is only left out is there all the same. */
function everything(folder: string): BuildContext {
  return { folder, patterns: [], hides: () => false, decidedBy: () => undefined };
}
