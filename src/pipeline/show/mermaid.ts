import { formatPlatform } from "../../platform/platform.ts";
import type { JobGraph, PlannedJob } from "../job-spec.ts";
import { describeNeeds } from "./describe-job.ts";

/** A graph of jobs as a Mermaid flowchart: the expansions of a job in a box of its name, skipped jobs dashed. */
export function formatMermaid(graph: JobGraph): string {
  const groups = [...Map.groupBy(graph.jobs, ({ name }) => name)];
  const nodes = new Map(graph.jobs.map(({ id }, index) => [id, `job${index}`]));
  const groupNodes = new Map(
    groups.map(([name, jobs], index) => [name, jobs.length === 1 ? nodes.get(jobs[0]?.id ?? "") : `group${index}`]),
  );
  const nodeOf = (id: string) => nodes.get(id) ?? id;
  // Where each expansion waits for the same, the arrow goes to their box.
  const arrows = groups.flatMap(([name, jobs]) => {
    const needs = jobs.map((job) => describeNeeds(job, graph));
    const isShared = needs.every((list) => list.join("\n") === needs[0]?.join("\n"));
    const targets = isShared
      ? [{ to: groupNodes.get(name) ?? name, from: needs[0] ?? [] }]
      : jobs.map((job, index) => ({ to: nodeOf(job.id), from: needs[index] ?? [] }));
    return targets.flatMap(({ to, from }) => from.map((need) => `  ${groupNodes.get(need) ?? nodeOf(need)} --> ${to}`));
  });
  const skipped = graph.jobs.filter(({ skip }) => skip !== undefined).map(({ id }) => nodeOf(id));
  return [
    "flowchart LR",
    ...groups.flatMap(([name, jobs]) => {
      const lines = jobs.map((job) => `${nodeOf(job.id)}["${labelOf(job, jobs.length > 1)}"]`);
      if (jobs.length === 1) return lines.map((line) => `  ${line}`);
      return [`  subgraph ${groupNodes.get(name)}["${escaped(name)}"]`, ...lines.map((line) => `    ${line}`), "  end"];
    }),
    ...arrows,
    ...(skipped.length === 0
      ? []
      : ["  classDef skipped stroke-dasharray: 5 5,opacity: 0.5", `  class ${skipped.join(",")} skipped`]),
    "",
  ].join("\n");
}

function labelOf(job: PlannedJob, isInBox: boolean): string {
  const axes = Object.entries(job.matrix).map(([axis, value]) => `${axis}=${value}`);
  const parts = [...(isInBox ? [] : [job.name]), ...axes, ...(job.platform ? [formatPlatform(job.platform)] : [])];
  return parts.map(escaped).join("<br/>");
}

/** Texts stand in double quotes; Mermaid writes special characters as numbered entities. */
function escaped(text: string): string {
  return text.replaceAll(/[#"<>&\\`\n]/g, (character) => `#${character.charCodeAt(0)};`);
}
