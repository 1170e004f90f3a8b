import { formatPlatform, samePlatform } from "../platform/platform.ts";
import { foreignName } from "./architecture-name.ts";
import { commandSuspects, namelessDownload } from "./command-suspects.ts";
import type { EvaluatedCopy, EvaluatedInstruction, EvaluatedRun, Evaluation, Stage } from "./evaluation.ts";
import { chainOf, traceFile, type FileTrace } from "./file-origin.ts";
import { imageOf } from "./image-uses.ts";
import type { Dockerfile } from "./parse.ts";
import { baseSuspects, finalStageSuspects, shadowSuspects, undeclaredSuspects } from "./platform-suspects.ts";
import { runText } from "./run-script.ts";
import { compileSteps } from "./strategy.ts";
import type { Candidate, Suspect, SuspectCode } from "./suspect.ts";
import { variablesIn } from "./target-use.ts";

/** The file of the image that has the wrong architecture. */
export interface WrongFile {
  /** Its path in the image. */
  readonly path?: string;
  /** The line of the image's history that made its layer. */
  readonly createdBy?: string;
}

/**
 * Lists what in a Dockerfile may put code of another architecture into the image of `evaluation`'s platform, the likeliest first. With the
 * wrong file known, it is followed back through `COPY --from`, and what explains this file comes before what does not.
 */
export function suspects(dockerfile: Dockerfile, evaluation: Evaluation, file: WrongFile = {}): Suspect[] {
  const trace = file.path === undefined ? undefined : traceFile(evaluation, file.path, file.createdBy);
  const candidates = [
    ...finalStageSuspects(evaluation),
    ...shadowSuspects(dockerfile, evaluation),
    ...undeclaredSuspects(evaluation),
    ...commandSuspects(dockerfile, evaluation),
    ...copySuspects(evaluation),
    ...baseSuspects(evaluation),
    ...(trace === undefined ? [] : originSuspects(dockerfile, evaluation, trace)),
  ];
  const ranked = candidates
    .map((candidate) => ({ candidate, rank: rankOf(candidate, trace) }))
    // Most digests are those of indexes: a pin is a suspect only for files that come from the base.
    .filter(({ candidate, rank }) => candidate.code !== "base-digest-pinned" || rank > 0)
    .sort((left, right) => right.rank - left.rank || left.candidate.line - right.candidate.line);
  const seen = new Set<string>();
  return ranked.flatMap(({ candidate: { code, text, line, fix } }) => {
    const key = `${code}:${line}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ code, text, line, fix }];
  });
}

/** How likely each is when nothing is known of the file. */
const weights: Readonly<Record<SuspectCode, number>> = {
  S01: 90,
  S02: 85,
  S03: 70,
  S16: 60,
  S05: 50,
  S04: 45,
  "base-arch-pinned": 55,
  "base-digest-pinned": 20,
  S06: 10,
};

function rankOf(candidate: Candidate, trace: FileTrace | undefined): number {
  const { code, stage, instruction, variable, explains, guarded } = candidate;
  const weight = weights[code] - (guarded === true ? 40 : 0);
  if (trace === undefined) return weight;
  const { origin, stages } = trace;
  if (variable !== undefined && origin.instruction !== undefined && uses(origin.instruction, variable))
    return weight + 300;
  if (instruction !== undefined && instruction === origin.instruction?.instruction) return weight + 200;
  const isOrigin = stage === undefined || stage === origin.stage.index;
  if (explains === "files of the base") {
    // Packages come from where the base is from; what is copied in does not.
    if (origin.kind === "copy" || !isOrigin) return weight - 100;
    return weight + (origin.kind === "image" && origin.instruction === undefined ? 200 : 100);
  }
  if (isOrigin && origin.kind !== "image") return weight + 100;
  return stage !== undefined && stages.includes(stage) ? weight + 20 : weight - 50;
}

function uses(instruction: EvaluatedInstruction, variable: string): boolean {
  if (instruction.used.includes(variable)) return true;
  return instruction.keyword === "RUN" && variablesIn(runText(instruction)).includes(variable);
}

/** S04 where no wrong file is known: copies of files that are named for another architecture into the image. */
function copySuspects({ stages, target, targetPlatform }: Evaluation): Candidate[] {
  return chainOf(stages, target).flatMap((stage) =>
    stage.instructions.flatMap((each): Candidate[] => {
      const isFromContext = (each.keyword === "COPY" || each.keyword === "ADD") && each.origin.kind === "build context";
      if (!isFromContext) return [];
      const isForeign = each.sources.some((source) => {
        return !source.includes("://") && foreignName(source, targetPlatform) !== undefined;
      });
      return isForeign ? [prebuilt(stage, each)] : [];
    }),
  );
}

function prebuilt(stage: Stage, copy: EvaluatedCopy): Candidate {
  const written = copy.instruction.sources.map(({ text }) => text).join(" ");
  const example = copy.instruction.sources[0]?.text ?? "app";
  const variables = variablesIn(written);
  return {
    code: "S04",
    text:
      variables.length === 0
        ? `${copy.keyword} ${written} takes the same file of the build context for every platform: it was built before, for one of them.`
        : `${copy.keyword} ${copy.sources.join(" ")} takes a file of the build context that was built for another platform than its name says, or than this one.`,
    line: copy.line,
    fix:
      variables.length === 0
        ? `Build one file per platform and copy the right one (ARG TARGETARCH, ${copy.keyword} ${example}-\${TARGETARCH} …), or build it in a stage of this Dockerfile.`
        : "Check how the files are built, or build them in a stage of this Dockerfile.",
    stage: stage.index,
    instruction: copy.instruction,
  };
}

/** Suspects that only the file's own way into the image raises. */
function originSuspects(dockerfile: Dockerfile, evaluation: Evaluation, { origin, stages }: FileTrace): Candidate[] {
  const { stage } = origin;
  const isForeignStage = !samePlatform(stage.platform, evaluation.targetPlatform);
  const isFinal = stages.length === 1;
  const here = { stage: stage.index, line: stage.text.from.range.start.line };
  if (origin.kind === "copy") {
    const isDownload = origin.instruction.sources.every((source) => /^https?:\/\//.test(source));
    return isDownload ? [] : [prebuilt(stage, origin.instruction)];
  }
  if (origin.kind === "run") {
    const download = namelessDownload(dockerfile, evaluation, stage, origin.instruction);
    const runs = stage.instructions.filter((each): each is EvaluatedRun => each.keyword === "RUN");
    const compiles = compileSteps(dockerfile, stage, evaluation.stages, runs).length > 0;
    const installed: Candidate = {
      code: "S01",
      text: `The file is made in stage ${stage.label}, which runs on ${formatPlatform(stage.platform)}: what its steps install or download is for that platform.`,
      fix: "Make it in a stage without --platform.",
      explains: "files of the base",
      ...here,
    };
    const installs = isForeignStage && !isFinal && !compiles;
    return [...(download === undefined ? [] : [download]), ...(installs ? [installed] : [])];
  }
  const image = imageOf(origin.instruction?.keyword === "COPY" ? origin.instruction.origin : stage.base);
  if (image === undefined) return [];
  const place = origin.instruction === undefined ? here : { ...here, line: origin.instruction.line };
  if (isForeignStage && !isFinal && origin.instruction === undefined) {
    return [
      {
        code: "S01",
        text: `The file is part of ${image.reference}, the base of stage ${stage.label}, which is on ${formatPlatform(stage.platform)}.`,
        fix: `Copy it from a stage without --platform: COPY --from=${image.reference} takes the image for the target.`,
        explains: "files of the base",
        ...place,
      },
    ];
  }
  return [
    {
      code: "S06",
      text: `The file is part of the image ${image.reference}, whose contents are not what its platform says.`,
      fix: `Take another tag of ${image.reference}, and tell its authors.`,
      explains: "files of the base",
      ...place,
    },
  ];
}
