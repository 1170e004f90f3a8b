import { locateIn } from "../place.ts";
import type { Reading } from "../reading.ts";
import type { Dependency, PackageFile } from "./dependency.ts";
import { jsonAt, jsonText, membersOf, readJson } from "./json-text.ts";
import { platformsOf } from "./marker.ts";
import { pythonName } from "./requirements.ts";

const fileName = /[\w.+%-]+\.(?:whl|tar\.gz|zip)(?=["'\s#?])/g;

interface OpenPackage {
  name: string;
  version?: string;
  marker: string;
  start: number;
  end: number;
  readonly files: Set<string>;
}

/**
 * Reads poetry.lock, uv.lock or pdm.lock line by line: they are written by machines, always in the same form, and often too large for a parser of TOML.
 * The names of wheels in them tell for which platforms a version is ready.
 */
export function readPythonLock(path: string, text: string, reading: Reading): PackageFile {
  const locate = locateIn(path, text);
  const packages: OpenPackage[] = [];
  const byName = new Map<string, OpenPackage>();
  let current: OpenPackage | undefined;
  let inFiles = false;
  let start = 0;
  for (const line of text.split("\n")) {
    const end = start + line.trimEnd().length;
    const pair = /^(name|version|marker|markers) = "([^"]*)"/.exec(line);
    if (line.startsWith("[[package]]")) {
      current = { name: "", marker: "", start, end, files: new Set() };
      packages.push(current);
    } else if (/^\[(?:metadata\.)?files\]/.test(line)) {
      [current, inFiles] = [undefined, true];
    } else if (inFiles && /^"?[\w.-]+"? = \[/.test(line)) {
      current = byName.get(pythonName(/^"?([\w.-]+)/.exec(line)?.[1] ?? ""));
    } else if (current !== undefined && pair !== null && !inFiles) {
      const [, key, value = ""] = pair;
      if (key === "name" && current.name === "") {
        Object.assign(current, { name: pythonName(value), start, end });
        byName.set(current.name, current);
      } else if (key === "version" && current.version === undefined) Object.assign(current, { version: value, end });
      else if (key !== "name" && key !== "version") current.marker = value;
    }
    if (current !== undefined && line.length < 4000)
      for (const [file] of line.matchAll(fileName)) current.files.add(decoded(file));
    start += line.length + 1;
  }
  return { path, kind: "python-lock", dependencies: packages.flatMap(dependencyOf), settings: [] };

  function dependencyOf({ name, version, marker, start, end, files }: OpenPackage): Dependency[] {
    if (name === "" || version === undefined) return [];
    return [
      {
        ecosystem: "pypi",
        name,
        constraint: `==${version}`,
        bound: { version, inclusive: true },
        place: locate(start, end),
        use: "program",
        platforms: platformsOf(marker, reading.platforms),
        ...(files.size === 0 ? {} : { files: [...files] }),
      },
    ];
  }
}

function decoded(file: string): string {
  return file.replaceAll("%2B", "+").replaceAll("%2b", "+");
}

/** Reads Pipfile.lock. Throws SyntaxError. */
export function readPipfileLock(path: string, text: string, reading: Reading): PackageFile {
  const locate = locateIn(path, text);
  const root = readJson(text);
  const dependencies = (["default", "develop"] as const).flatMap((group) =>
    membersOf(jsonAt(root, group)).flatMap(({ key, start, value }): Dependency[] => {
      const version = /^==(.+)$/.exec(jsonText(jsonAt(value, "version")) ?? "")?.[1];
      const member = membersOf(value).find(({ key }) => key === "version");
      if (version === undefined || member === undefined) return [];
      return [
        {
          ecosystem: "pypi",
          name: pythonName(key),
          constraint: `==${version}`,
          bound: { version, inclusive: true },
          place: locate(start, start + JSON.stringify(key).length),
          use: group === "default" ? "program" : "development",
          platforms: platformsOf(jsonText(jsonAt(value, "markers")) ?? "", reading.platforms),
        },
      ];
    }),
  );
  return { path, kind: "python-lock", dependencies, settings: [] };
}
