import type { Fields } from "./containers.ts";
import type { IceciWhen } from "./schema.ts";

/** Whether two steps run for the same events. */
export function sameWhen(a: IceciWhen, b: IceciWhen): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The condition of a whole job; `undefined` where the triggers of the pipeline say the same. */
export function jobWhen(when: IceciWhen, hasTags: boolean): Fields | undefined {
  const events = eventsOf(when);
  const branches = [...when.branch, ...when.skipBranch.map((name) => `!${name}`)];
  const tags = [...when.tag, ...when.skipTag.map((name) => `!${name}`)];
  const value: Fields = {
    ...(events.length === 2 || !hasTags ? {} : { event: events }),
    ...(branches.length === 0 || !events.includes("push") ? {} : { branch: withAll(branches) }),
    ...(tags.length === 0 || !events.includes("tag") ? {} : { tag: withAll(tags) }),
  };
  return Object.keys(value).length === 0 ? undefined : value;
}

/** The condition of one step of a job, as an expression; `undefined` where it always runs. */
export function stepCondition(when: IceciWhen, hasTags: boolean): string | undefined {
  const events = eventsOf(when);
  const parts = events.map((event) => {
    const [name, only, without] =
      event === "push" ? ["git.branch", when.branch, when.skipBranch] : ["git.tag", when.tag, when.skipTag];
    const fits = (glob: string) =>
      glob.includes("*") ? `matches(${name}, ${quote(glob)})` : `${name} == ${quote(glob)}`;
    return [
      ...(hasTags ? [`event == ${quote(event)}`] : []),
      ...(only.length === 0 ? [] : [only.length === 1 ? only.map(fits).join("") : `(${only.map(fits).join(" || ")})`]),
      ...without.map((glob) => `!(${fits(glob)})`),
    ].join(" && ");
  });
  if (events.length === 2 && parts.every((part) => !part.includes("git."))) return undefined;
  const written = parts.filter((part) => part !== "");
  if (written.length === 0) return undefined;
  return `\${{ ${written.length === 1 ? written.join("") : written.map((part) => `(${part})`).join(" || ")} }}`;
}

/** `commit` is `push` in Archway. */
function eventsOf(when: IceciWhen): ("push" | "tag")[] {
  return (["push", "tag"] as const).filter((event) => when.event.includes(event === "push" ? "commit" : "tag"));
}

/** A list of exceptions alone means all but those. */
function withAll(globs: readonly string[]): string[] {
  return globs.every((glob) => glob.startsWith("!")) ? ["**", ...globs] : [...globs];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
