import { ArchwayError } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import { buildInstruction } from "./build-instruction.ts";
import { baseOf, checkedFlags, type Draft } from "./draft.ts";
import { flagsOf } from "./flags.ts";
import { readHeredocs, type Heredoc } from "./heredoc.ts";
import { keywords, type Instruction, type Keyword, type OnbuildInstruction } from "./instruction.ts";
import { failAt, lineFrom, physicalLine, rangeOf, type LogicalLine } from "./logical-line.ts";
import { isSpace, positionAt, skipSpaces, type Range } from "./source.ts";
import { nextBlank, splitFlags, splitJson } from "./words.ts";

/** Instructions that have an exec form or take their arguments as a JSON array. */
const jsonKeywords: readonly Keyword[] = ["ADD", "COPY", "VOLUME", "RUN", "CMD", "ENTRYPOINT", "SHELL", "HEALTHCHECK"];

const heredocKeywords: readonly Keyword[] = ["RUN", "COPY", "ADD"];

/**
 * Reads one instruction and the heredocs behind it. `next` is the index of the physical line that follows.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` with BuildKit's message and the place.
 */
export function readInstruction(
  line: LogicalLine,
  escape: string,
): { readonly instruction: Instruction; readonly next: number } {
  const head = readHead(line, escape);
  if (head.keyword !== "ONBUILD") {
    const { heredocs, next } = announcesHeredocs(head) ? readHeredocs(line) : { heredocs: [], next: line.next };
    return { instruction: buildInstruction({ ...head, heredocs, range: rangeWith(line, heredocs, next) }), next };
  }
  const trigger = readTriggerHead(head);
  const announces = trigger instanceof ArchwayError ? false : announcesHeredocs(trigger);
  const { heredocs, next } = announces ? readHeredocs(line) : { heredocs: [], next: line.next };
  const draft = { ...head, heredocs, range: rangeWith(line, heredocs, next) };
  checkedFlags(draft, {});
  return { instruction: { ...baseOf({ ...draft, keyword: "ONBUILD" }), ...buildTrigger(trigger, draft) }, next };
}

/** The part of an instruction that its first line tells. */
type Head = Omit<Draft, "heredocs" | "range">;

function readHead(line: LogicalLine, escape: string): Head {
  const keyword = keywordOf(line);
  const { flags, rest } = splitFlags(line.text, nextBlank(line.text, 0).next, escape);
  const from = skipSpaces(line.text, rest);
  // HEALTHCHECK has its kind before the command.
  const jsonStart = keyword === "HEALTHCHECK" ? nextBlank(line.text, from).next : from;
  const json = jsonKeywords.includes(keyword) ? splitJson(line.text, jsonStart) : undefined;
  if (json === "not strings") {
    throw failAt(line, "when using JSON array syntax, arrays must be comprised of strings only", from);
  }
  return { keyword, line, escape, from, json, flags: flagsOf(line, flags) };
}

function keywordOf(line: LogicalLine): Keyword {
  const written = line.text.slice(0, nextBlank(line.text, 0).end);
  const keyword = keywords.find((known) => known === written.toUpperCase());
  if (keyword !== undefined) return keyword;
  const shown = written.length > 40 ? `${written.slice(0, 40)}…` : written;
  const meant = nearestName(shown, keywords);
  const hidden = Array.from(written).some((character) => isSpace(character));
  const message = `unknown instruction: ${shown}${meant === undefined ? "" : ` (did you mean ${meant}?)`}`;
  throw failAt(
    line,
    message,
    0,
    hidden ? { hint: "The line contains a no-break space; write an ordinary space." } : {},
  );
}

function announcesHeredocs({ keyword, json }: Head): boolean {
  return heredocKeywords.includes(keyword) && json === undefined;
}

/** From the first character to the last one of the line or of the last heredoc's terminator. */
function rangeWith(line: LogicalLine, heredocs: readonly Heredoc[], next: number): Range {
  const range = rangeOf(line, 0, line.text.length);
  if (heredocs.length === 0) return range;
  const { text, offset } = physicalLine(line.source, next - 1);
  return { start: range.start, end: positionAt(line.source, offset + text.length) };
}

/** The head of the instruction behind ONBUILD, or what is wrong with it: the engine finds that out only when it fires. */
function readTriggerHead({ line, from, escape }: Head): Head | ArchwayError {
  if (from >= line.text.length) throw failAt(line, "ONBUILD requires at least one argument");
  const triggerLine = lineFrom(line, from);
  const name = triggerLine.text.slice(0, nextBlank(triggerLine.text, 0).end).toUpperCase();
  if (name === "ONBUILD") throw failAt(line, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", from);
  if (name === "FROM" || name === "MAINTAINER") throw failAt(line, `${name} isn't allowed as an ONBUILD trigger`, from);
  return orProblem(() => readHead(triggerLine, escape));
}

function buildTrigger(
  head: Head | ArchwayError,
  { heredocs, range }: Pick<Draft, "heredocs" | "range">,
): Pick<OnbuildInstruction, "trigger" | "problem"> {
  if (head instanceof ArchwayError) return { problem: head.message };
  const start = rangeOf(head.line, 0, 0).start;
  const built = orProblem(() => buildInstruction({ ...head, heredocs, range: { start, end: range.end } }));
  return built instanceof ArchwayError ? { problem: built.message } : { trigger: built };
}

function orProblem<Value>(read: () => Value): Value | ArchwayError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ArchwayError) return error;
    throw error;
  }
}
