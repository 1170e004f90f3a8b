import { posix } from "node:path";
import type { Repository } from "../repository/repository.ts";

/** Looked for first, because most files of a repository are nothing of the kind. */
const mentions = /docker|container/i;

const named = /^(?:dockerfile|containerfile)(?:[._-].+)?$|\.(?:dockerfile|containerfile)$/i;

/** Endings of files that are about Dockerfiles or only named like one. */
const otherKinds =
  /\.(?:dockerignore|containerignore|md|rst|txt|adoc|html?|go|py|rb|js|mjs|cjs|ts|tsx|jsx|java|kt|rs|c|cc|cpp|h|cs|php|json|ya?ml|toml|xml|lock|sh|bash|ps1|patch|diff|orig|rej|bak|png|svg|snap|golden|sha256|lua|vim|el)$/i;

/** Folders with other people's code. */
const vendored = /(?:^|\/)(?:node_modules|vendor|third_party|\.git)\//;

/** True for the name that `docker build` takes by itself: then a file that cannot be parsed is worth a word. */
export function isPlainName(path: string): boolean {
  return /^(?:Dockerfile|Containerfile)$/.test(posix.basename(path));
}

/** Paths of the files that may be Dockerfiles: by their names, and those that builds name. */
export function dockerfilePaths(repository: Repository, called: Iterable<string>): string[] {
  const paths = new Set<string>();
  for (const { path } of repository.files) {
    const name = posix.basename(path);
    if (mentions.test(name) && named.test(name) && !otherKinds.test(name) && !vendored.test(path)) paths.add(path);
  }
  for (const path of called) if (repository.file(path) !== undefined) paths.add(path);
  return [...paths].sort();
}
