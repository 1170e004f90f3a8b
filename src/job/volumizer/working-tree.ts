import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, readlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ArchwayError } from "../../error/error.ts";
import { git, GitFailure } from "../../git/git.ts";
import { matchesGlob } from "../../verify/chain/glob.ts";
import { fileMark } from "./file-mark.ts";

/** The files that the jobs of a run start with. */
export interface Checkout {
  readonly folder: string;
  /** Paths relative to the folder, sorted; only what is there. Links are not followed. */
  readonly paths: readonly string[];
  /** Those whose names are no UTF-8. No glob names them. */
  readonly rawPaths?: readonly Buffer[];
  /** Marks of the states in which files were found ({@link fileMark}); none for what has just changed. */
  readonly marks?: ReadonlyMap<string, string>;
  /** There is a `.git` beside them, without credentials. */
  readonly hasRepository?: boolean;
}

/**
 * The working tree as it is: what Git tracks and does not ignore, in its present state, also in submodules. Outside of a repository every file of the folder. `.git` is never
 * among them: its configuration may hold credentials. Nor is what lies in a repository that this one does not know, or behind a link.
 *
 * @throws ArchwayError `GIT_FAILED` (kind `input`), `GIT_MISSING` (kind `unreachable`), the signal's reason
 */
export async function readWorkingTree(
  folder: string,
  outside: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal; readonly now?: () => number },
): Promise<Checkout> {
  const { env, signal, now = Date.now } = outside;
  const listed = isInRepository(folder) ? await listWithGit(folder, { env, signal }) : await listAll(folder);
  const root = Buffer.from(`${folder}/`);
  const found = new Map<string, Buffer>();
  const links = new Set<string>();
  const marks = new Map<string, string>();
  for (const [index, name] of listed.entries()) {
    // Many at once: to wait for each would take ten times as long.
    if (index % 1000 === 999) {
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    }
    const before = now();
    const stat = lstatSync(Buffer.concat([root, name]), { bigint: true, throwIfNoEntry: false });
    if (stat === undefined || !(stat.isFile() || stat.isSymbolicLink())) continue;
    const key = name.toString("latin1");
    found.set(key, name);
    if (stat.isSymbolicLink()) links.add(key);
    const mark = fileMark(stat, before);
    if (mark !== undefined) marks.set(name.toString(), mark);
  }
  const paths: string[] = [];
  const rawPaths: Buffer[] = [];
  for (const [key, name] of found) {
    if (links.size > 0 && isBehind(key, links)) continue;
    const text = name.toString();
    if (Buffer.from(text).equals(name)) paths.push(text);
    else rawPaths.push(name);
  }
  return { folder, paths: paths.sort(), marks, ...(rawPaths.length === 0 ? {} : { rawPaths }) };
}

/** Whether a path leads through a link: Git then takes the file for removed. */
function isBehind(path: string, links: ReadonlySet<string>): boolean {
  for (let above = dirname(path); above !== "."; above = dirname(above)) if (links.has(above)) return true;
  return false;
}

async function listWithGit(
  folder: string,
  outside: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<readonly Buffer[]> {
  const settings = [["safe.directory", "*"]] as const;
  const list = async (...options: readonly string[]) =>
    split(await git(["ls-files", "-z", ...options], { ...outside, cwd: folder, settings }), 0);
  try {
    // MODE OBJECT STAGE, a tab, the name; 160000 is a submodule.
    const [cached, others] = await Promise.all([list("--cached", "--stage"), list("--others", "--exclude-standard")]);
    const tracked = cached.map((line) => ({
      isModule: line.subarray(0, 6).toString() === "160000",
      name: line.subarray(line.indexOf(9) + 1),
    }));
    const inside = [];
    for (const { name } of tracked.filter(({ isModule }) => isModule)) {
      const module = join(folder, name.toString());
      // One that was never checked out has no files.
      if (!existsSync(join(module, ".git"))) continue;
      for (const path of await listWithGit(module, outside)) inside.push(Buffer.concat([name, Buffer.from("/"), path]));
    }
    return [...tracked.filter(({ isModule }) => !isModule).map(({ name }) => name), ...others, ...inside];
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    // To take every file instead would take what is ignored, secrets among them.
    throw new ArchwayError({
      code: "GIT_FAILED",
      kind: "input",
      message: `Git cannot list the files of ${folder}: ${error.said}`,
      hint: "git status tells what is wrong with the repository.",
      cause: error,
    });
  }
}

/** What lies between bytes of one value, without empty parts. */
function split(bytes: Buffer, by: number): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(by, at);
    const part = bytes.subarray(at, end < 0 ? bytes.length : end);
    if (part.length > 0) parts.push(part);
    at += part.length + 1;
  }
  return parts;
}

function isInRepository(folder: string): boolean {
  for (let place = folder; ; place = dirname(place)) {
    if (existsSync(join(place, ".git"))) return true;
    if (place === dirname(place)) return false;
  }
}

async function listAll(folder: string): Promise<readonly Buffer[]> {
  const found: Buffer[] = [];
  const below = async (place: Buffer): Promise<void> => {
    const path = Buffer.concat([Buffer.from(`${folder}/`), place]);
    for (const entry of await readdir(path, { withFileTypes: true, encoding: "buffer" })) {
      if (entry.name.toString() === ".git") continue;
      const name = place.length === 0 ? entry.name : Buffer.concat([place, Buffer.from("/"), entry.name]);
      if (entry.isDirectory()) await below(name);
      else found.push(name);
    }
  };
  await below(Buffer.alloc(0));
  return found;
}

/** SHA-256 over names and contents of the files that fit globs, in hexadecimal; of no file at all it is that of nothing. Reads at once: expressions do not wait. */
export function hashFiles({ folder, paths }: Checkout, globs: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths.filter((one) => globs.some((glob) => matchesGlob(`/${glob}`, `/${one}`)))) {
    const file = join(folder, path);
    hash.update(`${path}\0`);
    hash.update(lstatSync(file).isSymbolicLink() ? readlinkSync(file) : readFileSync(file));
    hash.update("\0");
  }
  return hash.digest("hex");
}
