import { spawn } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { dirname, join, posix } from "node:path";
import type { Repository, RepositoryFile, RepositoryLink } from "./repository.ts";

/** What lies in a folder. */
export interface Listing {
  readonly files: readonly RepositoryFile[];
  readonly links: readonly RepositoryLink[];
  readonly unreadable: Repository["unreadable"];
}

/** Files and folders that are looked at; more are reported and left out. */
const maxEntries = 500_000;

/** Bytes of file names that Git may print. */
const maxNames = 256 * 1024 * 1024;

/**
 * The paths that Git knows or would add (`git ls-files`: tracked, and new ones that it does not ignore). Undefined when the folder is in no
 * work tree, when Git is not there or refuses (a work tree of somebody else), and when it ignores the whole folder.
 */
export async function gitPaths(root: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
  if (!isInWorkTree(root)) return undefined;
  const names = await gitOutput(
    // A repository's own settings may name programs (`core.fsmonitor`): a repository that is checked never gets to run one.
    ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "ls-files", "-z", "-co", "--exclude-standard"],
    root,
    signal,
  );
  if (names === undefined || names.length === 0) return undefined;
  return [...new Set(names.toString("utf8").split("\0"))].filter((name) => name !== "" && !name.endsWith("/"));
}

function isInWorkTree(root: string): boolean {
  for (let folder = root; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return true;
    if (folder === dirname(folder)) return false;
  }
}

function gitOutput(args: readonly string[], cwd: string, signal: AbortSignal): Promise<Buffer | undefined> {
  // Variables as GIT_DIR, which a hook sets, would send Git to another repository.
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const child = spawn("git", args, {
      cwd,
      signal,
      env: { ...Object.fromEntries(own), GIT_OPTIONAL_LOCKS: "0" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxNames) child.kill();
      else chunks.push(chunk);
    });
    child.on("error", (error) => {
      if (signal.aborted) reject(error);
      else resolve(undefined);
    });
    child.on("close", (code) => resolve(code === 0 ? Buffer.concat(chunks) : undefined));
  });
}

/** Looks at the given paths. What is not there any more is left out, and so is everything that lies behind a link. */
export function listPaths(root: string, paths: readonly string[], signal: AbortSignal): Listing {
  const list = new Lister(root);
  const folders = new Map<string, boolean>([["", true]]);
  const isRealFolder = (folder: string): boolean => {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const slash = folder.lastIndexOf("/");
    const real = isRealFolder(slash < 0 ? "" : folder.slice(0, slash)) && list.isFolder(folder);
    folders.set(folder, real);
    return real;
  };
  for (const path of paths) {
    if (list.isFull(path)) break;
    signal.throwIfAborted();
    const slash = path.lastIndexOf("/");
    if (isRealFolder(slash < 0 ? "" : path.slice(0, slash))) list.add(path);
  }
  return list;
}

/** Walks all folders. Links are taken down and not walked into, so that the walk ends. */
export function walkFolder(root: string, signal: AbortSignal): Listing {
  const list = new Lister(root);
  const waiting = [""];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    signal.throwIfAborted();
    for (const entry of list.entries(folder)) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.name === ".git") continue;
      if (list.isFull(path)) return list;
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile() || entry.isSymbolicLink()) list.add(path);
    }
  }
  return list;
}

/** Takes down files and links. */
class Lister implements Listing {
  readonly files: RepositoryFile[] = [];
  readonly links: RepositoryLink[] = [];
  readonly unreadable: { path: string; message: string }[] = [];
  readonly #root: string;
  #seen = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** Counts one more entry; true, and a message, when there are too many. */
  isFull(path: string): boolean {
    this.#seen++;
    if (this.#seen === maxEntries + 1) {
      const message = `the folder holds more than ${maxEntries} files and folders; those from here on are not checked`;
      this.unreadable.push({ path, message });
    }
    return this.#seen > maxEntries;
  }

  isFolder(path: string): boolean {
    return this.#stat(path)?.isDirectory() === true;
  }

  entries(folder: string) {
    try {
      return readdirSync(join(this.#root, folder), { withFileTypes: true });
    } catch (error) {
      this.unreadable.push({ path: folder, message: `the folder cannot be read (${codeOf(error)})` });
      return [];
    }
  }

  add(path: string): void {
    if (path.includes("\uFFFD") && this.#stat(path) === undefined) {
      this.unreadable.push({ path, message: "the name of the file is not valid UTF-8" });
      return;
    }
    const stats = this.#stat(path);
    if (stats?.isFile() === true) this.files.push({ path, size: stats.size, executable: (stats.mode & 0o111) !== 0 });
    else if (stats?.isSymbolicLink() === true) this.links.push(this.#link(path));
  }

  #stat(path: string): Stats | undefined {
    try {
      return lstatSync(join(this.#root, path), { throwIfNoEntry: false });
    } catch {
      // A parent is no folder any more, or may not be entered: then the file is not there for us.
      return undefined;
    }
  }

  #link(path: string): RepositoryLink {
    const written = readlinkSync(join(this.#root, path));
    const inRoot = written === this.#root || written.startsWith(`${this.#root}/`);
    const target = written.startsWith("/")
      ? inRoot
        ? posix.normalize(`./${written.slice(this.#root.length + 1)}`)
        : ".."
      : posix.normalize(posix.join(posix.dirname(path), written));
    if (target === ".." || target.startsWith("../")) return { path };
    const plain = target.replace(/\/+$/, "");
    return { path, target: plain === "." ? "" : plain };
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
