import { join } from "node:path";
import { joinGroup } from "../run/concurrency-group.ts";
import type { RunRequest } from "../run/run-pipeline.ts";

/** Where the concurrency groups of a user lie on this machine, and who asks. */
export interface GroupPlace {
  /** Folder of all runs of the user. */
  readonly state: string;
  /** What tells repositories apart: each has groups of its own, whatever their names. */
  readonly repository: string;
  /** Mark of this process. */
  readonly owner: string;
  readonly now: () => number;
}

/** Joins the groups of one repository. Those of whole runs are apart from those of jobs, which would else wait for their own run. */
export function groupsOf({ state, repository, owner, now }: GroupPlace): RunRequest["joinGroup"] {
  return (name, cancel, signal, of) => {
    const folder = join(state, of === "job" ? "groups" : "run-groups");
    return joinGroup({ folder, group: `${repository}: ${name}`, cancel, owner, now }, signal);
  };
}
