import { type ArchwayError, exitCodes } from "../error/error.ts";
import { formatError } from "../report/error.ts";
import { usesColor } from "../report/style.ts";
import type { CliContext } from "./context.ts";
import { readSource } from "./source-text.ts";

/** Writes what is wrong with the images of a pipeline, and returns the exit code: 0 for nothing, else that of the kind that counts most. */
export function tellProblems({ stderr, env, cwd }: CliContext, problems: readonly ArchwayError[]): number {
  const format = { debug: false, cwd, color: usesColor(stderr, env), readSource };
  for (const problem of problems) stderr.write(formatError(problem, format));
  const kinds = (["failed", "input", "unreachable"] as const).filter((kind) =>
    problems.some((one) => one.kind === kind),
  );
  return kinds[0] === undefined ? 0 : exitCodes[kinds[0]];
}
