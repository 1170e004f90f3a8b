import { automaticArgNames } from "../../../dockerfile/automatic-args.ts";
import type { EvaluatedInstruction, EvaluatedRun } from "../../../dockerfile/evaluation.ts";
import { positionAt } from "../../../dockerfile/source.ts";
import { placeOf } from "../../docker/word-place.ts";
import type { Place } from "../../place.ts";
import type { BuiltStage } from "./stages.ts";

/** Where a stage uses a variable that is not set there. */
export interface UnsetUse {
  readonly name: string;
  readonly place: Place;
  readonly keyword: EvaluatedInstruction["keyword"];
  /** As written: `$TARGETARCH`, `${TARGETARCH}`. */
  readonly text: string;
  /** What stands right before it, on the same line. */
  readonly before: string;
  /** What is used in its place: of `${A:-x}` it is `x`. */
  readonly fallback?: string;
}

const automaticNames: readonly string[] = automaticArgNames;

/** Names that are plainly about the architecture: a word with one of them is meant to differ between platforms. */
const architectureNames = /^(?:\w+_)?(?:GO)?ARCH(?:ITECTURE)?$/i;

/**
 * Uses of automatic arguments, and of ARGs from before the first FROM, in a stage that has no ARG for them; outside of scripts also of variables that
 * nothing declares and that are called like an architecture.
 */
export function unsetUses({ file, variant, model }: BuiltStage): UnsetUse[] {
  const globals = file.dockerfile.globalArgs
    .flatMap(({ args }) => args.map(({ name }) => name.text))
    .filter((name) => /^\w+$/.test(name));
  const names = new Set([...automaticNames, ...globals]);
  const { base } = model.stage;
  // An ARG without a value is declared all the same: whoever builds did not give it.
  const declared = new Set(base.kind === "stage" ? variant.evaluation.stages[base.index]?.declaredArgs : []);
  return model.stage.instructions.flatMap((evaluated) => {
    if (evaluated.keyword === "ARG") for (const { name } of evaluated.args) declared.add(name);
    if (evaluated.onbuild) return [];
    const open = [...names].filter((name) => evaluated.environment.get(name) === undefined && !declared.has(name));
    return usesIn(file, evaluated, open).filter(({ name }) => !declared.has(name));
  });
}

function usesIn(file: BuiltStage["file"], evaluated: EvaluatedInstruction, names: readonly string[]): UnsetUse[] {
  const { source } = file.dockerfile;
  const { start, end } = evaluated.instruction.range;
  const text = source.text.slice(start.offset, end.offset);
  if (!text.includes("$")) return [];
  const isRun = evaluated.keyword === "RUN";
  const wanted = isRun
    ? names.filter((name) => text.includes(name) && !isSetIn(text, name, automaticNames.includes(name)))
    : evaluated.unset.filter((name) => names.includes(name) || architectureNames.test(name));
  if (wanted.length === 0 || (isRun && isExec(evaluated))) return [];
  const readable = isRun ? shellText(text) : text;
  const uses = wanted.flatMap((name) => {
    const pattern = new RegExp(`(?<!\\\\)\\$(?:${name}\\b|\\{[!#]?${name}\\b([^}]*)\\}?)`, "g");
    return [...readable.matchAll(pattern)].map((match): UnsetUse => {
      const from = start.offset + match.index;
      const range = { start: positionAt(source, from), end: positionAt(source, from + match[0].length) };
      const before = readable.slice(readable.lastIndexOf("\n", match.index) + 1, match.index);
      const fallback = /^:?[-+](.*)$/s.exec(match[1] ?? "")?.[1];
      return {
        name,
        place: placeOf(file.path, range),
        keyword: evaluated.keyword,
        text: match[0],
        before,
        ...(fallback === undefined ? {} : { fallback }),
      };
    });
  });
  return uses.toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
}

/** The exec form has no shell that would expand anything, unless it starts one. */
function isExec({ instruction: { command } }: EvaluatedRun): boolean {
  return command.form === "exec" && command.words[0]?.text.endsWith("sh") !== true;
}

/** True when a script sets a variable itself, or may get it from a file that it reads in. */
function isSetIn(script: string, name: string, isAutomatic: boolean): boolean {
  // At the place of a command, also behind other assignments; `make ARCH=$ARCH` is an argument.
  const start = String.raw`(?:^|[;&|({\n]|\b(?:RUN(?:\s+--\S+)*|export|local|declare|readonly|then|do|else)\s)[\s\\]*`;
  const assignment = String.raw`(?:\w+=\S*[\s\\]+)*${name}(?:\[[^\]]*\])?\+?=(?!["']?\$\{?${name}\b)`;
  const loop = String.raw`\b(?:for|read|mapfile|getopts)\b[^\n;]*\b${name}\b`;
  const sets = new RegExp(`${start}${assignment}|${loop}`);
  const readsFiles = /(?:^|[\s;&|])(?:\.|source|eval)\s/;
  return sets.test(script) || (!isAutomatic && readsFiles.test(script));
}

/** A script in which what no shell expands is blanked out, at the same offsets: text in single quotes and comments. */
function shellText(script: string): string {
  let result = "";
  let quote = "";
  for (let at = 0; at < script.length; at++) {
    const character = script.charAt(at);
    if (character === "\\" && quote !== "'") {
      result += script.slice(at, at + 2);
      at++;
      continue;
    }
    if (quote === "'") {
      if (character === "'") quote = "";
      result += character === "\n" ? "\n" : " ";
      continue;
    }
    if (quote === "" && character === "#" && /(?:^|[\s;])$/.test(script.slice(Math.max(0, at - 1), at))) {
      const feed = script.indexOf("\n", at);
      const end = feed < 0 ? script.length : feed;
      result += " ".repeat(end - at);
      at = end - 1;
      continue;
    }
    if (character === '"') quote = quote === '"' ? "" : '"';
    else if (character === "'" && quote === "") quote = "'";
    result += character;
  }
  return result;
}
