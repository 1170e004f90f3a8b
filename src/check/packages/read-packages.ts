import { locateIn } from "../place.ts";
import type { Reading } from "../reading.ts";
import { readCargoConfig, readCargoToml } from "./cargo.ts";
import type { PackageFile } from "./dependency.ts";
import { readGoMod } from "./go-mod.ts";
import { readGradle } from "./gradle.ts";
import { namesInTable } from "./minimum-versions.ts";
import { readPackageJson } from "./npm-files.ts";
import { readPom, type Pom } from "./pom.ts";
import { readPipfileLock, readPythonLock } from "./python-locks.ts";
import { readPipfile, readPyproject, readSetupCfg } from "./python-project.ts";
import { includedRequirements, readRequirements, withoutDots } from "./requirements.ts";

/** Most files that are read of a repository. */
const maxFiles = 3000;

/** Longest text of a file that people write; lock files may be longer. */
const maxText = 1_048_576;

/** How far a chain of parents of poms is followed. */
const maxParents = 10;

/** Ends a pom. */
const projectEnd = "</project>";

/** Folders whose packages are not the repository's own. */
const foreign = /(?:^|\/)(?:node_modules|vendor|third_party|\.yarn|bower_components|site-packages)\//;

/** What makes a file of npm, Maven or Gradle worth parsing: names in the table, and names of platforms. */
const npmMatters = new RegExp(`"cpu"|linux|"(?:${namesInTable("npm").join("|")})"`);
const jvmMatters = new RegExp(`<classifier>|classifier|:exe\\b|linux|${namesInTable("maven").join("|")}`);

/** Crates that rules know, and conditions on the architecture. */
const cargoMatters = /-sys\b|openssl|native-tls|rdkafka|git2|rocksdb|\bring\b|jemalloc|target_arch/;

type Read = (path: string, text: string, reading: Reading) => PackageFile;

const readers: readonly { readonly name: RegExp; readonly read: Read; readonly needs?: RegExp }[] = [
  { name: /^package\.json$/, read: readPackageJson, needs: npmMatters },
  { name: /^pyproject\.toml$/, read: readPyproject, needs: /dependenc/ },
  { name: /^Pipfile$/, read: readPipfile },
  { name: /^Pipfile\.lock$/, read: readPipfileLock },
  { name: /^(?:poetry|uv|pdm)\.lock$/, read: readPythonLock },
  { name: /^setup\.cfg$/, read: readSetupCfg, needs: /install_requires|extras_require/ },
  { name: /^build\.gradle(?:\.kts)?$/, read: readGradle, needs: jvmMatters },
  { name: /^Cargo\.toml$/, read: readCargoToml, needs: cargoMatters },
  { name: /^rust-toolchain(?:\.toml)?$/, read: readCargoConfig },
  { name: /^go\.mod$/, read: readGoMod },
];

/**
 * Reads the files that ask for packages. Names decide which files are opened; one that cannot be read goes to `reading.unreadable`, and the others go on.
 */
export function readPackages(reading: Reading): PackageFile[] {
  const found: PackageFile[] = [];
  const poms = new Map<string, Pom | undefined>();
  const requirements = requirementPaths(reading);
  let opened = 0;
  for (const { path } of reading.repository.files) {
    if (opened >= maxFiles || reading.signal.aborted) break;
    if (foreign.test(path)) continue;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const reader = requirements.has(path) ? { read: readRequirements, needs: undefined } : readerOf(path, name);
    if (reader !== undefined) {
      opened++;
      const file = attempt(path, reading, (text) =>
        reader.needs?.test(text) === false ? undefined : reader.read(path, text, reading),
      );
      if (file !== undefined) found.push(file);
    } else if (/^pom\.xml$|\.pom$|-pom\.xml$/.test(name)) {
      opened++;
      // One that matters to no rule is read all the same when it is the parent of another.
      const matters = jvmMatters.test(reading.repository.text(path) ?? "");
      const pom = matters ? pomAt(path, reading, poms, 0) : undefined;
      if (pom !== undefined) found.push(pom.file);
    } else if (/\.(?:sh|bash)$|Dockerfile|^Containerfile/.test(name)) found.push(...pomsInScript(path, reading));
  }
  return found;
}

function readerOf(
  path: string,
  name: string,
): { readonly read: Read; readonly needs?: RegExp | undefined } | undefined {
  if (/(?:^|\/)\.cargo\/config(?:\.toml)?$/.test(path)) return { read: readCargoConfig };
  return readers.find((reader) => reader.name.test(name));
}

/** Requirements files by their name, and those that they include. */
function requirementPaths({ repository }: Reading): ReadonlySet<string> {
  const paths = repository.files
    .map(({ path }) => path)
    .filter((path) => {
      if (foreign.test(path)) return false;
      const name = path.slice(path.lastIndexOf("/") + 1);
      return (
        /^(?:[\w.-]*requirements[\w.-]*|constraints[\w.-]*)\.(?:txt|pip)$/i.test(name) ||
        /(?:^|\/)requirements\/[\w./-]+\.txt$/.test(path)
      );
    });
  const all = new Set(paths);
  for (const path of all) {
    if (all.size > maxFiles) break;
    for (const include of includedRequirements(path, repository.text(path)?.slice(0, maxText) ?? ""))
      if (repository.file(include) !== undefined) all.add(include);
  }
  return all;
}

function attempt<Result>(
  path: string,
  reading: Reading,
  read: (text: string) => Result | undefined,
): Result | undefined {
  const text = reading.repository.text(path);
  if (text === undefined) return undefined;
  if (text.length > maxText && !path.endsWith(".lock")) {
    reading.unreadable({ place: { path }, message: `it is too large to be read (${text.length} characters)` });
    return undefined;
  }
  try {
    return read(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const [message = ""] = error.message.split("\n");
    reading.unreadable({ place: { path }, message: `it cannot be read: ${message}` });
    return undefined;
  }
}

function pomAt(path: string, reading: Reading, poms: Map<string, Pom | undefined>, depth: number): Pom | undefined {
  if (poms.has(path)) return poms.get(path);
  poms.set(path, undefined);
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
  const pom = attempt(path, reading, (text) =>
    readPom(path, text, locateIn(path, text), reading, (relative) => {
      const above = relative === "" ? undefined : withoutDots(`${folder}${relative}`);
      if (above === undefined || depth >= maxParents || reading.repository.file(above) === undefined) return undefined;
      return pomAt(above, reading, poms, depth + 1);
    }),
  );
  poms.set(path, pom);
  return pom;
}

/** Poms that a script or a Dockerfile writes from a here-document. */
function pomsInScript(path: string, reading: Reading): PackageFile[] {
  const text = reading.repository.text(path);
  if (text === undefined || text.length > maxText || !text.includes("<artifactId>")) return [];
  const locate = locateIn(path, text);
  const found: PackageFile[] = [];
  let end = 0;
  for (let start = text.indexOf("<project"); start >= 0; start = text.indexOf("<project", end)) {
    const close = text.indexOf(projectEnd, start);
    if (close < 0) break;
    end = close + projectEnd.length;
    const offset = start;
    try {
      const within = (from: number, to: number) => locate(offset + from, offset + to);
      found.push(readPom(path, text.slice(start, end), within, reading, () => undefined).file);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // A shell may still have to expand parts of it: it is no broken file of its own.
    }
  }
  return found;
}
