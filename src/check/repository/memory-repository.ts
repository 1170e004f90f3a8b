import { repositoryOf } from "./file-tree.ts";
import type { Repository, RepositoryFile, RepositoryLink } from "./repository.ts";

/**
 * A repository that is given as texts or bytes by path; paths that end in `*` are executable (the star is no part of the name). `links` are
 * symbolic links: path and what it leads to (undefined: out of the repository).
 */
export function memoryRepository(
  contents: Readonly<Record<string, string | Uint8Array>>,
  links: readonly RepositoryLink[] = [],
): Repository {
  const bytes = new Map<string, Uint8Array>();
  const files: RepositoryFile[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const path = name.replace(/\*$/, "");
    const data = typeof content === "string" ? new TextEncoder().encode(content) : content;
    bytes.set(path, data);
    files.push({ path, size: data.byteLength, executable: name.endsWith("*") });
  }
  return repositoryOf({
    files,
    links,
    unreadable: [],
    read: ({ path }, count) => bytes.get(path)?.subarray(0, count),
  });
}
