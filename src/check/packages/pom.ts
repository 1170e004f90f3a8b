import { parseXml, XmlElement, XmlText, XmlCdata } from "@rgrove/parse-xml";
import type { Locate } from "../place.ts";
import type { Reading } from "../reading.ts";
import { mavenBound } from "./constraint.ts";
import type { Dependency, PackageFile } from "./dependency.ts";

/** Deepest nesting of elements that is read: the parser is recursive. */
const maxDepth = 200;

/** How often properties may name each other. */
const maxExpansions = 20;

/** What a pom takes from those above it. */
interface PomParent {
  readonly properties: ReadonlyMap<string, string>;
  /** Versions of dependencyManagement, by `GROUP:NAME`. */
  readonly managed: ReadonlyMap<string, string>;
}

/** A pom with what those below it may take from it. */
export interface Pom extends PomParent {
  readonly file: PackageFile;
}

/**
 * Reads a pom.xml. `locate` gives the places of the text's characters (it may stand in a heredoc); `parent` finds the pom at a relative path.
 *
 * @throws an Error of the parser when it is no XML, SyntaxError when it is nested too deeply.
 */
export function readPom(
  path: string,
  text: string,
  locate: Locate,
  reading: Reading,
  parent: (relativePath: string) => PomParent | undefined,
): Pom {
  if (nestsDeeply(text)) throw new SyntaxError("elements are nested too deeply");
  const root = parseXml(text, { includeOffsets: true, ignoreUndefinedEntities: true }).root;
  const above = root === null || child(root, "parent") === undefined ? undefined : parent(parentPath(root));
  const properties = new Map(above?.properties);
  for (const element of childrenOf(root === null ? undefined : child(root, "properties")))
    properties.set(element.name, textOf(element).trim());
  const version = textOf(root === null ? undefined : child(root, "version")).trim();
  if (version !== "") properties.set("project.version", version);
  const managed = new Map(above?.managed);
  for (const element of root === null ? [] : within(root, ["dependencyManagement", "dependencies", "dependency"]))
    managed.set(coordinates(element, properties), expand(textOf(child(element, "version")), properties));
  const context = { locate, reading, properties, managed };
  const dependencies = root === null ? [] : [...dependenciesOf(root, undefined, context)];
  return { file: { path, kind: "pom", dependencies, settings: [] }, properties, managed };
}

interface Context extends PomParent {
  readonly locate: Locate;
  readonly reading: Reading;
}

function* dependenciesOf(element: XmlElement, condition: string | undefined, context: Context): Generator<Dependency> {
  for (const inner of childrenOf(element)) {
    if (inner.name === "exclusions") continue;
    if (inner.name === "dependency" || inner.name === "artifactItem") {
      const found = dependencyOf(inner, condition, context);
      if (found !== undefined) yield found;
    } else if (/(?:Artifact|Coordinates)$/.test(inner.name)) {
      const found = artifactOf(inner, condition, context);
      if (found !== undefined) yield found;
    }
    yield* dependenciesOf(inner, inner.name === "profile" ? activationOf(inner) : condition, context);
  }
}

/** A profile that is activated by the machine is for that machine alone. */
function activationOf(profile: XmlElement): string | undefined {
  const activation = child(profile, "activation");
  const text = [child(activation, "os"), child(activation, "property")].map(textOf).join(" ");
  return /arch|amd64|x86|aarch|arm|ppc|s390/i.test(text) ? text.replaceAll(/\s+/g, " ").trim() : undefined;
}

function dependencyOf(element: XmlElement, condition: string | undefined, context: Context): Dependency | undefined {
  const { locate, reading, properties, managed } = context;
  const name = coordinates(element, properties);
  if (name === ":" || name.includes("$")) return undefined;
  const written = textOf(child(element, "version")).trim() || (managed.get(name) ?? "");
  const version = expand(written, properties);
  const property = /\$\{([^${}]+)\}/.exec(version)?.[1];
  const classifier = child(element, "classifier");
  const scope = textOf(child(element, "scope")).trim();
  const bound = mavenBound(version);
  const named = child(element, "artifactId") ?? element;
  return {
    ecosystem: "maven",
    name,
    constraint: version,
    ...(bound === undefined ? {} : { bound }),
    place: locate(named.start, named.end),
    use: scope === "test" ? "development" : "program",
    platforms: reading.platforms,
    ...(classifier === undefined
      ? {}
      : {
          classifier: {
            text: expand(textOf(classifier).trim(), properties),
            place: locate(classifier.start, classifier.end),
          },
        }),
    ...(property === undefined ? {} : { property }),
    ...(condition === undefined ? {} : { condition }),
  };
}

/** `GROUP:NAME:VERSION:TYPE:CLASSIFIER`, as the plugin for protoc takes it. */
function artifactOf(element: XmlElement, condition: string | undefined, context: Context): Dependency | undefined {
  const text = expand(textOf(element).trim(), context.properties);
  const [group, artifact, version = "", , classifier] = text.split(":");
  if (group === undefined || artifact === undefined || artifact === "" || /\s/.test(text)) return undefined;
  const place = context.locate(element.start, element.end);
  const bound = mavenBound(version);
  return {
    ecosystem: "maven",
    name: `${group}:${artifact}`,
    constraint: version,
    ...(bound === undefined ? {} : { bound }),
    place,
    use: "program",
    platforms: context.reading.platforms,
    ...(classifier === undefined ? {} : { classifier: { text: classifier, place } }),
    ...(condition === undefined ? {} : { condition }),
  };
}

function coordinates(element: XmlElement, properties: ReadonlyMap<string, string>): string {
  return [child(element, "groupId"), child(element, "artifactId")]
    .map((part) => expand(textOf(part).trim(), properties))
    .join(":");
}

function expand(text: string, properties: ReadonlyMap<string, string>): string {
  let result = text.trim();
  for (let round = 0; round < maxExpansions && result.includes("${") && result.length < 2000; round++) {
    const next = result.replaceAll(/\$\{([^${}]+)\}/g, (whole, name: string) => properties.get(name) ?? whole);
    if (next === result) break;
    result = next;
  }
  return result;
}

function parentPath(root: XmlElement): string {
  const relative = child(child(root, "parent"), "relativePath");
  const path = relative === undefined ? "../pom.xml" : textOf(relative).trim();
  return path === "" || path.endsWith(".xml") ? path : `${path.replace(/\/$/, "")}/pom.xml`;
}

function within(element: XmlElement, path: readonly string[]): XmlElement[] {
  let found = [element];
  for (const name of path) found = found.flatMap((each) => childrenOf(each).filter((inner) => inner.name === name));
  return found;
}

function childrenOf(element: XmlElement | undefined): XmlElement[] {
  return (element?.children ?? []).filter((node): node is XmlElement => node instanceof XmlElement);
}

function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return childrenOf(element).find((inner) => inner.name === name);
}

function textOf(element: XmlElement | undefined): string {
  return (element?.children ?? [])
    .map((node) =>
      node instanceof XmlElement ? textOf(node) : node instanceof XmlText || node instanceof XmlCdata ? node.text : "",
    )
    .join("");
}

function nestsDeeply(text: string): boolean {
  let depth = 0;
  for (const [tag] of text.matchAll(/<\/?[A-Za-z][^<>]*>/g)) {
    if (tag.startsWith("</")) depth--;
    else if (!tag.endsWith("/>")) depth++;
    if (depth > maxDepth) return true;
  }
  return false;
}
