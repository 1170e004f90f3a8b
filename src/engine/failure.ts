import { ArchwayError, type ErrorPlace } from "../error/error.ts";
import { formatPlatform, type Platform } from "../platform/platform.ts";
import { cpuRefused, cpuRefusedCode } from "./cpu-model.ts";
import { copyMissing, engineTexts, stepEnd } from "./engine-texts.ts";
import { ForeignProgram, foreignStart } from "./foreign-program.ts";
import type { FailedStep } from "./rawjson.ts";
import { lastLines } from "./tail.ts";

/** What is known of a build that failed. */
export interface FailedBuild {
  /** How a person names the engine: `BuildKit at unix:///run/buildkit/buildkitd.sock`. */
  readonly engine: string;
  readonly platform: Platform;
  /** Path of the Dockerfile as the user knows it. */
  readonly dockerfile: string;
  /** Steps that failed by themselves, in the order of time. */
  readonly failed: readonly FailedStep[];
  /** The engine's own words at the end: source excerpt and final error. */
  readonly text: string;
  /** How the engine's process ended, for the case that it said nothing. */
  readonly end: string;
}

/**
 * Judges a failed build by the engine's words. The message names the platform, the step, its place in the Dockerfile and the end of
 * its log; a program that could not be started makes it a {@link ForeignProgram}. The code is one of `BUILD_STEP_FAILED`, `DOCKERFILE_INVALID`, `BASE_NOT_FOUND`, `ENGINE_UNREACHABLE`, … (`engine-texts.ts`), else `ENGINE_FAILED`.
 */
export function judgeFailure(build: FailedBuild): ArchwayError {
  const final = finalError(build.text);
  const step = build.failed.at(-1);
  const words = final === "" ? (step?.error ?? "") : final;
  const lines = excerptLines(build.text);
  const platform = formatPlatform(build.platform);
  const where = lines
    ? ` (${build.dockerfile}:${lines.first === lines.last ? lines.first : `${lines.first}-${lines.last}`})`
    : "";
  const parts: { readonly place?: ErrorPlace } = lines ? { place: { file: build.dockerfile, line: lines.first } } : {};

  const exit = stepEnd.exec(words)?.groups;
  if (exit) return stepFailed(build, step, exit["buildkit"] ?? exit["buildah"] ?? "?", where, parts);

  const missing = copyMissing.exec(words)?.groups;
  if (missing) {
    const file = missing["buildkit"] ?? missing["buildah"] ?? "";
    return new ArchwayError({
      ...parts,
      code: "BUILD_STEP_FAILED",
      kind: "failed",
      message: `The build for ${platform} failed: ${step ? `"${step.name}"` : "a step"}${where} copies ${file}, which does not exist.`,
      hint: "Is the file made before the build, and not excluded by .dockerignore?",
    });
  }

  const known = engineTexts.find(({ pattern }) => pattern.test(words));
  if (known) {
    const unreachable = known.code === "ENGINE_UNREACHABLE";
    return new ArchwayError({
      ...parts,
      code: known.code,
      kind: known.kind,
      message: unreachable
        ? `${build.engine} was lost while it built ${platform}: ${words}`
        : `The build for ${platform} failed${where}: ${words}`,
      ...(known.hint === undefined ? {} : { hint: known.hint }),
    });
  }
  return new ArchwayError({
    ...parts,
    code: step ? "BUILD_STEP_FAILED" : "ENGINE_FAILED",
    kind: "failed",
    message: `The build for ${platform} failed${where}: ${words === "" ? `${build.engine} ${build.end} without a word` : words}${logOf(step)}`,
    hint: "See the full log of this platform above.",
  });
}

function stepFailed(
  build: FailedBuild,
  step: FailedStep | undefined,
  exitCode: string,
  where: string,
  parts: { readonly place?: ErrorPlace },
): ArchwayError {
  const platform = formatPlatform(build.platform);
  const log = logOf(step);
  const told = {
    ...parts,
    code: cpuRefused.test(log) ? cpuRefusedCode : "BUILD_STEP_FAILED",
    kind: "failed" as const,
    message: `The build for ${platform} failed: "${step?.name ?? "a step"}"${where} ended with exit code ${exitCode}.${log}`,
  };
  const foreign = foreignStart(log);
  if (foreign && step?.runsOn) {
    const runsOn = formatPlatform(step.runsOn);
    const hint = `The node ran a program that it cannot run, in a step for ${runsOn}: register an emulator for ${runsOn} there, or build on a node of that platform with --node ${platform}=ENDPOINT.`;
    return new ForeignProgram({ ...told, hint }, foreign, step.runsOn, step.name);
  }
  return new ArchwayError({
    ...told,
    hint:
      exitCode === "137"
        ? "Exit code 137 is a kill, nearly always because memory ran out."
        : "The log above tells why; the usual causes are in docs/troubleshooting.md of Archway.",
  });
}

function logOf(step: FailedStep | undefined): string {
  const log = lastLines(step?.log ?? "");
  return log === "" ? "" : `\n${log}`;
}

/** The last error line of buildctl (`error: `), docker buildx (`ERROR: `) or Buildah (`Error: `), with the lines that follow it. */
function finalError(text: string): string {
  const lines = text.split("\n");
  const start = lines.findLastIndex((line) => /^error: /i.test(line));
  if (start < 0) return lastLines(text, 5);
  return lines
    .slice(start)
    .join("\n")
    .replace(/^error: (?:failed to build: )?(?:failed to solve: )?/i, "")
    .trim();
}

/** The lines that BuildKit's source excerpt marks with `>>>`. */
function excerptLines(text: string): { readonly first: number; readonly last: number } | undefined {
  const marked = [...text.matchAll(/^ *(\d+) \| >>> /gm)].map(([, line]) => Number(line));
  const first = marked[0];
  return first === undefined ? undefined : { first, last: marked.at(-1) ?? first };
}
