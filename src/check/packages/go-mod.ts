import { locateIn } from "../place.ts";
import type { Reading } from "../reading.ts";
import type { Dependency, PackageFile } from "./dependency.ts";

/** Reads the modules that go.mod requires; go.sum adds nothing for platforms: it has the sums of everything that was ever looked at. */
export function readGoMod(path: string, text: string, reading: Reading): PackageFile {
  const locate = locateIn(path, text);
  const dependencies: Dependency[] = [];
  let inRequire = false;
  let start = 0;
  for (const line of text.split("\n")) {
    if (/^require\s*\(/.test(line)) inRequire = true;
    else if (line.startsWith(")")) inRequire = false;
    const found = /^(\s+|require\s+)([\w./~-]+)\s+v(\d[\w.+-]*)(\s*\/\/ indirect)?/.exec(line);
    if (found !== null && (inRequire || line.startsWith("require"))) {
      const [, before = "", name = "", version = ""] = found;
      dependencies.push({
        ecosystem: "go",
        name,
        constraint: `v${version}`,
        bound: { version, inclusive: true },
        place: locate(start + before.length, start + line.trimEnd().length),
        use: "program",
        platforms: reading.platforms,
      });
    }
    start += line.length + 1;
  }
  return { path, kind: "go.mod", dependencies, settings: [] };
}
