import type { Fields } from "./containers.ts";
import type { IceciWhen } from "./schema.ts";

/** Events of IceCI that start something, under their names in Archway. */
export type Event = "push" | "tag" | "pull_request";

const written = { push: "commit", tag: "tag", pull_request: "pr" } as const;

/** The events that conditions name, in a fixed order. */
export function eventsOf(conditions: readonly IceciWhen[]): Event[] {
  return (["push", "tag", "pull_request"] as const).filter((event) =>
    conditions.some((when) => when.event.includes(written[event])),
  );
}

/** Whether two steps run for the same events. */
export function sameWhen(a: IceciWhen, b: IceciWhen): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * The `when` of a job or step; `undefined` where the triggers of the pipeline say the same. Filters for one event are globs; those of several events at once are an
 * expression, because a filter of branches lets no tag pass.
 */
export function whenOf(when: IceciWhen, triggers: readonly Event[]): Fields | undefined {
  const events = eventsOf([when]);
  const filtered = events.filter((event) => filterOf(when, event).length > 0);
  const [only, ...others] = events;
  if (only === undefined) return undefined;
  if (others.length > 0 && filtered.length > 0) {
    return { if: `\${{ ${events.map((event) => expressionOf(when, event)).join(" || ")} }}` };
  }
  const globs = filterOf(when, only);
  const value: Fields = {
    ...(events.length === triggers.length ? {} : { event: others.length === 0 ? only : events }),
    ...(globs.length === 0 ? {} : { [only === "push" ? "branch" : "tag"]: globs }),
  };
  return Object.keys(value).length === 0 ? undefined : value;
}

/** Globs, exceptions last and with `!`. */
function filterOf(when: IceciWhen, event: Event): string[] {
  const [, only, without] = namesFor(when, event);
  return [...only.map(wide), ...without.map((glob) => `!${wide(glob)}`)];
}

/** A `*` alone is every name; in Archway it stops at a slash. */
function wide(glob: string): string {
  return glob === "*" ? "**" : glob;
}

/** Filters are of branches and tags; a pull request has none. */
function namesFor(when: IceciWhen, event: Event): readonly [name: string, only: string[], without: string[]] {
  if (event === "push") return ["git.branch", when.branch, when.skipBranch];
  return event === "tag" ? ["git.tag", when.tag, when.skipTag] : ["", [], []];
}

function expressionOf(when: IceciWhen, event: Event): string {
  const [name, only, without] = namesFor(when, event);
  const some = only.map((glob) => fits(name, glob));
  const parts = [
    `event.name == '${event}'`,
    ...(some.length === 0 ? [] : [some.length === 1 ? some.join("") : `(${some.join(" || ")})`]),
    ...without.map((glob) => `!(${fits(name, glob)})`),
  ];
  return `(${parts.join(" && ")})`;
}

/** A glob as comparisons of a name: beginning, end and what is between, in any order. */
function fits(name: string, glob: string): string {
  const parts = glob.split("*");
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return `${name} == ${quote(glob)}`;
  const tests = [
    ...(first === "" ? [] : [`starts_with(${name}, ${quote(first)})`]),
    ...parts.slice(1, -1).flatMap((part) => (part === "" ? [] : [`contains(${name}, ${quote(part)})`])),
    ...(last === "" ? [] : [`ends_with(${name}, ${quote(last)})`]),
  ];
  return tests.length === 0 ? "true" : tests.join(" && ");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
