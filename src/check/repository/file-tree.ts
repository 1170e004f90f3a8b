import { posix } from "node:path";
import { identifyBinary, type BinaryIdentity } from "./binary.ts";
import { maxTextSize, type Repository, type RepositoryFile, type RepositoryLink } from "./repository.ts";

/** What a repository is made of, and how the bytes of one of its files are read. */
export interface TreeParts {
  readonly files: readonly RepositoryFile[];
  readonly links: readonly RepositoryLink[];
  readonly unreadable: Repository["unreadable"];
  /** The first `count` bytes of a file of `files`; undefined when it cannot be read. */
  readonly read: (file: RepositoryFile, count: number) => Uint8Array | undefined;
}

/** Links that are followed on the way to one file; Linux has the same limit. */
const maxLinks = 40;

/** A repository over a list of its files and links: links are followed by their paths alone, so that no path ever leaves the list. */
export function repositoryOf({ files: given, links, unreadable, read }: TreeParts): Repository {
  const files = given.toSorted(byPath);
  const byName = new Map(files.map((file) => [file.path, file]));
  const targets = new Map(links.map(({ path, target }) => [path, target]));
  const folders = foldersOf(files);
  const texts = new Map<string, string | undefined>();
  const binaries = new Map<string, BinaryIdentity | undefined>();

  const find = (path: string) => {
    const plain = cleanPath(path);
    if (plain === undefined) return undefined;
    return byName.has(plain) || folders.has(plain) || targets.size === 0 ? plain : follow(plain, targets);
  };
  const file = (path: string) => {
    const real = find(path);
    return real === undefined ? undefined : byName.get(real);
  };
  return {
    files,
    links: links.toSorted(byPath),
    unreadable,
    file,
    isFolder: (path) => {
      const real = find(path);
      return real !== undefined && folders.has(real);
    },
    filesIn: (folder) => {
      const real = find(folder);
      if (real === undefined) return [];
      return real === "" ? files : withPrefix(files, `${real}/`);
    },
    text: (path) => {
      const found = file(path);
      if (found === undefined || found.size > maxTextSize) return undefined;
      if (!texts.has(found.path)) texts.set(found.path, textOf(read(found, maxTextSize + 1)));
      return texts.get(found.path);
    },
    head: (path, count) => {
      const found = file(path);
      return found === undefined ? undefined : read(found, count);
    },
    binary: (path) => {
      const found = file(path);
      if (found === undefined) return undefined;
      if (!binaries.has(found.path))
        binaries.set(
          found.path,
          identifyBinary(found.path, (count) => read(found, count)),
        );
      return binaries.get(found.path);
    },
  };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** A path without `.`, `..` and slashes at its ends; undefined for one that leaves the repository. */
function cleanPath(path: string): string | undefined {
  if (!/(?:^|\/)\.|\/\/|\/$|^\//.test(path)) return path;
  const normal = posix.normalize(path).replace(/\/+$/, "");
  if (normal === "." || normal === "") return "";
  return normal.startsWith("/") || normal === ".." || normal.startsWith("../") ? undefined : normal;
}

/** Follows the links on a path; undefined when one leads out of the repository, or they go round. */
function follow(path: string, targets: ReadonlyMap<string, string | undefined>): string | undefined {
  let rest = path.split("/");
  let at = "";
  for (let hops = 0; rest.length > 0;) {
    const [name = "", ...more] = rest;
    const next = at === "" ? name : `${at}/${name}`;
    rest = more;
    if (!targets.has(next)) {
      at = next;
      continue;
    }
    const target = targets.get(next);
    if (target === undefined || ++hops > maxLinks) return undefined;
    rest = [...(target === "" ? [] : target.split("/")), ...more];
    at = "";
  }
  return at;
}

/** All folders that hold a file; `""` when there is any file. */
function foldersOf(files: readonly RepositoryFile[]): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  if (files.length > 0) folders.add("");
  return folders;
}

/** The files whose paths begin with a prefix, by the order of the paths. */
function withPrefix(files: readonly RepositoryFile[], prefix: string): readonly RepositoryFile[] {
  let low = 0;
  let high = files.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((files[middle]?.path ?? "") < prefix) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (files[end]?.path.startsWith(prefix) === true) end++;
  return files.slice(low, end);
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.byteLength > maxTextSize || bytes.includes(0)) return undefined;
  return new TextDecoder().decode(bytes);
}
