import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { configName, type Config, loadConfig } from "../config/config.ts";
import { parseYaml, type YamlSource } from "../config/yaml-source.ts";
import { ArchwayError } from "../error/error.ts";
import { expandPipeline } from "../pipeline/expand-pipeline.ts";
import type { RunFacts } from "../pipeline/facts.ts";
import type { JobGraph } from "../pipeline/job-spec.ts";
import { refusalOf } from "../pipeline/match-event.ts";
import type { CliContext } from "./context.ts";
import type { NamedEvent } from "./pipeline-event.ts";

/** A configuration with a pipeline in it. */
export type PipelineConfig = Config & { readonly file: string };

/** What an event comes to. */
export interface PipelinePlan {
  /** `push to main`. */
  readonly title: string;
  readonly facts: RunFacts;
  readonly graph: JobGraph;
  /** Why the event starts no run. */
  readonly refusal?: string;
}

/** Reads the pipeline of a repository. Throws `CONFIG_MISSING`, `PIPELINE_MISSING`, and what {@link loadConfig} throws (kind `input`). */
export async function loadPipeline(
  { cwd }: Pick<CliContext, "cwd">,
  file: string | undefined,
): Promise<PipelineConfig> {
  const config = await loadConfig({ directory: cwd, file });
  const hint = "archway init writes a first pipeline for a repository.";
  if (config.file === undefined) {
    throw new ArchwayError({
      code: "CONFIG_MISSING",
      kind: "input",
      message: `There is no ${configName} here or in the repository around it.`,
      hint,
    });
  }
  if (Object.keys(config.jobs).length === 0) {
    throw new ArchwayError({
      code: "PIPELINE_MISSING",
      kind: "input",
      message: "The configuration has no jobs, so there is no pipeline.",
      hint: `Add jobs to it. ${hint}`,
      place: { file: config.file },
    });
  }
  return { ...config, file: config.file };
}

/** The jobs and steps of all events, none of them left out. */
export function planAllEvents(config: PipelineConfig): JobGraph {
  return expandPipeline(config, undefined);
}

/** The jobs of an event; without a branch of its own a push is one to the branch that is checked out. */
export async function planEvent(config: PipelineConfig, event: NamedEvent): Promise<PipelinePlan> {
  const { name, ref } = event;
  const branch = name === "push" || name === "pull_request" ? (ref ?? (await currentBranch(dirname(config.file)))) : "";
  const facts: RunFacts = {
    run: "",
    number: 0,
    event: name,
    branch,
    tag: name === "tag" ? (ref ?? "") : "",
    sha: "",
    message: "",
    authorName: "",
    authorEmail: "",
    inputs: {},
  };
  const refusal = refusalOf(config.on, facts);
  const to = branch || ref;
  return {
    title: `${name.replace("_", " ")}${to === undefined || to === "" ? "" : name === "tag" ? ` ${to}` : ` to ${to}`}`,
    facts,
    graph: expandPipeline(config, facts),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

/** Where the values of the pipeline's file stand. */
export async function readPlaces({ file }: PipelineConfig): Promise<YamlSource["place"]> {
  const source = parseYaml(await readFile(file, "utf8"), file);
  return (path) => source.place(path);
}

/** The branch of a checkout; an empty text where there is none. */
async function currentBranch(directory: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("git", ["symbolic-ref", "--short", "HEAD"], { cwd: directory });
    return stdout.trim();
  } catch {
    // No repository, a commit that is checked out alone, or no Git.
    return "";
  }
}
