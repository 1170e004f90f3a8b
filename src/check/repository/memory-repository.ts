import { maxTextSize, type Repository, type RepositoryFile } from "./repository.ts";

/** A repository that is given as texts or bytes by path; paths that end in `*` are executable (the star is no part of the name). */
export function memoryRepository(contents: Readonly<Record<string, string | Uint8Array>>): Repository {
  const bytes = new Map<string, Uint8Array>();
  const files: RepositoryFile[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const path = name.replace(/\*$/, "");
    const data = typeof content === "string" ? new TextEncoder().encode(content) : content;
    bytes.set(path, data);
    files.push({ path, size: data.byteLength, executable: name.endsWith("*") });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const within = (folder: string) => files.filter(({ path }) => folder === "" || path.startsWith(`${folder}/`));
  return {
    files,
    file: (path) => files.find((file) => file.path === path),
    isFolder: (path) => within(path).length > 0,
    filesIn: within,
    text: (path) => {
      const data = bytes.get(path);
      if (data === undefined || data.byteLength > maxTextSize || data.includes(0)) return undefined;
      return new TextDecoder().decode(data);
    },
    head: (path, count) => bytes.get(path)?.subarray(0, count),
  };
}
