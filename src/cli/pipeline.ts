import { dirname } from "node:path";
import { loadConfig } from "../config/config.ts";
import { eventNames } from "../config/pipeline/triggers.ts";
import { ArchwayError, exitCodes } from "../error/error.ts";
import { hashFiles, readWorkingTree } from "../job/volumizer/working-tree.ts";
import { expandPipeline } from "../pipeline/expand-pipeline.ts";
import type { RunFacts } from "../pipeline/facts.ts";
import { imagesOf } from "../pipeline/job-images.ts";
import type { JobGraph } from "../pipeline/job-spec.ts";
import { refusalOf } from "../pipeline/match-event.ts";
import { formatPlatform, type Platform } from "../platform/platform.ts";
import type { CliContext } from "./context.ts";
import { localPlatform } from "./local-platform.ts";
import { readChoice, readHost } from "./parse-option.ts";
import type { RawPipelineOptions } from "./pipeline-command.ts";
import { formatGraph, formatMermaid } from "./pipeline-text.ts";
import { openRegistries } from "./registries.ts";
import { localFacts } from "./run-facts.ts";
import { imageSources } from "./run-images.ts";
import { readEvent } from "./run-options.ts";
import { noPipeline } from "./run-pipeline-file.ts";

/** `archway pipeline check`. Returns 0, 1 when an image lacks a platform, 3 when a registry could not be asked. */
export async function runPipelineCheck(context: CliContext, raw: RawPipelineOptions): Promise<number> {
  const { config, file, facts } = await openPipeline(context, raw);
  const count = new Set<string>();
  for (const event of eventNames) {
    const graph = expandPipeline(config, { ...facts, event, tag: event === "tag" ? facts.tag || "v0" : "" });
    for (const { id } of graph.jobs) count.add(id);
  }
  context.stderr.write(`${file}: ${count.size} jobs, all keys, needs and expressions are right.\n`);
  if (raw.offline === true) return 0;
  const insecureRegistries = raw.insecureRegistry.map((host) => readHost("--insecure-registry", host));
  const { pin } = imageSources(
    openRegistries({ registries: config.registries, insecureRegistries }, context),
    () => undefined,
  );
  const checkout = await readWorkingTree(dirname(file), context.signal);
  const hash = (globs: readonly string[]) => hashFiles(checkout, globs);
  const first: Platform = config.platforms[0] ?? (await localPlatform(context));
  const images = imagesOf(expandPipeline(config, facts), { facts, hash }, first);
  const asked = images.flatMap(({ image, platforms, jobs }) =>
    platforms.map((platform) => ({ image, platform, jobs })),
  );
  const answers = await Promise.all(
    asked.map(async (one) => {
      try {
        await pin(one.image, one.platform, context.signal);
        return { ...one, error: undefined };
      } catch (error) {
        if (!(error instanceof ArchwayError)) throw error;
        return { ...one, error };
      }
    }),
  );
  const errors = answers.flatMap(({ error, jobs }) => (error === undefined ? [] : [{ error, jobs }]));
  for (const { error, jobs } of errors) {
    context.stderr.write(
      `error: ${error.message}\n  of ${jobs.join(", ")}\n${error.hint === undefined ? "" : `  ${error.hint}\n`}`,
    );
  }
  if (errors.length === 0) {
    for (const { image, platforms } of images)
      context.stdout.write(`${image}  ${platforms.map(formatPlatform).join(", ")}\n`);
    return 0;
  }
  return errors.some(({ error }) => error.kind === "failed") ? exitCodes.failed : exitCodes.unreachable;
}

/** `archway pipeline show`. Returns 0. */
export async function runPipelineShow(context: CliContext, raw: RawPipelineOptions): Promise<number> {
  const format = readChoice("--format", raw.format ?? "text", ["text", "mermaid"]);
  const { config, facts } = await openPipeline(context, raw);
  const refusal = refusalOf(config.on, facts);
  if (raw.event !== undefined && refusal !== undefined)
    context.stderr.write(`Such an event starts nothing: ${refusal}.\n`);
  const graph: JobGraph = expandPipeline(config, facts);
  context.stdout.write(`${(format === "text" ? formatGraph(graph) : formatMermaid(graph)).join("\n")}\n`);
  return 0;
}

async function openPipeline(context: CliContext, raw: RawPipelineOptions) {
  const config = await loadConfig({ directory: context.cwd, file: raw.config });
  const { file } = config;
  if (file === undefined || Object.keys(config.jobs).length === 0) throw noPipeline(file);
  const event = raw.event === undefined ? {} : { event: readEvent(raw.event) };
  const inputs = Object.fromEntries(
    Object.entries(config.on.manual?.inputs ?? {}).map(([name, input]) => [name, input.default ?? ""]),
  );
  const facts: RunFacts = await localFacts(dirname(file), "0", { ...event, inputs }, context.signal);
  return { config, file, facts };
}
