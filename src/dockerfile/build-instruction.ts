import { buildCopy } from "./build-copy.ts";
import { buildHealthcheck, buildRun } from "./build-run.ts";
import { baseOf, checkedFlags, commandFrom, wordsOf, type Draft } from "./draft.ts";
import type { ArgInstruction, FromInstruction, Instruction, Pair } from "./instruction.ts";
import { failAt, wordOf } from "./logical-line.ts";
import { invalid, skipSpaces, type Word } from "./source.ts";
import { nextBlank, splitQuoted, type Slice } from "./words.ts";

/**
 * Reads the arguments of an instruction other than ONBUILD.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` with BuildKit's message and the place.
 */
export function buildInstruction(draft: Draft): Instruction {
  const { keyword } = draft;
  switch (keyword) {
    case "FROM":
      return buildFrom({ ...draft, keyword });
    case "ARG":
      return buildArg({ ...draft, keyword });
    case "ENV":
    case "LABEL":
      return { ...baseOf({ ...draft, keyword }), ...buildPairs(draft) };
    case "COPY":
    case "ADD":
      return buildCopy({ ...draft, keyword });
    case "RUN":
      return buildRun({ ...draft, keyword });
    case "CMD":
    case "ENTRYPOINT":
      checkedFlags(draft, {});
      return { ...baseOf({ ...draft, keyword }), command: commandFrom(draft, draft.from) };
    case "HEALTHCHECK":
      return { ...baseOf({ ...draft, keyword }), ...buildHealthcheck(draft) };
    case "EXPOSE":
    case "VOLUME":
      return { ...baseOf({ ...draft, keyword }), words: buildList(draft) };
    case "USER":
    case "WORKDIR":
    case "STOPSIGNAL":
    case "MAINTAINER":
      return { ...baseOf({ ...draft, keyword }), value: buildValue(draft) };
    case "SHELL":
      return { ...baseOf({ ...draft, keyword }), words: buildShell(draft) };
    case "ONBUILD":
      throw failAt(draft.line, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  }
}

function buildFrom(draft: Draft<"FROM">): FromInstruction {
  const [base, as, name, ...more] = wordsOf(draft);
  const named = as?.text.toLowerCase() === "as" && name !== undefined;
  if (base === undefined || (as !== undefined && !named) || more.length > 0) {
    throw failAt(draft.line, "FROM requires either one or three arguments");
  }
  const stageName = name === undefined ? undefined : { ...name, text: name.text.toLowerCase() };
  if (stageName !== undefined && !/^[a-z][a-z0-9_.-]*$/.test(stageName.text)) {
    const rule = "name can't start with a number or contain symbols";
    const { file } = draft.line.source;
    throw invalid(file, `invalid name for build stage: "${name?.text ?? ""}", ${rule}`, stageName.range.start);
  }
  const platform = checkedFlags(draft, { platform: "text" }).text("platform");
  return {
    ...baseOf(draft),
    base,
    // `--platform=` with nothing behind it counts as not given.
    ...(platform === undefined || platform.text === "" ? {} : { platform }),
    ...(stageName === undefined ? {} : { stageName }),
  };
}

function buildArg(draft: Draft<"ARG">): ArgInstruction {
  const slices = splitQuoted(draft.line.text, draft.from, draft.escape);
  if (slices.length === 0) throw failAt(draft.line, "ARG requires at least one argument");
  const args = slices.map((slice) => {
    const pair = pairOf(draft, slice);
    if (pair?.name.text === "") throw failAt(draft.line, "ARG names can not be blank", slice.start);
    return pair ?? { name: wordOf(draft.line, slice) };
  });
  return { ...baseOf(draft), args };
}

/** Cuts `NAME=VALUE`; undefined when there is no `=`. */
function pairOf(draft: Draft, { text, start, end }: Slice): Pair | undefined {
  const equals = text.indexOf("=");
  if (equals < 0) return undefined;
  return {
    name: wordOf(draft.line, { text: text.slice(0, equals), start, end: start + equals }),
    value: wordOf(draft.line, { text: text.slice(equals + 1), start: start + equals + 1, end }),
  };
}

function buildPairs(draft: Draft): { readonly pairs: readonly Pair[]; readonly legacy: boolean } {
  checkedFlags(draft, {});
  const { line, keyword } = draft;
  const slices = splitQuoted(line.text, draft.from, draft.escape);
  const [first] = slices;
  if (first === undefined) throw failAt(line, `${keyword} requires at least one argument`);
  if (!first.text.includes("=")) return { pairs: [legacyPair(draft)], legacy: true };
  const pairs = slices.map((slice) => {
    const pair = pairOf(draft, slice);
    if (pair === undefined) {
      const problem = `Syntax error - can't find = in "${slice.text}". Must be of the form: name=value`;
      throw failAt(line, problem, slice.start);
    }
    if (pair.name.text === "") throw failAt(line, `${keyword} names can not be blank`, slice.start);
    return pair;
  });
  return { pairs, legacy: false };
}

function legacyPair(draft: Draft): Pair {
  const { line, from } = draft;
  const { end, next } = nextBlank(line.text, from);
  if (next >= line.text.length) throw failAt(line, `${draft.keyword} must have two arguments`, from);
  return {
    name: wordOf(line, { text: line.text.slice(from, end), start: from, end }),
    value: wordOf(line, { text: line.text.slice(next), start: next, end: line.text.length }),
  };
}

function buildList(draft: Draft): Word[] {
  checkedFlags(draft, {});
  const words = wordsOf(draft);
  if (words.length === 0) throw failAt(draft.line, `${draft.keyword} requires at least one argument`);
  const blank = draft.keyword === "VOLUME" && words.find(({ text }) => skipSpaces(text, 0) === text.length);
  if (blank) {
    throw invalid(draft.line.source.file, "VOLUME specified can not be an empty string", blank.range.start);
  }
  return words;
}

function buildValue(draft: Draft): Word {
  const { line, from, keyword } = draft;
  if (from >= line.text.length) throw failAt(line, `${keyword} requires exactly one argument`);
  if (keyword !== "STOPSIGNAL") checkedFlags(draft, {});
  return wordOf(line, { text: line.text.slice(from), start: from, end: line.text.length });
}

function buildShell(draft: Draft): Word[] {
  checkedFlags(draft, {});
  if (draft.json === undefined && draft.from < draft.line.text.length) {
    throw failAt(draft.line, "SHELL requires the arguments to be in JSON form", draft.from);
  }
  if (draft.json === undefined || draft.json.length === 0) {
    throw failAt(draft.line, "SHELL requires at least one argument");
  }
  return wordsOf(draft);
}
