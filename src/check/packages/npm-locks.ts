import type { Reading } from "../reading.ts";

/** The lock files, the one that wins first. */
const lockNames = ["npm-shrinkwrap.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"] as const;

/**
 * The versions that the nearest lock file fixes for direct dependencies. Lock files list the packages of all platforms and are never a finding
 * themselves; one that cannot be read fixes nothing, as the constraint still says enough.
 */
export function lockedNpmVersions(
  path: string,
  names: ReadonlySet<string>,
  { repository }: Reading,
): ReadonlyMap<string, string> {
  for (let folder = folderOf(path); ; folder = folderOf(folder)) {
    for (const name of lockNames) {
      const lock = folder === "" ? name : `${folder}/${name}`;
      if (repository.file(lock) === undefined) continue;
      const text = repository.text(lock);
      if (text === undefined) return new Map();
      if (name === "yarn.lock") return fromYarn(text, names);
      return name === "pnpm-lock.yaml" ? fromPnpm(text, names) : fromNpm(text, names);
    }
    if (folder === "") return new Map();
  }
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

function fromNpm(text: string, names: ReadonlySet<string>): Map<string, string> {
  const found = new Map<string, string>();
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch {
    return found;
  }
  for (const name of names) {
    const version =
      textAt(lock, "packages", `node_modules/${name}`, "version") ?? textAt(lock, "dependencies", name, "version");
    if (version !== undefined && /^\d/.test(version)) found.set(name, version);
  }
  return found;
}

function textAt(value: unknown, ...keys: readonly string[]): string | undefined {
  let found = value;
  for (const key of keys) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return typeof found === "string" ? found : undefined;
}

/** Entries begin with `NAME@RANGE, NAME@RANGE:`; the highest version of a name is taken when there are several. */
function fromYarn(text: string, names: ReadonlySet<string>): Map<string, string> {
  const found = new Map<string, string>();
  let current: string | undefined;
  for (const line of text.split("\n")) {
    const head = /^"?((?:@[^/@\s"]+\/)?[^@\s"]+)@.*:\s*$/.exec(line);
    if (head !== null) current = names.has(head[1] ?? "") ? head[1] : undefined;
    const version = /^ {2}"?version"?:? "?(\d[^"\s]*)"?\s*$/.exec(line)?.[1];
    if (current !== undefined && version !== undefined && !found.has(current)) found.set(current, version);
  }
  return found;
}

/** Direct dependencies stand under `dependencies`, `devDependencies` or `importers` with their resolved version. */
function fromPnpm(text: string, names: ReadonlySet<string>): Map<string, string> {
  const found = new Map<string, string>();
  let current: string | undefined;
  for (const line of text.split("\n")) {
    const entry = /^ {2,8}'?((?:@[\w.-]+\/)?[\w.-]+)'?:(?:\s+(\d[\w.+-]*)(?:\(.*|_.*)?)?\s*$/.exec(line);
    if (/^(?:packages|snapshots):/.test(line)) break;
    if (entry !== null && entry[1] !== "version" && entry[1] !== "specifier") {
      current = names.has(entry[1] ?? "") ? entry[1] : undefined;
      if (current !== undefined && entry[2] !== undefined && !found.has(current)) found.set(current, entry[2]);
      continue;
    }
    const version = /^ +version: '?(\d[\w.+-]*)/.exec(line)?.[1];
    if (current !== undefined && version !== undefined && !found.has(current)) found.set(current, version);
  }
  return found;
}
