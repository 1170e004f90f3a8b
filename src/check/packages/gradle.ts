import { locateIn } from "../place.ts";
import type { Reading } from "../reading.ts";
import { mavenBound } from "./constraint.ts";
import type { Dependency, PackageFile } from "./dependency.ts";

/** Longest line that is read, in characters. */
const maxLine = 2000;

/** `GROUP:NAME:VERSION[:CLASSIFIER][@TYPE]` in quotes. */
const coordinates = /(["'])([\w.-]+):([\w.-]+):([\w.+\-[\](),]+|\$\{?[\w.]+\}?)(?::([\w.${}-]+))?(?:@\w+)?\1/g;

/** `group: "…", name: "…", version: "…", classifier: "…"`, in Groovy or Kotlin. */
const named =
  /\bgroup\s*[:=]\s*["']([\w.-]+)["']\s*,\s*name\s*[:=]\s*["']([\w.-]+)["']\s*(?:,\s*version\s*[:=]\s*["']?([\w.+${}-]+)["']?\s*)?(?:,\s*classifier\s*[:=]\s*["']([\w.${}-]+)["'])?/g;

/**
 * Reads the coordinates that stand as texts in a build script of Gradle. It is a program, so variables in them are found only where the same file (or
 * gradle.properties beside it) sets them to a text.
 */
export function readGradle(path: string, text: string, reading: Reading): PackageFile {
  const locate = locateIn(path, text);
  const variables = variablesOf(`${text}\n${propertiesBeside(path, reading)}`);
  const dependencies: Dependency[] = [];
  let start = 0;
  for (const line of text.split("\n")) {
    if (line.length <= maxLine && !/^\s*(?:\/\/|\*)/.test(line)) {
      const add = (
        found: RegExpExecArray,
        [group = "", name = "", written = "", classifier]: readonly string[],
      ): void => {
        const version = expand(written, variables);
        const bound = mavenBound(version);
        const place = locate(start + found.index, start + found.index + found[0].length);
        dependencies.push({
          ecosystem: "maven",
          name: `${group}:${name}`,
          constraint: version,
          ...(bound === undefined ? {} : { bound }),
          place,
          use: /\btest|\bandroidTest/i.test(line.slice(0, found.index)) ? "development" : "program",
          platforms: reading.platforms,
          ...(classifier === undefined ? {} : { classifier: { text: expand(classifier, variables), place } }),
        });
      };
      for (const found of line.matchAll(coordinates)) add(found, found.slice(2));
      for (const found of line.matchAll(named)) add(found, found.slice(1));
    }
    start += line.length + 1;
  }
  return { path, kind: "gradle", dependencies, settings: [] };
}

function propertiesBeside(path: string, { repository }: Reading): string {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
  return [
    repository.text(`${folder}gradle.properties`),
    folder === "" ? "" : repository.text("gradle.properties"),
  ].join("\n");
}

function variablesOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line.length > maxLine) continue;
    const [, name, quoted, bare] =
      /^\s*(?:def |val |ext\.|set\()?"?([A-Za-z_][\w.]*)"?\s*[=,]\s*(?:["']([\w.+-]+)["']|([\w.+-]+)\s*$)/.exec(line) ??
      [];
    if (name !== undefined) found.set(name, quoted ?? bare ?? "");
  }
  return found;
}

function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\{?([A-Za-z_][\w.]*)\}?/g, (whole, name: string) => variables.get(name) ?? whole);
}
