import { namesOfRun } from "../pipeline/facts.ts";
import { resolveImages } from "../pipeline/images/resolve-images.ts";
import type { CliContext } from "./context.ts";
import { readPlaces } from "./pipeline-plan.ts";
import { tellProblems } from "./pipeline-problems.ts";
import { openRegistries } from "./registries.ts";
import { loginHintOf, loginOf, withoutHostLogins } from "./run-logins.ts";
import type { RunOptions } from "./run-options.ts";
import type { RunPlan } from "./run-plan.ts";

/** Looks up the images of all jobs before anything runs: 0, or the exit code of what is wrong with them. */
export async function checkImages(
  context: CliContext,
  { config, graph, facts }: RunPlan,
  { insecureRegistries }: Pick<RunOptions, "insecureRegistries">,
  secrets: ReadonlyMap<string, string>,
): Promise<number> {
  const settings = { registries: config.registries, insecureRegistries, login: loginOf(config, secrets) };
  const { registries, resolve } = openRegistries(settings, { env: withoutHostLogins(context.env) });
  try {
    const sources = {
      find: resolve,
      placeOf: await readPlaces(config),
      known: namesOfRun(facts),
      loginHint: loginHintOf(config, secrets),
    };
    const { problems } = await resolveImages(graph, sources, context.signal);
    // What could not be asked for may be in the engine: the job that needs it tells.
    const certain = problems.filter(({ kind }) => kind !== "unreachable");
    for (const { message, hint } of problems.filter((one) => !certain.includes(one))) {
      context.stderr.write(`warning: ${message}; going on with what the engine has\n`);
      if (hint !== undefined) context.stderr.write(`hint: ${hint}\n`);
    }
    return tellProblems(context, certain);
  } finally {
    await registries.close();
  }
}
