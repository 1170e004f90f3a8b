import { dirname } from "node:path";
import type { ResolvedImages } from "../pipeline/images/resolve-images.ts";
import { namesOfRun } from "../pipeline/facts.ts";
import { formatPlatform } from "../platform/platform.ts";
import { formatCount } from "../report/quantity.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { formatTable } from "../report/table.ts";
import type { CliContext } from "./context.ts";
import { localPlatform } from "./local-platform.ts";
import type { NamedEvent } from "./pipeline-event.ts";
import { lookUpImages } from "./pipeline-lookup.ts";
import { loadPipeline, planAllEvents, planEvent, readPlaces } from "./pipeline-plan.ts";
import { openRegistries } from "./registries.ts";
import { tellProblems } from "./pipeline-problems.ts";
import { loginHintOf, loginOf, withLoginHints, withoutHostLogins } from "./run-logins.ts";
import { readSecrets } from "./run-secrets.ts";

/** What the user asked of `archway pipeline check`. */
export interface PipelineCheckOptions {
  /** No registry is asked. */
  readonly offline: boolean;
  readonly insecureRegistries: readonly string[];
  /** Files and variables with the passwords of registries. */
  readonly secretFiles: readonly string[];
  readonly secretEnv: readonly string[];
  /** Only this event; absent: all that start the pipeline. */
  readonly event?: NamedEvent;
}

/** Width of the text where there is no terminal. */
const plainColumns = 120;

/**
 * `archway pipeline check`: validates the pipeline and looks up its images. Returns 0, 1 when an image or a platform of one is
 * missing, 2 when a name is no name of an image, 3 when a registry could not be asked; the first of them counts.
 *
 * @throws ArchwayError (kind `input`) for a pipeline that is wrong.
 */
export async function runPipelineCheck(
  context: CliContext,
  file: string | undefined,
  options: PipelineCheckOptions,
): Promise<number> {
  const { stdout, env, signal } = context;
  const config = await loadPipeline(context, file);
  const plan = options.event && (await planEvent(config, options.event));
  if (plan?.refusal !== undefined) {
    stdout.write(`The event starts nothing: ${plan.refusal}.\n`);
    return 0;
  }
  const graph = plan?.graph ?? planAllEvents(config);
  const about = formatCount(graph.jobs.filter(({ skip }) => skip === undefined).length, "job");
  if (options.offline) {
    stdout.write(`The pipeline is valid: ${about}. Images were not looked up.\n`);
    return 0;
  }
  const secrets = await readSecrets(context, options);
  const login = loginOf(config, secrets);
  const { registries, resolve } = openRegistries(
    { ...options, registries: config.registries, login },
    { env: withoutHostLogins(env) },
  );
  try {
    const known = plan === undefined ? [] : [...namesOfRun(plan.facts)].filter(([, value]) => value !== "");
    const sources = {
      resolve: withLoginHints(resolve, loginHintOf(config, secrets)),
      config,
      folder: dirname(config.file),
      localPlatform: () => localPlatform(context),
      placeOf: await readPlaces(config),
      known,
    };
    const { images: used, bases } = await lookUpImages(graph, sources, signal);
    const problems = [...used.problems, ...bases.problems];
    const format = { columns: stdout.columns || plainColumns, style: makeStyle(usesColor(stdout, env)) };
    const lines = formatTable(imageRows([used, bases]), format);
    const bad = problems.length;
    const images = bad === 0 ? "" : `, ${formatCount(bad, "image")} ${bad === 1 ? "is" : "are"} not as needed`;
    stdout.write(`${[...lines, `The pipeline is valid: ${about}${images}.`].join("\n")}\n`);
    return tellProblems(context, problems);
  } finally {
    await registries.close();
  }
}

function imageRows(found: readonly ResolvedImages[]): string[][] {
  const images = Map.groupBy(
    found.flatMap((one) => one.images),
    ({ name, digest }) => `${name} ${digest}`,
  );
  const late = new Set(found.flatMap((one) => one.late));
  return [
    ...[...images.values()].map((same) => {
      const platforms = new Set(same.flatMap(({ needed }) => needed.map(formatPlatform)));
      const [{ name, digest } = { name: "", digest: "" }] = same;
      return [name, [...platforms].join(", ") || "any platform", digest.slice(0, "sha256:".length + 12)];
    }),
    ...[...late].map((text) => [text, "is known when the run has come to it"]),
  ];
}
