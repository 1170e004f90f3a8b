import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from "../yaml/node.ts";
import { entryAt, itemsAt, nodeAt, scalarsAt } from "../yaml/node.ts";

/** `extends` within `extends` that GitLab follows at most. */
const maxDepth = 11;

/** A job with what it takes from others by `extends`: mappings are merged key by key, all else is replaced. */
export function extendedJob(job: YamlNode, root: YamlNode, depth = 0): YamlNode {
  if (job.kind !== "map" || depth > maxDepth) return job;
  let base: YamlNode | undefined;
  for (const { text } of scalarsAt(job, "extends")) {
    const parent = nodeAt(root, text);
    if (parent === undefined) continue;
    const inherited = extendedJob(parent, root, depth + 1);
    base = base === undefined ? inherited : merged(base, inherited);
  }
  return base === undefined ? job : merged(base, job);
}

function merged(base: YamlNode, own: YamlNode, depth = 0): YamlNode {
  if (base.kind !== "map" || own.kind !== "map" || depth > 20) return own;
  const names = new Set(own.entries.map(({ key }) => key.text));
  const entries: YamlEntry[] = own.entries.map(({ key, value }) => {
    const inherited = entryAt(base, key.text)?.value;
    return { key, value: inherited === undefined ? value : merged(inherited, value, depth + 1) };
  });
  return { ...own, entries: [...base.entries.filter(({ key }) => !names.has(key.text)), ...entries] };
}

/** Joins files: later ones win. */
export function joinFiles(files: readonly YamlNode[]): YamlMap | undefined {
  let joined: YamlNode | undefined;
  for (const file of files) joined = joined === undefined ? file : merged(joined, file);
  return joined?.kind === "map" ? joined : undefined;
}

/** The commands of a script: lists in lists are one, and `!reference [JOB, KEY]` stands for the commands of another job. */
export function commandsOf(script: YamlNode | undefined, root: YamlNode, depth = 0): YamlScalar[] {
  if (script === undefined || depth > maxDepth) return [];
  if (script.kind === "scalar") return script.isNull ? [] : [script];
  if (script.kind === "map") return [];
  if (script.tag === "!reference") {
    const keys = script.items.flatMap((item) => (item.kind === "scalar" ? [item.text] : []));
    const [name = "", ...rest] = keys;
    return commandsOf(nodeAt(extendedJob(nodeAt(root, name) ?? script, root), ...rest), root, depth + 1);
  }
  return itemsAt(script).flatMap((item) => commandsOf(item, root, depth + 1));
}
