import { checkFlags, type Flag, type FlagKinds, type Flags } from "./flags.ts";
import { parseHeredocWord, type Heredoc } from "./heredoc.ts";
import type {
  ArgInstruction,
  Command,
  CopyInstruction,
  FromInstruction,
  Instruction,
  InstructionBase,
  Keyword,
  Pair,
  RunInstruction,
} from "./instruction.ts";
import { failAt, spannedFrom, wordOf, type LogicalLine } from "./logical-line.ts";
import { mountFields, mountProblem, type MountFlag } from "./mount.ts";
import { invalid, skipSpaces, type Range, type Word } from "./source.ts";
import { nextBlank, splitBlanks, splitQuoted, type Slice } from "./words.ts";

/** An instruction whose line is taken apart and whose arguments are still to be read. */
export interface Draft<Name extends Keyword = Keyword> {
  readonly keyword: Name;
  readonly line: LogicalLine;
  readonly escape: string;
  /** Index in the line where the arguments begin, behind the flags. */
  readonly from: number;
  /** The exec form's words; undefined for everything that is no JSON array of strings. */
  readonly json: readonly Slice[] | undefined;
  readonly flags: readonly Flag[];
  readonly heredocs: readonly Heredoc[];
  readonly range: Range;
}

/** What every instruction has, of a draft. */
export function baseOf<Name extends Keyword>(draft: Draft<Name>): InstructionBase & { readonly keyword: Name } {
  const { keyword, range, line, flags, heredocs } = draft;
  return { keyword, range, source: line.text, flags, heredocs };
}

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

/** The flags of an instruction, checked against what it knows. */
export function checkedFlags(draft: Draft, kinds: FlagKinds): Flags {
  return checkFlags(draft.line.source.file, draft.flags, kinds);
}

/** The arguments of instructions that take a JSON array or words between blanks. */
function wordsOf(draft: Draft): Word[] {
  return (draft.json ?? splitBlanks(draft.line.text, draft.from)).map((slice) => wordOf(draft.line, slice));
}

function commandFrom(draft: Draft, from: number): Command {
  if (draft.json !== undefined) return { form: "exec", words: wordsOf(draft) };
  return { form: "shell", script: spannedFrom(draft.line, from) };
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

const copyFlags: FlagKinds = {
  chown: "text",
  from: "text",
  chmod: "text",
  link: "switch",
  exclude: "many",
  parents: "switch",
};
const addFlags: FlagKinds = {
  chown: "text",
  chmod: "text",
  link: "switch",
  "keep-git-dir": "switch",
  checksum: "text",
  unpack: "switch",
  exclude: "many",
};

function buildCopy(draft: Draft<"COPY" | "ADD">): CopyInstruction {
  const { keyword, line } = draft;
  const words = wordsOf(draft);
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2) {
    const problem = "requires at least two arguments, but only one was provided. Destination could not be determined";
    throw failAt(line, `${keyword} ${problem}`);
  }
  const flags = checkedFlags(draft, keyword === "COPY" ? copyFlags : addFlags);
  if (parseHeredocWord(destination.text) !== undefined) {
    throw invalid(line.source.file, `${keyword} cannot accept a heredoc as a destination`, destination.range.start);
  }
  const sources: Word[] = [];
  const inline: Heredoc[] = [];
  for (const word of words.slice(0, -1)) {
    const heredoc = parseHeredocWord(word.text);
    if (heredoc === undefined) sources.push(word);
    else {
      const read = draft.heredocs.findLast(({ name }) => name === heredoc.name);
      inline.push(read ?? { ...heredoc, content: "", range: word.range });
    }
  }
  const optional = {
    from: flags.text("from"),
    chown: flags.text("chown"),
    chmod: flags.text("chmod"),
    checksum: flags.text("checksum"),
    keepGitDir: flags.switch("keep-git-dir"),
    unpack: flags.switch("unpack"),
  };
  return {
    ...baseOf(draft),
    sources,
    inline,
    destination,
    exclude: flags.many("exclude"),
    link: flags.switch("link") ?? false,
    parents: flags.switch("parents") ?? false,
    ...given(optional),
  };
}

/** The properties of an object that are not undefined. */
function given<Shape extends object>(object: Shape): { [Key in keyof Shape]?: Exclude<Shape[Key], undefined> } {
  const result: { [Key in keyof Shape]?: Exclude<Shape[Key], undefined> } = {};
  for (const key in object) {
    const value = object[key];
    if (isGiven(value)) result[key] = value;
  }
  return result;
}

function isGiven<Value>(value: Value): value is Exclude<Value, undefined> {
  return value !== undefined;
}

const networks = ["default", "none", "host"] as const;
const securities = ["sandbox", "insecure"] as const;

function buildRun(draft: Draft<"RUN">): RunInstruction {
  const flags = checkedFlags(draft, { mount: "many", network: "text", security: "text", device: "many" });
  const networkWord = flags.text("network");
  const network = networks.find((known) => known === (networkWord?.text ?? "default"));
  const { file } = draft.line.source;
  if (network === undefined) {
    throw invalid(file, `invalid network mode "${networkWord?.text ?? ""}"`, networkWord?.range.start);
  }
  const securityWord = flags.text("security");
  const security = securities.find((known) => known === (securityWord?.text ?? "sandbox"));
  if (security === undefined) {
    throw invalid(file, `security "${securityWord?.text ?? ""}" is not valid`, securityWord?.range.start);
  }
  const mounts = flags.many("mount").map((word) => mountOf(file, word));
  const command = commandFrom(draft, draft.from);
  return { ...baseOf(draft), command, mounts, network, security, devices: flags.many("device") };
}

function mountOf(file: string, word: Word): MountFlag {
  const fields = mountFields(word.text);
  const problem = typeof fields === "string" ? fields : mountProblem(fields);
  if (typeof fields === "string" || problem !== undefined) throw invalid(file, problem ?? "", word.range.start);
  return { word, fields };
}

const duration = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

function buildHealthcheck(draft: Draft): { readonly command?: Command } {
  const { line, from } = draft;
  const { end, next } = nextBlank(line.text, from);
  const kind = line.text.slice(from, end).toUpperCase();
  if (kind === "") throw failAt(line, "HEALTHCHECK requires at least one argument");
  if (kind === "NONE") {
    if (draft.json === undefined ? next < line.text.length : draft.json.length > 0) {
      throw failAt(line, "HEALTHCHECK NONE takes no arguments", next);
    }
    return {};
  }
  const times = { interval: "text", timeout: "text", "start-period": "text", "start-interval": "text" } as const;
  const flags = checkedFlags(draft, { ...times, retries: "text" });
  if (kind !== "CMD") throw failAt(line, `Unknown type "${kind}" in HEALTHCHECK (try CMD)`, from);
  for (const { name, value } of flags.all) {
    if (value === undefined || value.text === "") continue;
    const valid = name === "retries" ? /^\+?\d{1,10}$/.test(value.text) : duration.test(value.text);
    if (!valid) throw invalid(line.source.file, `invalid value for --${name}: ${value.text}`, value.range.start);
  }
  if (draft.json === undefined ? next >= line.text.length : draft.json.length === 0) {
    throw failAt(line, "Missing command after HEALTHCHECK CMD", from);
  }
  return { command: commandFrom(draft, next) };
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
