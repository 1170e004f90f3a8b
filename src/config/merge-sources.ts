import type { YamlSource } from "./yaml-source.ts";

type Mapping = Readonly<Record<string, unknown>>;

/** Several files as one: mappings are joined key by key, anything else is taken from the first file that has it. Places are those of the file that gave the value. */
export function mergeSources(sources: readonly [YamlSource, ...YamlSource[]]): YamlSource {
  const owner = (path: readonly PropertyKey[]) => ownerOf(path, sources);
  return {
    value: sources.map(({ value }) => value).reduce(mergeUnder),
    place: (path, character) => owner(path).place(path, character),
    keyPlace: (path, key) => owner([...path, key]).keyPlace(path, key),
    written: (path) => owner(path).written(path),
  };
}

function mergeUnder(first: unknown, second: unknown): unknown {
  if (!isMapping(first) || !isMapping(second)) return first;
  const merged = new Map(Object.entries(second));
  for (const [key, value] of Object.entries(first)) {
    merged.set(key, merged.has(key) ? mergeUnder(value, merged.get(key)) : value);
  }
  return Object.fromEntries(merged);
}

/** The file that gave the value at a path, or what is nearest to it. */
function ownerOf(path: readonly PropertyKey[], sources: readonly [YamlSource, ...YamlSource[]]): YamlSource {
  let owner = sources[0];
  let candidates = sources.map((source) => ({ source, value: source.value }));
  for (const step of path) {
    const having = candidates.flatMap(({ source, value }) => {
      const key = String(step);
      return isMapping(value) && Object.hasOwn(value, key) ? [{ source, value: value[key] }] : [];
    });
    const [first] = having;
    if (first === undefined) break;
    owner = first.source;
    if (!isMapping(first.value)) break;
    candidates = having.filter(({ value }) => isMapping(value));
  }
  return owner;
}

/** Whether a value of a YAML file is a mapping. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
