import { baseOf, checkedFlags, wordsOf, type Draft } from "./draft.ts";
import type { FlagKinds } from "./flags.ts";
import { parseHeredocWord, type Heredoc } from "./heredoc.ts";
import type { CopyInstruction } from "./instruction.ts";
import { failAt } from "./logical-line.ts";
import { invalid, type Word } from "./source.ts";

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

/** Reads COPY and ADD. Throws `DOCKERFILE_INVALID`. */
export function buildCopy(draft: Draft<"COPY" | "ADD">): CopyInstruction {
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
