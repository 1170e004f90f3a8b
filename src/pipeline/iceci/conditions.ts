import type { Fields } from "./containers.ts";
import type { IceciWhen } from "./schema.ts";

type Event = "push" | "tag";

/** Whether two steps run for the same events. */
export function sameWhen(a: IceciWhen, b: IceciWhen): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * The `when` of a job or step; `undefined` where the triggers of the pipeline say the same. Filters for one event are globs; those of several events at once are an
 * expression, because a filter of branches lets no tag pass.
 */
export function whenOf(when: IceciWhen, hasTags: boolean): Fields | undefined {
  const events = (["push", "tag"] as const).filter((event) => when.event.includes(event === "push" ? "commit" : "tag"));
  const filtered = events.filter((event) => filterOf(when, event).length > 0);
  if (events.length === 2) {
    if (filtered.length === 0) return undefined;
    return { if: `\${{ ${events.map((event) => expressionOf(when, event)).join(" || ")} }}` };
  }
  const [event] = events;
  if (event === undefined) return undefined;
  const globs = filterOf(when, event);
  const value: Fields = {
    ...(hasTags ? { event } : {}),
    ...(globs.length === 0 ? {} : { [event === "push" ? "branch" : "tag"]: globs }),
  };
  return Object.keys(value).length === 0 ? undefined : value;
}

/** Globs, exceptions last and with `!`. */
function filterOf(when: IceciWhen, event: Event): string[] {
  const [only, without] = event === "push" ? [when.branch, when.skipBranch] : [when.tag, when.skipTag];
  return [...only.map(wide), ...without.map((glob) => `!${wide(glob)}`)];
}

/** A `*` alone is every name; in Archway it stops at a slash. */
function wide(glob: string): string {
  return glob === "*" ? "**" : glob;
}

function expressionOf(when: IceciWhen, event: Event): string {
  const [name, only, without] =
    event === "push" ? ["git.branch", when.branch, when.skipBranch] : (["git.tag", when.tag, when.skipTag] as const);
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
