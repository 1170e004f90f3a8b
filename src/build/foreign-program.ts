import { posix } from "node:path";
import type { EvaluatedRun, Evaluation, Stage } from "../dockerfile/evaluation.ts";
import { traceFile } from "../dockerfile/file-origin.ts";
import { runText } from "../dockerfile/run-script.ts";
import type { EngineEvent, EngineRequest, EngineResult } from "../engine/engine.ts";
import { ForeignProgram } from "../engine/foreign-program.ts";
import { ArchwayError } from "../error/error.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { PlannedPlatform } from "./plan.ts";
import { runsNatively } from "./stages.ts";

/**
 * Builds one platform on its node. A step that failed because of a program which cannot be started is judged with what the plan knows: where programs of
 * the step's platform do run, an emulator is no advice, and the file is foreign; its hint names it and the line of the Dockerfile that brought it.
 *
 * Throws what the engine throws.
 */
export async function buildOnNode(
  placement: PlannedPlatform,
  request: EngineRequest,
  onEvent: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<EngineResult> {
  const { node, evaluation } = placement;
  const ran: EngineEvent[] = [];
  try {
    return await node.engine.build(
      request,
      (event) => {
        if (event.type === "step" && event.state === "done" && event.runsOn) ran.push(event);
        onEvent(event);
      },
      signal,
    );
  } catch (error) {
    if (!(error instanceof ForeignProgram)) throw error;
    const { runsOn } = error;
    const earlier = ran.some((event) => event.type === "step" && event.runsOn && samePlatform(event.runsOn, runsOn));
    throw judgeForeign(error, evaluation, { natively: runsNatively(node, runsOn), earlier });
  }
}

/**
 * The error with the hint that fits: unchanged where nothing shows that programs of the step's platform run on the node (it needs an emulator then).
 *
 * @param runs whether the node runs the step's platform natively, and whether an earlier step of this platform ran
 */
export function judgeForeign(
  error: ForeignProgram,
  evaluation: Evaluation,
  runs: { readonly natively: boolean; readonly earlier: boolean },
): ArchwayError {
  const { start, runsOn, code, kind, message, place } = error;
  if (!runs.natively && !runs.earlier && !start.othersRan) return error;
  const platform = formatPlatform(runsOn);
  const how = runs.natively ? "which the node runs natively" : "whose emulator works on the node";
  // A shell runs such a script itself.
  const script = start.othersRan ? "" : " (or a script without a #! line)";
  const origin = originOf(error, evaluation, place?.file ?? "Dockerfile");
  const parts = [
    `${start.program ?? "A program in this step"} is code for another architecture${script}: the step is for ${platform}, ${how}.`,
    origin ?? "",
    `Bring the file for ${platform} (ARG TARGETARCH in its name, or build it in a stage).`,
  ];
  const hint = parts.filter((part) => part !== "").join(" ");
  return new ArchwayError({ code, kind, message, hint, ...(place ? { place } : {}), cause: error });
}

/** What the Dockerfile says of the program's way into the step; nothing when it does not tell. */
function originOf({ start, step, place }: ForeignProgram, evaluation: Evaluation, file: string): string | undefined {
  const found = failedRun(evaluation, step, place?.line);
  if (!found || start.program === undefined) return undefined;
  const { stage, run } = found;
  const before = { ...stage, instructions: stage.instructions.slice(0, stage.instructions.indexOf(run)) };
  const path = posix.resolve(run.workdir, start.program);
  const { origin } = traceFile({ ...evaluation, target: before }, path);
  const { instruction } = origin;
  if (instruction?.keyword === "COPY" || instruction?.keyword === "ADD") {
    const words = [instruction.keyword, ...instruction.sources, instruction.destination].join(" ");
    return `${file}:${instruction.line} brought it: ${words}.`;
  }
  if (instruction?.keyword === "RUN")
    return `${file}:${instruction.line} made it, as it seems: ${shortened(instruction)}.`;
  // A step may also have made the file itself, but hardly in the system's folders.
  const { base, text } = origin.stage;
  if (base.kind !== "image" || !/^\/(?:usr\/)?s?bin\//.test(path)) return undefined;
  return `It comes from the base image ${base.reference} (${file}:${text.from.range.start.line}).`;
}

function failedRun(
  { stages }: Evaluation,
  step: string,
  line: number | undefined,
): { readonly stage: Stage; readonly run: EvaluatedRun } | undefined {
  const runs = stages.flatMap((stage) =>
    stage.instructions.flatMap((run) => (run.keyword === "RUN" && !run.onbuild ? [{ stage, run }] : [])),
  );
  return (
    runs.find(({ run }) => run.line === line) ?? runs.find(({ run }) => step.endsWith(` RUN ${runText(run).trim()}`))
  );
}

function shortened(run: EvaluatedRun): string {
  const [first = ""] = runText(run).trim().split("\n");
  return `RUN ${first.length > 80 ? `${first.slice(0, 79)}…` : first}`;
}
