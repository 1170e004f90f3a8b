import type { Value } from "../expression/expression.ts";
import { formatPlatform, type Platform } from "../platform/platform.ts";
import type { eventNames } from "../config/pipeline/triggers.ts";

/** Name of an event, as `on` and `when.event` write it. */
export type EventName = (typeof eventNames)[number];

/** What a run is about: the event, the commit, and what a person gave. Texts that are not known are empty. */
export interface RunFacts {
  readonly run: string;
  /** Counts the runs of the repository from 1; 0 for what is only looked at. */
  readonly number: number;
  readonly event: EventName;
  readonly branch: string;
  readonly tag: string;
  readonly sha: string;
  readonly message: string;
  readonly authorName: string;
  readonly authorEmail: string;
  /** Files that the event changed, relative to the repository; absent when nobody knows: path filters then let everything pass. */
  readonly changedPaths?: readonly string[];
  readonly inputs: Readonly<Record<string, string>>;
}

/** The names that every expression of a run knows. */
export function namesOfRun(facts: RunFacts): ReadonlyMap<string, Value> {
  const { branch, tag, sha } = facts;
  return new Map<string, Value>([
    ["git.branch", branch],
    ["git.tag", tag],
    ["git.sha", sha],
    ["git.short_sha", sha.slice(0, 7)],
    ["git.ref", tag === "" ? (branch === "" ? "" : `refs/heads/${branch}`) : `refs/tags/${tag}`],
    ["git.message", facts.message],
    ["git.author_name", facts.authorName],
    ["git.author_email", facts.authorEmail],
    ["event.name", facts.event],
    ["run.id", facts.run],
    ["run.number", facts.number],
    ...Object.entries(facts.inputs).map(([name, value]) => [`inputs.${name}`, value] as const),
  ]);
}

/** The names of a job's platform. */
export function namesOfPlatform(platform: Platform): readonly (readonly [string, Value])[] {
  return [
    ["platform", formatPlatform(platform)],
    ["platform.os", platform.os],
    ["platform.arch", platform.architecture],
    ["platform.variant", platform.variant ?? ""],
    ["platform.slug", platformFolder(platform)],
    ["matrix.platform", formatPlatform(platform)],
  ];
}

/** `linux_arm_v7`: a platform as the name of a folder, as BuildKit's local exporter writes it. */
export function platformFolder(platform: Platform): string {
  return formatPlatform(platform).replaceAll("/", "_");
}
