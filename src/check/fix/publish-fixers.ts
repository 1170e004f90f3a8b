import { formatPlatform } from "../../platform/platform.ts";
import type { CheckFinding } from "../check.ts";
import { insertLines, type Change } from "./change.ts";
import type { Fix, Fixer } from "./fixer.ts";

type Refusal = Extract<Fix, { refused: string }>;

/** Actions that a build for other platforms needs before it. */
const helpers = [
  { action: "docker/setup-qemu-action", version: "v3" },
  { action: "docker/setup-buildx-action", version: "v3" },
];

/**
 * `docker-build-single-platform`: the input `platforms` of docker/build-push-action with the steps that it needs, or one `docker buildx build --push` in
 * place of a `docker build` and the `docker push` right behind it.
 */
export const publishForAll: Fixer = (finding, context): Fix => {
  const { model, platforms } = context;
  const list = platforms.map(formatPlatform).join(",");
  const changes: Change[] = [];
  for (const { path, line } of placesOf(finding)) {
    const text = model.repository.text(path);
    if (text === undefined) return { refused: `${path} cannot be read.` };
    const lines = text.split("\n").map((each) => each.replace(/\r$/, ""));
    const isAction = /\.ya?ml$/.test(path) ? actionLine(lines, line) : undefined;
    const own =
      isAction === undefined ? joinBuildAndPush(path, lines, line, list) : addInput(path, lines, isAction, list);
    if ("refused" in own) return own;
    changes.push(...own);
  }
  return { title: `Build and publish for ${list}`, changes };
};

/** The builds of a finding: each place once. */
function placesOf(finding: CheckFinding): { readonly path: string; readonly line: number }[] {
  const places = finding.problems.map(({ place }) => ({ path: place.path, line: place.line }));
  return places.filter((place, index) => {
    return places.findIndex((other) => other.path === place.path && other.line === place.line) === index;
  });
}

/** The line `uses: docker/build-push-action` of the step that a line belongs to. */
function actionLine(lines: readonly string[], line: number): number | undefined {
  const uses = /^\s*(?:-\s+)?uses:\s*["']?docker\/build-push-action@/;
  const start = stepStart(lines, line - 1);
  if (start === undefined) return undefined;
  const found = lines.findIndex((each, index) => index >= start && index < stepEnd(lines, start) && uses.test(each));
  return found < 0 ? undefined : found;
}

function stepStart(lines: readonly string[], at: number): number | undefined {
  const start = lines.findLastIndex((each, index) => index <= at && /^\s*-\s+(?:name|uses|id|if|with|env):/.test(each));
  return start < 0 || stepEnd(lines, start) <= at ? undefined : start;
}

/** The line behind a step: the first that is not indented further than its dash. */
function stepEnd(lines: readonly string[], start: number): number {
  const dash = indentOf(lines[start]);
  const end = lines.findIndex((each, index) => index > start && /\S/.test(each) && indentOf(each) <= dash);
  return end < 0 ? lines.length : end;
}

function indentOf(line = ""): number {
  return /^\s*/.exec(line)?.[0].length ?? 0;
}

function addInput(path: string, lines: readonly string[], uses: number, list: string): readonly Change[] | Refusal {
  const start = stepStart(lines, uses) ?? uses;
  const end = stepEnd(lines, start);
  const dash = " ".repeat(indentOf(lines[start]));
  const within = lines.slice(start, end);
  const given = within.findIndex((each) => /^\s*platforms:/.test(each));
  const lineEnd = "";
  const changes: Change[] = [];
  if (given >= 0) {
    const text = within[given] ?? "";
    const value = /^(\s*platforms:\s*)(linux\/[\w/]+)\s*$/.exec(text);
    if (value?.[1] === undefined || value[2] === undefined) {
      return { refused: "The platforms of the step are not one plain name.", instead: `Set them to ${list}.` };
    }
    const line = start + given + 1;
    const column = value[1].length + 1;
    const place = { path, line, column, endLine: line, endColumn: column + value[2].length };
    changes.push({ place, text: list });
  } else {
    const inputs = within.findIndex((each) => /^\s*(?:-\s+)?with:\s*(?:#.*)?$/.test(each));
    const next = within.slice(inputs + 1).find((each) => /\S/.test(each) && !/^\s*#/.test(each));
    if (inputs < 0 || next === undefined) {
      return { refused: "The step has no inputs (with:) in lines of their own.", instead: `Add platforms: ${list}.` };
    }
    const indent = " ".repeat(indentOf(next));
    changes.push(insertLines(path, start + inputs + 2, `${indent}platforms: ${list}${lineEnd}`));
  }
  const isLoaded = within.some((each) => /^\s*load:\s*["']?true/.test(each));
  if (isLoaded) {
    return {
      refused: "The step loads its image into the engine (load: true), which takes one platform only.",
      instead: `Build for ${list} in a step of its own that pushes.`,
    };
  }
  const steps = lines.findLastIndex((each, index) => index < start && /^\s*steps:\s*(?:#.*)?$/.test(each));
  const before = lines.slice(Math.max(steps, 0), start);
  const missing = helpers.filter(({ action }) => !before.some((each) => each.includes(`${action}@`)));
  const added = missing.map(({ action, version }) => `${dash}- uses: ${action}@${version}`);
  const first = commentStart(lines, start);
  if (added.length > 0) changes.push(insertLines(path, first + 1, added.join("\n")));
  return changes;
}

/** The first line of the comments right above a step. */
function commentStart(lines: readonly string[], start: number): number {
  let at = start;
  while (at > 0 && /^\s*#/.test(lines[at - 1] ?? "")) at--;
  return at;
}

const simple = /^(\s*(?:-\s+)?@?)docker\s+(?:image\s+)?build(?=\s)([^\\;&|<>`]*)$/;

function joinBuildAndPush(
  path: string,
  lines: readonly string[],
  at: number,
  list: string,
): readonly Change[] | Refusal {
  const refusal: Refusal = {
    refused: "The build and its push are not two plain lines, one right behind the other.",
    instead: `Build with docker buildx build --platform ${list} --push, and leave the docker push out.`,
  };
  const index = [at - 1, at - 2].find((each) => simple.test(lines[each] ?? ""));
  const build = index === undefined ? null : simple.exec(lines[index] ?? "");
  const push =
    index === undefined ? null : /^\s*(?:-\s+)?@?docker\s+(?:image\s+)?push\s+(\S+)\s*$/.exec(lines[index + 1] ?? "");
  const words = build?.[2] ?? "";
  const tags = [...words.matchAll(/\s(?:-t|--tag)(?:\s+|=)(\S+)/g)];
  const isSame = tags.length === 1 && tags[0]?.[1] !== undefined && unquoted(tags[0][1]) === unquoted(push?.[1] ?? "");
  if (
    index === undefined ||
    build === null ||
    push === null ||
    !isSame ||
    /\s--(?:platform|load|output|squash)\b/.test(words)
  )
    return refusal;
  const line = index + 1;
  const start = (build[1] ?? "").length + 1;
  const head = (lines[index] ?? "").length - words.length + 1;
  return [
    {
      place: { path, line, column: start, endLine: line, endColumn: head },
      text: `docker buildx build --platform ${list} --push`,
    },
    { place: { path, line: line + 1, column: 1, endLine: line + 2, endColumn: 1 }, text: "" },
  ];
}

function unquoted(word: string): string {
  return word.replaceAll(/["']/g, "");
}
