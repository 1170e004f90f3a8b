import { locateIn, type Locate } from "../place.ts";
import type { Reading } from "../reading.ts";
import { pythonBound, tomlBound } from "./constraint.ts";
import type { Dependency, PackageFile } from "./dependency.ts";
import { platformsOf } from "./marker.ts";
import { isForDevelopment, pythonName, readRequirement } from "./requirements.ts";
import { readToml, startsWith, type TomlEntry } from "./toml-text.ts";
import type { Bound } from "./version.ts";

/** Tables of pyproject.toml that list requirements as texts, with the index of the key that names the group. */
const lists = [
  { path: ["project", "dependencies"], group: undefined },
  { path: ["project", "optional-dependencies", "*"], group: 2 },
  { path: ["dependency-groups", "*"], group: -1 },
  { path: ["tool", "pdm", "dev-dependencies", "*"], group: -1 },
  { path: ["tool", "uv", "dev-dependencies"], group: -1 },
] as const;

/** Tables of Poetry that have packages as keys. */
const tables = [
  { path: ["tool", "poetry", "dependencies"], group: undefined },
  { path: ["tool", "poetry", "dev-dependencies"], group: -1 },
  { path: ["tool", "poetry", "group", "*", "dependencies"], group: 3 },
] as const;

/** Reads pyproject.toml: PEP 621, PEP 735, Poetry, PDM and uv. Throws an Error for a text that is no TOML. */
export function readPyproject(path: string, text: string, reading: Reading): PackageFile {
  const locate = locateIn(path, text);
  const entries = readToml(text);
  const listed = lists.flatMap(({ path: keys, group }) =>
    entries.flatMap((entry): Dependency[] => {
      if (entry.keys.length !== keys.length + 1 || !startsWith(entry.keys, ...keys)) return [];
      const found = readRequirement(entry.text ?? "", reading, locate, entry.start, entry.end);
      return found === undefined ? [] : [{ ...found, use: useOf(entry.keys, group, path) }];
    }),
  );
  const tabled = tables.flatMap(({ path: keys, group }) =>
    packageTable(entries, keys, locate, reading, "caret").map(({ dependency, keys }) => ({
      ...dependency,
      use: useOf(keys, group, path),
    })),
  );
  return { path, kind: "pyproject", dependencies: [...listed, ...tabled], settings: [] };
}

/** Reads a Pipfile. Throws an Error for a text that is no TOML. */
export function readPipfile(path: string, text: string, reading: Reading): PackageFile {
  const locate = locateIn(path, text);
  const entries = readToml(text);
  const dependencies = [["packages"], ["dev-packages"]].flatMap((table) =>
    packageTable(entries, table, locate, reading, "exact").map(({ dependency }): Dependency => ({
      ...dependency,
      use: table[0] === "packages" ? "program" : "development",
    })),
  );
  return { path, kind: "pipfile", dependencies, settings: [] };
}

function useOf(keys: readonly string[], group: number | undefined, path: string): Dependency["use"] {
  if (isForDevelopment(path)) return "development";
  if (group === undefined) return "program";
  return group < 0 || isForDevelopment(keys[group] ?? "") ? "development" : "program";
}

/** Packages whose names are keys: `NAME = "^1.0"` or `NAME = { version = "^1.0", markers = "…" }`. */
function packageTable(
  entries: readonly TomlEntry[],
  table: readonly string[],
  locate: Locate,
  { platforms }: Reading,
  bare: "exact" | "caret",
): { readonly dependency: Dependency; readonly keys: readonly string[] }[] {
  const own = entries.filter(({ keys }) => keys.length > table.length && startsWith(keys, ...table));
  const byName = Map.groupBy(own, ({ keys }) => keys.slice(0, table.length + 1).join("\0"));
  return [...byName.values()].flatMap((group) => {
    const [first] = group;
    const name = first?.keys[table.length];
    if (first === undefined || name === undefined || name === "python") return [];
    const of = (key: string): TomlEntry | undefined =>
      group.find(({ keys }) => keys.at(-1) === key && keys.length > table.length + 1);
    const version = first.keys.length === table.length + 1 ? first : of("version");
    if (version === undefined) return [];
    const constraint = version.text ?? "";
    const marker = of("markers")?.text ?? markerOf(of("platform_machine")?.text);
    const bound: Bound | undefined = tomlBound(constraint, bare) ?? pythonBound(constraint);
    return [
      {
        dependency: {
          ecosystem: "pypi",
          name: pythonName(name),
          constraint,
          ...(bound === undefined ? {} : { bound }),
          place: locate(first.outer, version.end),
          use: "program",
          platforms: platformsOf(marker, platforms),
          ...(marker === "" ? {} : { condition: marker }),
        },
        keys: first.keys,
      },
    ];
  });
}

/** Pipenv takes a marker's variable as a key: `platform_machine = "== 'x86_64'"`. */
function markerOf(machine: string | undefined): string {
  return machine === undefined ? "" : `platform_machine ${machine}`;
}

/** Reads the `install_requires` of setup.cfg. */
export function readSetupCfg(path: string, text: string, reading: Reading): PackageFile {
  const locate = locateIn(path, text);
  const dependencies: Dependency[] = [];
  let use: Dependency["use"] | undefined;
  let isExtra = false;
  let start = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("[")) [use, isExtra] = [undefined, line.startsWith("[options.extras_require]")];
    const key = /^([\w.-]+)\s*=(.*)$/.exec(line);
    if (key !== null) {
      const [, name = ""] = key;
      if (isExtra) use = isForDevelopment(name) ? "development" : "program";
      else use = name === "install_requires" ? "program" : undefined;
    } else if (use !== undefined && /^\s+\S/.test(line)) {
      const indent = line.length - line.trimStart().length;
      const found = readRequirement(line.trim(), reading, locate, start + indent, start + line.trimEnd().length);
      if (found !== undefined) dependencies.push({ ...found, use });
    }
    start += line.length + 1;
  }
  return { path, kind: "setup.cfg", dependencies, settings: [] };
}
