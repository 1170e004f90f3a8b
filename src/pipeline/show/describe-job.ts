import { formatPlatform } from "../../platform/platform.ts";
import type { Template } from "../../expression/template.ts";
import type { JobGraph, PlannedJob } from "../job-spec.ts";
import { knownScope, knownText } from "../known-text.ts";
import { templateText } from "./template-text.ts";

/** What a job does, in a few words: `3 steps in golang:1.26`. What is known late is shown as it is written. */
export function describeWork(job: PlannedJob, graph: Pick<JobGraph, "env"> = { env: {} }): string {
  const { work } = job;
  const scope = knownScope(job, graph, []);
  const text = (template: Template) => knownText(template, scope) ?? templateText(template);
  switch (work.kind) {
    case "steps": {
      const images = [...new Set(work.steps.map(({ image }) => text(image ?? work.image)))];
      const services = work.services.length === 0 ? "" : `, with ${work.services.map(({ name }) => name).join(", ")}`;
      return `${count(work.steps.length, "step")} in ${images.join(", ")}${services}`;
    }
    case "build": {
      const tags = work.tags.map(text).join(", ");
      const named = tags === "" ? "" : work.push ? `, push ${tags}` : `, named ${tags}`;
      const command = work.verify?.run?.map(text).join(" ");
      const started = command === undefined ? "" : command === "" ? ", started" : `, started with ${command}`;
      return `build for ${work.platforms.map(formatPlatform).join(", ") || "this machine"}${started}${named}`;
    }
    case "verify":
      return `verify ${work.images.map(text).join(", ")}`;
    case "image":
      return `${work.action} ${work.from.map(text).join(", ")} to ${work.to.map(text).join(", ")}`;
    case "promote":
      return `promote ${text(work.from)} to ${work.to.map(text).join(", ")}`;
    case "approval":
      return work.wait === undefined ? "wait for a person" : `wait for a person, ${duration(work.wait)} at most`;
  }
}

/** What is unusual about a job: why it is skipped, conditions, limits. */
export function describeRules(job: PlannedJob): string[] {
  const { skip, condition, when, mayFail, retry, timeout, emulation, concurrency, work } = job;
  return [
    ...(skip === undefined ? [] : [`skipped: ${skip}`]),
    ...(when === "success" ? [] : [when === "failure" ? "after a failure" : "always"]),
    ...(condition === undefined ? [] : [`if ${templateText(condition)}`]),
    ...(mayFail ? ["may fail"] : []),
    ...(timeout === undefined ? [] : [`at most ${duration(timeout)}`]),
    ...(retry.attempts > 1 ? [`up to ${retry.attempts} attempts`] : []),
    ...(work.kind === "steps" && emulation !== "fallback"
      ? [emulation === "never" ? "never emulated" : "emulated when faster"]
      : []),
    ...(concurrency === undefined ? [] : [`one at a time of ${templateText(concurrency.group)}`]),
  ];
}

/** What a job waits for: the name of a job alone where all its expansions are meant. */
export function describeNeeds({ needs }: PlannedJob, graph: JobGraph): string[] {
  const jobs = new Map(graph.jobs.map((job) => [job.id, job]));
  const names = Map.groupBy(needs, (id) => jobs.get(id)?.name ?? id);
  return [...names].flatMap(([name, ids]) => {
    const all = graph.jobs.filter((job) => job.name === name).length;
    return all === ids.length ? [name] : ids;
  });
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `90s`, `20m`, `7d`: as it is written in a pipeline. */
function duration(seconds: number): string {
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
  ] as const;
  const [unit, size] = units.find(([, size]) => seconds % size === 0 && seconds > 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}
