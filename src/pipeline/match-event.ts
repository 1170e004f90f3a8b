import type { Triggers } from "../config/pipeline/triggers.ts";
import type { WhenContent } from "../config/pipeline/step.ts";
import { matchesGlob } from "../verify/chain/glob.ts";
import type { RunFacts } from "./facts.ts";

/**
 * Whether a name fits a list of globs (`*` within a part, `**` over parts): the last glob that fits decides, and one that begins with `!` takes out. A list that only
 * takes out begins with everything.
 */
export function fitsGlobs(globs: readonly string[], name: string): boolean {
  let fits = globs.every((glob) => glob.startsWith("!"));
  for (const glob of globs) {
    const without = glob.startsWith("!");
    if (matchesGlob(`/${without ? glob.slice(1) : glob}`, `/${name}`)) fits = !without;
  }
  return fits;
}

/** Why an event does not start the pipeline; undefined when it does. Without `on` every event does. */
export function refusalOf(on: Triggers, facts: RunFacts): string | undefined {
  const { event, branch, tag } = facts;
  const events = Object.keys(on);
  if (events.length === 0) return undefined;
  const filter = on[event];
  if (filter === undefined) return `\`on\` has no ${event}; it has ${events.join(", ")}`;
  if (event === "tag") {
    return on.tag && !fitsGlobs(on.tag, tag) ? `on.tag is ${on.tag.join(", ")}, this is ${tag}` : undefined;
  }
  if (event !== "push" && event !== "pull_request") return undefined;
  const { branches, paths } = on[event] ?? {};
  if (branches && !fitsGlobs(branches, branch))
    return `on.${event}.branches is ${branches.join(", ")}, this is ${branch || "no branch"}`;
  return paths && !changes(paths, facts)
    ? `on.${event}.paths is ${paths.join(", ")}, and nothing there changed`
    : undefined;
}

/** Why a job or step does not run for an event, whatever happens in the run; undefined when it may. */
export function skipReason(when: WhenContent | undefined, facts: RunFacts): string | undefined {
  if (when === undefined) return undefined;
  const { event, branch, tag, path } = when;
  if (event && !event.includes(facts.event)) return `when.event is ${event.join(", ")}, this is ${facts.event}`;
  if (branch && !fitsGlobs(branch, facts.branch))
    return `when.branch is ${branch.join(", ")}, this is ${facts.branch || "no branch"}`;
  if (tag && (facts.tag === "" || !fitsGlobs(tag, facts.tag)))
    return `when.tag is ${tag.join(", ")}, this is ${facts.tag || "no tag"}`;
  if (path && !changes(path, facts)) return `when.path is ${path.join(", ")}, and nothing there changed`;
  return undefined;
}

function changes(globs: readonly string[], { changedPaths }: RunFacts): boolean {
  return changedPaths === undefined || changedPaths.some((path) => fitsGlobs(globs, path));
}
