import { locateIn, type Locate } from "../place.ts";
import type { Reading } from "../reading.ts";
import { pythonBound } from "./constraint.ts";
import type { Dependency, PackageFile } from "./dependency.ts";
import { platformsOf } from "./marker.ts";

/** Longest logical line that is read, in characters. */
const maxLine = 20_000;

/** The normal form of a name (PEP 503). */
export function pythonName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

/** True for files, groups and extras whose name says that what ships does not need them. */
export function isForDevelopment(name: string): boolean {
  return /(?:^|[-_./])(?:dev|develop|development|tests?|testing|lint|linting|docs?|documentation|examples?|samples?|bench|benchmarks?|ci|mypy|typing|types|pre-commit|notebooks?)(?:[-_./]|$)/i.test(
    name,
  );
}

/** Reads a requirements or constraints file of pip; the files that it includes are read on their own. */
export function readRequirements(path: string, text: string, reading: Reading): PackageFile {
  const locate = locateIn(path, text);
  const use = isForDevelopment(path) ? "development" : "program";
  const dependencies = logicalLines(text).flatMap(({ text: line, start, end }): Dependency[] => {
    const found = readRequirement(line, reading, locate, start, end);
    return found === undefined ? [] : [{ ...found, use }];
  });
  const includes = includedRequirements(path, text);
  return { path, kind: "requirements", dependencies, settings: [], ...(includes.length === 0 ? {} : { includes }) };
}

/** The paths of the files that a requirements file includes (`-r FILE`, `-c FILE`). */
export function includedRequirements(path: string, text: string): string[] {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
  return [...text.matchAll(/^[ \t]*(?:-r|-c|--requirement|--constraint)[ =]+(\S+)/gm)].flatMap(
    ([, file = ""]) => withoutDots(`${folder}${file}`) ?? [],
  );
}

/** A path without `.` and `..`; undefined when it leaves the repository. */
export function withoutDots(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

/**
 * Reads one requirement (PEP 508) as it stands in a file of pip, in pyproject.toml or in setup.cfg; undefined for options, URLs, paths and what is none.
 */
export function readRequirement(
  line: string,
  { platforms }: Pick<Reading, "platforms">,
  locate: Locate,
  start: number,
  end: number,
): Dependency | undefined {
  const plain = line.replace(/(?:^|\s)#.*$/, "").replaceAll(/\s--[a-z][\w-]*(?:[= ]\S+)?/g, "");
  const found =
    /^\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:\(([^()]*)\)|((?:[<>=!~]=?=?[^;@]*)?))\s*(?:;(.*))?$/.exec(
      plain,
    );
  if (found === null) return undefined;
  const [, name = "", bracketed, bare = "", marker = ""] = found;
  const constraint = (bracketed ?? bare).trim();
  const bound = pythonBound(constraint);
  return {
    ecosystem: "pypi",
    name: pythonName(name),
    constraint,
    ...(bound === undefined ? {} : { bound }),
    place: locate(start, end),
    use: "program",
    platforms: platformsOf(marker, platforms),
    ...(marker.trim() === "" ? {} : { condition: marker.trim() }),
  };
}

/** Lines with those joined that end in a backslash; `end` is behind the last character of the first physical line, where the name stands. */
function logicalLines(text: string): { text: string; start: number; end: number }[] {
  const lines: { text: string; start: number; end: number }[] = [];
  let open: { text: string; start: number; end: number } | undefined;
  let start = 0;
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\r$/, "");
    const body = line.replace(/\\$/, "");
    if (open === undefined) open = { text: body, start, end: start + body.trimEnd().length };
    else if (open.text.length < maxLine) open.text += ` ${body}`;
    start += raw.length + 1;
    if (line.endsWith("\\")) continue;
    lines.push(open);
    open = undefined;
  }
  if (open !== undefined) lines.push(open);
  return lines;
}
