import { formatPlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { JobGraph, PlannedJob } from "../job-spec.ts";
import { describeRules, describeWork } from "./describe-job.ts";

/** Jobs of one name and combination that differ by their platform alone. */
export interface JobRow {
  /** `test[go=1.26]`. */
  readonly label: string;
  /** Of its jobs; `any` where any machine will do, none of jobs that run no containers of their own. */
  readonly platforms: readonly string[];
  readonly needs: readonly string[];
  readonly does: string;
  readonly rules: readonly string[];
  readonly isSkipped: boolean;
}

/** The jobs of a graph for a table, in its order: one row for what differs by the platform alone. */
export function jobRows(graph: JobGraph): readonly JobRow[] {
  const names = new Map(graph.jobs.map((job) => [job.id, job]));
  const sets = Map.groupBy(graph.jobs, ({ name }) => name);
  const rows = new Map<string, JobRow>();
  for (const job of graph.jobs) {
    const row = rowOf(job, graph, names, sets);
    const { platforms: _, ...same } = row;
    const key = JSON.stringify(same);
    const before = rows.get(key);
    rows.set(key, before === undefined ? row : { ...row, platforms: [...before.platforms, ...row.platforms] });
  }
  return [...rows.values()];
}

type Sets = ReadonlyMap<string, readonly PlannedJob[]>;

function rowOf(job: PlannedJob, graph: JobGraph, jobs: ReadonlyMap<string, PlannedJob>, sets: Sets): JobRow {
  const { id, platform, skip, work } = job;
  const written = platform === undefined ? undefined : formatPlatform(platform);
  const needed = Map.groupBy(job.needs, (need) => jobs.get(need)?.name ?? need);
  return {
    label: written === undefined ? id : id.slice(0, -`@${written}`.length),
    platforms: written === undefined ? (work.kind === "steps" ? ["any"] : []) : [written],
    needs: [...needed].flatMap(([name, ids]) => describeNeed(name, ids, sets, platform)),
    does: describeWork(job, graph),
    rules: describeRules(job),
    isSkipped: skip !== undefined,
  };
}

/** A name alone where all of its jobs are meant, or all of the same platform. */
function describeNeed(name: string, ids: readonly string[], sets: Sets, platform: Platform | undefined): string[] {
  const all = sets.get(name) ?? [];
  if (all.length === ids.length) return [name];
  const same = all.filter((one) => platform !== undefined && one.platform && samePlatform(one.platform, platform));
  const isSame = same.length === ids.length && same.every(({ id }) => ids.includes(id));
  return isSame ? [`${name} (same platform)`] : [...ids];
}
