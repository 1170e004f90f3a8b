import { architecturesIn } from "../../../dockerfile/architecture-name.ts";
import { textOf } from "../../value.ts";
import { entriesAt, itemsAt, nodeAt, type YamlNode } from "../yaml/node.ts";
import { type Lookup, resultValue } from "./expression.ts";
import { wholeExpression } from "./interpolate.ts";

/** One job of a matrix: what `matrix.NAME` is in it. Undefined for a matrix that is not known before it runs. */
export type Combination = ReadonlyMap<string, YamlNode> | undefined;

/** GitHub's limit. */
const maxCombinations = 256;

/** The jobs that a `strategy` makes, by GitHub's rules for `exclude` and `include`; one without variables when there is no matrix. */
export function combinationsOf(strategy: YamlNode | undefined, lookup: Lookup): readonly Combination[] {
  const matrix = nodeAt(strategy, "matrix");
  if (matrix === undefined || (matrix.kind === "scalar" && matrix.isNull)) return [new Map()];
  if (matrix.kind !== "map") return [undefined];
  let combinations: Map<string, YamlNode>[] = [new Map()];
  const names: string[] = [];
  let isOpen = false;
  for (const { key, value } of matrix.entries) {
    if (key.text === "include" || key.text === "exclude") continue;
    if (value.kind !== "list") {
      // A list that an expression makes is not known: its variable is not set.
      isOpen = true;
      continue;
    }
    names.push(key.text);
    combinations = combinations
      .flatMap((one) => value.items.map((item) => new Map([...one, [key.text, item]])))
      .slice(0, maxCombinations);
  }
  if (nodeAt(matrix, "include")?.kind === "scalar") isOpen = true;
  if (isOpen && names.length === 0) return [undefined];
  const excluded = itemsAt(matrix, "exclude");
  combinations = combinations.filter((one) => !excluded.some((out) => covers(one, out, lookup)));
  const included = itemsAt(matrix, "include");
  if (names.length === 0) {
    return included.length === 0 ? [new Map()] : included.slice(0, maxCombinations).map((item) => new Map(pairs(item)));
  }
  const added: Map<string, YamlNode>[] = [];
  const originals = combinations.map((one) => new Map(one));
  for (const item of included.slice(0, maxCombinations)) {
    const matching = combinations.filter((_, index) => {
      const original = originals[index];
      return (
        original !== undefined && pairs(item).every(([name, value]) => sameOrNew(original.get(name), value, lookup))
      );
    });
    if (matching.length === 0) added.push(new Map(pairs(item)));
    for (const one of matching) for (const [name, value] of pairs(item)) one.set(name, value);
  }
  return [...combinations, ...added].slice(0, maxCombinations);
}

/** True when what a variable of a matrix is in its jobs names different architectures: it was chosen per platform. */
export function namesSeveralArchitectures(combinations: readonly Combination[], name: string): boolean {
  const found = new Set<string>();
  for (const one of combinations) {
    const node = one?.get(name);
    const texts =
      node === undefined
        ? []
        : node.kind === "scalar"
          ? [node.text]
          : entriesAt(node).map(({ value }) => (value.kind === "scalar" ? value.text : ""));
    for (const { architecture } of texts.flatMap((text) => architecturesIn(text))) found.add(architecture);
  }
  return found.size > 1;
}

function pairs(item: YamlNode): [name: string, value: YamlNode][] {
  return item.kind === "map" ? item.entries.map(({ key, value }) => [key.text, value]) : [];
}

function covers(one: ReadonlyMap<string, YamlNode>, out: YamlNode, lookup: Lookup): boolean {
  return pairs(out).every(([name, value]) => same(one.get(name), value, lookup));
}

function sameOrNew(own: YamlNode | undefined, value: YamlNode, lookup: Lookup): boolean {
  return own === undefined || same(own, value, lookup);
}

function same(a: YamlNode | undefined, b: YamlNode, lookup: Lookup): boolean {
  if (a === undefined || a.kind !== b.kind) return false;
  if (a.kind === "scalar" && b.kind === "scalar") return plain(a.text, lookup) === plain(b.text, lookup);
  if (a.kind === "map") return pairs(b).every(([name, value]) => same(nodeAt(a, name), value, lookup));
  return false;
}

function plain(text: string, lookup: Lookup): string {
  const result = wholeExpression(text, lookup);
  return result === undefined ? text : textOf(resultValue(result));
}
