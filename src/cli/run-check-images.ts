import type { ArchwayError } from "../error/error.ts";
import { namesOfRun } from "../pipeline/facts.ts";
import type { Platform } from "../platform/platform.ts";
import type { CliContext } from "./context.ts";
import { localPlatform } from "./local-platform.ts";
import { lookUpImages } from "./pipeline-lookup.ts";
import { readPlaces } from "./pipeline-plan.ts";
import { tellProblems } from "./pipeline-problems.ts";
import type { RunPins } from "./run-pins.ts";
import type { RunPlan } from "./run-plan.ts";

/**
 * Looks up the images of all jobs before anything runs, and pins them: 0, or the exit code of what is wrong with them.
 *
 * @param freePlatform what jobs that name no platform run as
 */
export async function checkImages(
  context: CliContext,
  { config, folder, graph, facts }: RunPlan,
  pins: Pick<RunPins, "resolve">,
  freePlatform: Promise<Platform | undefined>,
): Promise<number> {
  const sources = {
    resolve: pins.resolve,
    config,
    folder,
    localPlatform: () => localPlatform(context),
    placeOf: await readPlaces(config),
    known: namesOfRun(facts),
    freePlatform,
  };
  const { images, bases } = await lookUpImages(graph, sources, context.signal);
  // What could not be asked for may be in the engine, and may answer later: the job that needs it tells.
  warn(context, images.problems, "going on with what the engine has");
  warn(context, bases.problems, "the build asks again");
  return tellProblems(
    context,
    [...images.problems, ...bases.problems].filter(({ kind }) => kind !== "unreachable"),
  );
}

function warn({ stderr }: CliContext, problems: readonly ArchwayError[], then: string): void {
  for (const { message, hint } of problems.filter(({ kind }) => kind === "unreachable")) {
    stderr.write(`warning: ${message}; ${then}\n`);
    if (hint !== undefined) stderr.write(`hint: ${hint}\n`);
  }
}
