import { ArchwayError } from "../error/error.ts";

/** The error of a repository without a pipeline. */
export function noPipeline(file: string | undefined): ArchwayError {
  return new ArchwayError({
    code: "NO_PIPELINE",
    kind: "input",
    message: file === undefined ? "There is no .archway.yaml here." : `${file} has no jobs.`,
    hint: "Write jobs into .archway.yaml: docs/pipelines.md tells how.",
  });
}
