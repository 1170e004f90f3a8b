import { namesIn } from "../../../platform/architecture-words.ts";
import { formatPlatform, type Platform } from "../../../platform/platform.ts";
import type { Model } from "../../model.ts";
import { locateIn, type Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import { dependsOnPlatform, isKnown, textOf } from "../../value.ts";

/** Lists of what is released, without a requested platform. */
export const releaseMatrixMissingArch: Rule = {
  id: "release-matrix-missing-arch",
  severity: "note",
  page: {
    title: "A list of released platforms lacks a requested one",
    what: "A list of platforms or architectures in a Makefile, in the loop of a script, or under `goarch:` of goreleaser that has some Linux platforms and not all requested ones: `for platform in linux-amd64 darwin-amd64`.",
    why: "Images and charts that download the released files find nothing for the platform.",
    symptom: "`curl: (22) The requested URL returned error: 404` where the file for the other architecture is fetched.",
    fix: "Add the platform to the list: `for platform in linux-amd64 linux-arm64 darwin-amd64`.",
    ignore: "The project is not released for that platform.",
  },
  *find(model) {
    for (const { text, place } of lists(model)) {
      const missing = missingFrom(text, model.platforms);
      if (missing.length === 0) continue;
      yield problem(text, place, missing);
    }
  },
};

function problem(text: string, place: Place, missing: readonly Platform[]): Problem {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return {
    rule: "release-matrix-missing-arch",
    message: `The list "${shown}" has nothing for ${missing.map(formatPlatform).join(", ")}.`,
    platforms: missing,
    place,
    advice: "Add the platform to the list.",
    key: `release-matrix-missing-arch\0${place.path}\0${place.line}`,
  };
}

/** The requested platforms that a list of at least two platforms or architectures does not have, while it has another one for Linux. */
function missingFrom(text: string, platforms: readonly Platform[]): Platform[] {
  const words = text.split(/[\s,;"'[\]]+/).filter((word) => word !== "");
  const named = words
    .map((word) => namesIn(word === "386" ? "linux-386" : word))
    .filter((names) => names.length === 1)
    .map(([name]) => name);
  if (words.length < 2 || named.length < words.length) return [];
  const linux = new Set(
    named.flatMap((name) => (name === undefined || name.os !== undefined ? [] : [name.architecture])),
  );
  if (!platforms.some(({ architecture }) => linux.has(architecture))) return [];
  return platforms.filter(({ architecture }) => !linux.has(architecture));
}

const listName = /(?:PLATFORM|ARCH|ARCHE|ARCHITECTURE|TARGET|OSARCH|BINARIE|MATRIX)S?(?:$|_)/i;

function* lists(model: Model): Generator<{ readonly text: string; readonly place: Place }> {
  for (const { variants } of model.makefiles) {
    for (const { name, value, place } of variants[0]?.variables.values() ?? []) {
      if (listName.test(name) && isKnown(value) && !dependsOnPlatform(value))
        yield { text: textOf(value).trim(), place };
    }
  }
  for (const { path } of model.repository.files) {
    if (/(?:^|\/)(?:vendor|node_modules|third_party|testdata)\//.test(path)) continue;
    if (/\.(?:sh|bash)$/.test(path))
      yield* matches(model, path, /\bfor[ \t]+\w+[ \t]+in[ \t]+([\w./ \t-]+?)[ \t]*(?:;|\n)/g);
    else if (/(?:^|\/)\.?goreleaser\.ya?ml$/.test(path))
      yield* matches(model, path, /^[ \t]*goarch:[ \t]*\n((?:[ \t]*-[ \t]*["']?\w+["']?[ \t]*\n)+)/gm, true);
  }
}

function* matches(
  model: Model,
  path: string,
  pattern: RegExp,
  isList = false,
): Generator<{ readonly text: string; readonly place: Place }> {
  const text = model.repository.text(path);
  if (text === undefined || (!isList && !/\bfor\b/.test(text))) return;
  const locate = locateIn(path, text);
  for (const match of text.matchAll(pattern)) {
    const list = match[1] ?? "";
    const entries = isList ? list.replaceAll(/^[ \t]*-/gm, " ") : list;
    yield {
      text: entries.replaceAll(/\s+/g, " ").trim(),
      place: locate(match.index, match.index + match[0].trimEnd().length),
    };
  }
}
