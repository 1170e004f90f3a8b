import { namesIn } from "../../platform/architecture-words.ts";
import { formatPlatform } from "../../platform/platform.ts";
import { spellingFor } from "../names/spelling.ts";
import { lineStarts } from "../place.ts";
import type { Fix, Fixer } from "./fixer.ts";

const byHand =
  "Add the same dependency with the other classifier, or use ${os.detected.classifier} of os-maven-plugin.";

/** `maven-arch-classifier`: adds the same `<dependency>` with the classifier of the other platforms behind it. */
export const addClassifier: Fixer = (finding, { model }): Fix => {
  const { path, line = 0 } = finding;
  const text = model.repository.text(path);
  const start = text === undefined ? undefined : lineStarts(text)[line - 1];
  if (text === undefined || start === undefined || !path.endsWith(".xml")) {
    return { refused: "Only a dependency of a pom.xml gets a sibling by itself.", instead: byHand };
  }
  const end = text.indexOf("</dependency>", start) + "</dependency>".length;
  const opening = text.lastIndexOf("<dependency>", end);
  const own = text.slice(opening, end);
  const isOne = opening >= 0 && text.indexOf("<classifier>", opening) >= 0 && own.match(/<classifier>/g)?.length === 1;
  if (!isOne || end < start + "</dependency>".length) {
    return { refused: "The classifier is not that of a <dependency>.", instead: byHand };
  }
  const classifier = /<classifier>([^<]*)<\/classifier>/.exec(own)?.[1] ?? "";
  const [match] = namesIn(classifier);
  const indent = /[\t ]*$/.exec(text.slice(0, opening))?.[0] ?? "";
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  const added: string[] = [];
  for (const platform of finding.platforms) {
    const name = match === undefined ? undefined : spellingFor(match, platform, `${classifier}.jar`);
    if (match === undefined || name === undefined) {
      return { refused: `How ${classifier} is called for ${formatPlatform(platform)} is not known.`, instead: byHand };
    }
    const other = `${classifier.slice(0, match.start)}${name}${classifier.slice(match.end)}`;
    const key = mavenKey(own);
    const fact = key === undefined ? undefined : model.facts.package(key);
    const has =
      fact?.platforms === "all" || fact?.platforms.some(({ architecture }) => architecture === platform.architecture);
    if (fact === null || (fact !== undefined && has !== true)) {
      return {
        refused: `This version is known to have nothing with the classifier ${other}.`,
        instead: "Take a newer version, or leave the native library out for that platform.",
      };
    }
    added.push(own.replace(`<classifier>${classifier}<`, `<classifier>${other}<`));
  }
  const starts = lineStarts(text);
  const index = starts.findLastIndex((each) => each <= end);
  const column = end - (starts[index] ?? 0) + 1;
  const place = { path, line: index + 1, column, endLine: index + 1, endColumn: column };
  return {
    title: `Add the dependency for ${finding.platforms.map(formatPlatform).join(" and ")} too`,
    changes: [{ place, text: added.map((each) => `${lineEnd}${indent}${each}`).join("") }],
  };
};

/** What the facts call an artifact; undefined when a part of it comes from a property. */
function mavenKey(dependency: string): string | undefined {
  const part = (name: string): string | undefined =>
    new RegExp(`<${name}>\\s*([\\w.-]+)\\s*</${name}>`).exec(dependency)?.[1];
  const [group, name, version] = [part("groupId"), part("artifactId"), part("version")];
  return group === undefined || name === undefined || version === undefined
    ? undefined
    : `maven:${group}:${name}@${version}`;
}
