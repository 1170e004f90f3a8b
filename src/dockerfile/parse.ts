import { escapeOf, readDirectives, type Directive } from "./directives.ts";
import type { ArgInstruction, FromInstruction, Instruction } from "./instruction.ts";
import { commentOf, lineCount, physicalLine, readLogicalLine, type Comment } from "./logical-line.ts";
import { readInstruction } from "./read-instruction.ts";
import { invalid, readSource, trimSpace, type SourceFile } from "./source.ts";

/** A Dockerfile as it is written: nothing is expanded, and nothing is known of the build that uses it. */
export interface Dockerfile {
  readonly source: SourceFile;
  readonly directives: readonly Directive[];
  /** Escape and continuation character. */
  readonly escape: "\\" | "`";
  /** ARG instructions before the first FROM. */
  readonly globalArgs: readonly ArgInstruction[];
  readonly stages: readonly StageText[];
  /** Comment lines, also those inside continued instructions; directives are not among them. */
  readonly comments: readonly Comment[];
  /** Lines (from 1) that are blank inside a continued instruction: allowed, but to become an error. */
  readonly blankContinuations: readonly number[];
}

/** One FROM and the instructions up to the next. */
export interface StageText {
  /** Counts from 0, as `COPY --from=0` does. */
  readonly index: number;
  /** In lower case; absent for a stage without AS. */
  readonly name?: string;
  readonly from: FromInstruction;
  readonly instructions: readonly Instruction[];
}

/**
 * Parses a Dockerfile with the syntax of BuildKit's built-in frontend (docker/dockerfile 1.2x): directives, continuations, heredocs,
 * flags, ONBUILD. `file` is its name for messages.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` (kind `input`) with the place: empty, too large or binary file, unknown instruction, wrong
 * arguments, an instruction before the first FROM.
 */
export function parseDockerfile(input: string | Uint8Array, file = "Dockerfile"): Dockerfile {
  const source = readSource(input, file);
  const directives = readDirectives(source);
  const escape = escapeOf(directives);
  const globalArgs: ArgInstruction[] = [];
  const stages: { from: FromInstruction; instructions: Instruction[] }[] = [];
  const comments: Comment[] = [];
  const blankContinuations: number[] = [];

  const total = lineCount(source);
  for (let index = 0; index < total;) {
    const { text } = physicalLine(source, index);
    const comment = commentOf(text, index + 1);
    if (comment !== undefined || trimSpace(text).text === "") {
      if (comment !== undefined && index >= directives.length) comments.push(comment);
      index++;
      continue;
    }
    const line = readLogicalLine(source, index, escape);
    comments.push(...line.comments);
    blankContinuations.push(...line.blankLines);
    const { instruction, next } = readInstruction(line, escape);
    index = next;

    if (instruction.keyword === "FROM") stages.push({ from: instruction, instructions: [] });
    else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else if (instruction.keyword === "ARG") globalArgs.push(instruction);
    else throw beforeFrom(source, instruction);
  }
  if (stages.length === 0 && globalArgs.length === 0) throw invalid(file, "file with no instructions");
  return {
    source,
    directives,
    escape,
    globalArgs,
    stages: stages.map(({ from, instructions }, index) => {
      const name = from.stageName?.text;
      return { index, ...(name === undefined ? {} : { name }), from, instructions };
    }),
    comments,
    blankContinuations,
  };
}

function beforeFrom(source: SourceFile, instruction: Instruction): ReturnType<typeof invalid> {
  const message = `no build stage in current context: ${instruction.keyword} stands before the first FROM`;
  return invalid(source.file, message, instruction.range.start, {
    hint: "Only ARG, comments and parser directives may stand before the first FROM.",
  });
}
