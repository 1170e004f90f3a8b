import { maxTextSize, type Repository, type RepositoryFile } from "./repository.ts";

/** A repository in which some files have other texts, or are new. */
export function patchedRepository(repository: Repository, texts: ReadonlyMap<string, string>): Repository {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const patched = (path: string, executable: boolean): RepositoryFile | undefined => {
    const text = texts.get(path);
    return text === undefined ? undefined : { path, size: encode(text).byteLength, executable };
  };
  const known = new Set(repository.files.map(({ path }) => path));
  const files = [
    ...repository.files.map((file) => patched(file.path, file.executable) ?? file),
    ...[...texts.keys()].flatMap((path) => (known.has(path) ? [] : (patched(path, false) ?? []))),
  ].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const within = (folder: string) => files.filter(({ path }) => folder === "" || path.startsWith(`${folder}/`));
  return {
    files,
    file: (path) => files.find((file) => file.path === path) ?? repository.file(path),
    isFolder: (path) => repository.isFolder(path) || within(path).length > 0,
    filesIn: within,
    text: (path) => {
      const text = texts.get(path);
      if (text === undefined) return repository.text(path);
      return text.length > maxTextSize ? undefined : text;
    },
    head: (path, bytes) => {
      const text = texts.get(path);
      return text === undefined ? repository.head(path, bytes) : encode(text.slice(0, bytes)).subarray(0, bytes);
    },
  };
}
