import { repositoryOf } from "./file-tree.ts";
import type { Repository } from "./repository.ts";

/** A repository in which some files have other texts, or are new. */
export function patchedRepository(repository: Repository, texts: ReadonlyMap<string, string>): Repository {
  const patches = new Map([...texts].map(([path, text]) => [path, new TextEncoder().encode(text)]));
  const known = new Set(repository.files.map(({ path }) => path));
  const patched = repositoryOf({
    files: [
      ...repository.files.map((file) => ({ ...file, size: patches.get(file.path)?.byteLength ?? file.size })),
      ...[...patches].flatMap(([path, bytes]) => {
        return known.has(path) ? [] : [{ path, size: bytes.byteLength, executable: false }];
      }),
    ],
    links: repository.links,
    unreadable: repository.unreadable,
    read: ({ path }, count) => patches.get(path)?.subarray(0, count) ?? repository.head(path, count),
  });
  return {
    ...patched,
    // The texts of all other files were read and decoded once already.
    text: (path) => (patches.has(path) ? patched.text(path) : repository.text(path)),
  };
}
