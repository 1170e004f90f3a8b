import { planSchedules } from "../pipeline/show/describe-schedule.ts";
import { formatMermaid } from "../pipeline/show/mermaid.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import type { CliContext } from "./context.ts";
import type { NamedEvent } from "./pipeline-event.ts";
import { graphJson } from "./pipeline-json.ts";
import { loadPipeline, planEvent } from "./pipeline-plan.ts";
import { formatGraph, formatSchedules } from "./pipeline-text.ts";

/** What the user asked of `archway pipeline show`. */
export interface PipelineShowOptions {
  readonly format: "text" | "mermaid" | "json";
  /** Absent: a push to the branch that is checked out. */
  readonly event?: NamedEvent;
}

/** Width of the text where there is no terminal. */
const plainColumns = 120;

/** `archway pipeline show`: prints the jobs that an event starts. Returns 0. */
export async function runPipelineShow(
  context: CliContext,
  file: string | undefined,
  options: PipelineShowOptions,
): Promise<number> {
  const { stdout, env } = context;
  const config = await loadPipeline(context, file);
  const { graph, title, refusal } = await planEvent(config, options.event ?? { name: "push" });
  const schedules = planSchedules(config.on, context.now());
  if (options.format === "json") {
    stdout.write(`${JSON.stringify(graphJson(graph, { title, refusal, schedules }), null, 2)}\n`);
    return 0;
  }
  if (options.format === "mermaid") {
    stdout.write(formatMermaid(graph));
    return 0;
  }
  const format = { style: makeStyle(usesColor(stdout, env)), columns: stdout.columns || plainColumns };
  const note = refusal === undefined ? [] : [`This event starts nothing: ${refusal}. Else there would be:`];
  const lines = [...note, ...formatGraph(graph, title, format), ...formatSchedules(schedules, format)];
  stdout.write(`${lines.join("\n")}\n`);
  return 0;
}
