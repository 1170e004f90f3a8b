import { locateIn } from "../place.ts";
import type { Reading } from "../reading.ts";
import { npmBound } from "./constraint.ts";
import type { Dependency, PackageFile, PackageSetting } from "./dependency.ts";
import { jsonAt, jsonText, membersOf, readJson, type JsonNode } from "./json-text.ts";
import { lockedNpmVersions } from "./npm-locks.ts";

/** The groups of package.json that are installed; peer dependencies are the user's own. */
const groups = [
  ["dependencies", "program"],
  ["optionalDependencies", "program"],
  ["devDependencies", "development"],
] as const;

/** Reads a package.json, with the versions that a lock file beside it (or above it, in a workspace) fixes. Throws SyntaxError. */
export function readPackageJson(path: string, text: string, reading: Reading): PackageFile {
  const locate = locateIn(path, text);
  const root = readJson(text);
  const names = groups.flatMap(([group]) => membersOf(jsonAt(root, group)).map(({ key }) => key));
  const locked = lockedNpmVersions(path, new Set(names), reading);
  const dependencies = groups.flatMap(([group, use]) =>
    membersOf(jsonAt(root, group)).flatMap(({ key, start, value }): Dependency[] => {
      const constraint = jsonText(value);
      if (constraint === undefined) return [];
      const { name, range } = aliased(key, constraint);
      const version = locked.get(key);
      const bound = version === undefined ? npmBound(range) : { version, inclusive: true };
      return [
        {
          ecosystem: "npm",
          name,
          constraint,
          ...(bound === undefined ? {} : { bound }),
          place: locate(start, value.end),
          use,
          platforms: reading.platforms,
          ...(group === "optionalDependencies" ? { condition: group } : {}),
        },
      ];
    }),
  );
  return { path, kind: "package.json", dependencies, settings: cpuSetting(root, locate) };
}

/** `npm:NAME@RANGE` installs another package under a name. */
function aliased(key: string, constraint: string): { name: string; range: string } {
  const alias = /^npm:(@?[^@]+)(?:@(.*))?$/.exec(constraint);
  return alias === null ? { name: key, range: constraint } : { name: alias[1] ?? key, range: alias[2] ?? "*" };
}

function cpuSetting(root: JsonNode, locate: ReturnType<typeof locateIn>): PackageSetting[] {
  const cpu = jsonAt(root, "cpu");
  if (cpu?.kind !== "array") return [];
  return [
    { name: "cpu", values: cpu.items.flatMap((item) => jsonText(item) ?? []), place: locate(cpu.start, cpu.end) },
  ];
}
