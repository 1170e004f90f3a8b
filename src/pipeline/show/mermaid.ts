import { formatPlatform } from "../../platform/platform.ts";
import type { JobGraph, PlannedJob } from "../job-spec.ts";
import { describeNeeds } from "./describe-job.ts";

/** Jobs of one name that have a place of their own in a chart: of more a single one tells what they are. */
const maxDrawn = 12;

/** A graph of jobs as a Mermaid flowchart: the expansions of a job in a box of its name, many of them as one; skipped jobs dashed. */
export function formatMermaid(graph: JobGraph): string {
  const groups = [...Map.groupBy(graph.jobs, ({ name }) => name)].map(([name, jobs], index) => ({
    name,
    jobs,
    node: jobs.length > 1 ? `group${index}` : undefined,
    isDrawn: jobs.length <= maxDrawn,
  }));
  const nodes = new Map(graph.jobs.map(({ id }, index) => [id, `job${index}`]));
  for (const { jobs, node, isDrawn } of groups)
    for (const { id } of jobs) if (node !== undefined && !isDrawn) nodes.set(id, node);
  const nodeOf = (id: string) => nodes.get(id) ?? id;
  const groupNodes = new Map(groups.map(({ name, jobs, node }) => [name, node ?? nodeOf(jobs[0]?.id ?? "")]));
  // Where each expansion waits for the same, the arrow goes to their box.
  const arrows = groups.flatMap(({ name, jobs }) => {
    const needs = jobs.map((job) => describeNeeds(job, graph));
    const isShared = needs.every((list) => list.join("\n") === needs[0]?.join("\n"));
    const targets = isShared
      ? [{ to: groupNodes.get(name) ?? name, from: needs[0] ?? [] }]
      : jobs.map((job, index) => ({ to: nodeOf(job.id), from: needs[index] ?? [] }));
    return targets.flatMap(({ to, from }) => from.map((need) => `  ${groupNodes.get(need) ?? nodeOf(need)} --> ${to}`));
  });
  const isSkipped = ({ skip }: PlannedJob) => skip !== undefined;
  const skipped = groups.flatMap(({ jobs, node, isDrawn }) => {
    if (isDrawn || node === undefined) return jobs.filter(isSkipped).map(({ id }) => nodeOf(id));
    return jobs.every(isSkipped) ? [node] : [];
  });
  return [
    "flowchart LR",
    ...groups.flatMap(({ name, jobs, node, isDrawn }) => {
      if (node !== undefined && !isDrawn) return [`  ${node}["${labelOfMany(name, jobs)}"]`];
      const lines = jobs.map((job) => `${nodeOf(job.id)}["${labelOf(job, jobs.length > 1)}"]`);
      if (node === undefined) return lines.map((line) => `  ${line}`);
      return [`  subgraph ${node}["${escaped(name)}"]`, ...lines.map((line) => `    ${line}`), "  end"];
    }),
    ...new Set(arrows),
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

/** How many there are, and the values of each axis, of which a few are named. */
function labelOfMany(name: string, jobs: readonly PlannedJob[]): string {
  const axes = new Set(jobs.flatMap(({ matrix }) => Object.keys(matrix)));
  const valuesOf = (read: (job: PlannedJob) => string | undefined) => {
    const values = [...new Set(jobs.flatMap((job) => read(job) ?? []))];
    return values.length > 5 ? `${values.slice(0, 4).join(", ")} … ${values.at(-1)}` : values.join(", ");
  };
  const platforms = valuesOf(({ platform }) => platform && formatPlatform(platform));
  return [
    `${name}: ${jobs.length} jobs`,
    ...[...axes].map((axis) => `${axis}: ${valuesOf(({ matrix }) => matrix[axis])}`),
    ...(platforms === "" ? [] : [platforms]),
  ]
    .map(escaped)
    .join("<br/>");
}

/** Texts stand in double quotes; Mermaid writes special characters as numbered entities. */
function escaped(text: string): string {
  return text.replaceAll(/[#"<>&\\`\n]/g, (character) => `#${character.charCodeAt(0)};`);
}
