import { type Locate, locateIn, type Place } from "../../place.ts";
import { textOf, type Value, written } from "../../value.ts";
import { evaluateHcl, hclText, type HclScope, hclTexts, type HclValue } from "./evaluate-hcl.ts";
import type { HclBlock, HclBody, HclExpression } from "./hcl.ts";
import { readExpression } from "./hcl-expression.ts";
import { HclError, HclReader } from "./hcl-reader.ts";
import { parseHcl } from "./parse-hcl.ts";

/** A target of a bake file, with what it inherits, as it is with the defaults of its variables. */
export interface BakeTarget {
  readonly name: string;
  readonly place: Place;
  readonly attributes: ReadonlyMap<string, HclValue>;
}

/** A bake file. */
export interface BakeFile {
  readonly targets: readonly BakeTarget[];
  /** Members of groups: targets or groups. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly problem?: { readonly place: Place; readonly message: string };
}

/** Targets that a matrix makes at most. */
const maxMatrix = 100;

/** Reads a bake file: HCL, or JSON, whose texts are templates of HCL too. Never throws. */
export function readBakeFile(path: string, text: string, isJson: boolean): BakeFile {
  const locate = locateIn(path, text);
  const { body, problem } = isJson ? jsonBody(text) : parseHcl(text);
  const variables = variablesOf(body, locate);
  const targets = new Map<string, HclBlock>();
  for (const block of body.blocks) {
    const [name] = block.labels;
    if (block.type === "target" && name !== undefined) targets.set(name, merged(targets.get(name), block));
  }
  const scope = scopeOf(variables, locate);
  const groups = body.blocks.filter(({ type }) => type === "group");
  return {
    targets: [...targets].flatMap(([name, block]) => expanded(name, block, targets, scope)),
    groups: new Map(
      groups.map((group) => [group.labels[0] ?? "", hclTexts(attribute(group, "targets", scope)).map(textOf)]),
    ),
    ...(problem === undefined
      ? {}
      : { problem: { place: locate(problem.offset, problem.offset), message: problem.message } }),
  };
}

/** JSON is an expression of HCL: `{"target": {"NAME": {…}}}` says the same as blocks. */
function jsonBody(text: string): ReturnType<typeof parseHcl> {
  const reader = new HclReader(text);
  try {
    reader.skip(true);
    const root = readExpression(reader, true);
    return { body: bodyOf(root, 0) };
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    return { body: { attributes: [], blocks: [] }, problem: { offset: error.offset, message: error.message } };
  }
}

function bodyOf(root: HclExpression, level: number): HclBody {
  if (root.kind !== "object") return { attributes: [], blocks: [] };
  if (level > 0) {
    const attributes = root.entries.map(({ key, value }) => ({ name: key, value, start: value.start, end: value.end }));
    return { attributes, blocks: [] };
  }
  const blocks = root.entries.flatMap(({ key: type, value }): HclBlock[] => {
    if (value.kind !== "object") return [];
    return value.entries.map(({ key, value: inner }) => ({
      type,
      labels: [key],
      body: bodyOf(inner, 1),
      start: inner.start,
      end: inner.end,
    }));
  });
  return { attributes: [], blocks };
}

/** A target that is written twice is one. */
function merged(before: HclBlock | undefined, block: HclBlock): HclBlock {
  if (before === undefined) return block;
  return { ...block, body: { attributes: [...before.body.attributes, ...block.body.attributes], blocks: [] } };
}

function variablesOf(body: HclBody, locate: Locate): Map<string, HclValue> {
  const variables = new Map<string, HclValue>();
  const scope = scopeOf(variables, locate);
  for (const block of body.blocks) {
    const [name] = block.labels;
    if (block.type === "variable" && name !== undefined)
      variables.set(name, attribute(block, "default", scope) ?? { type: "unknown" });
  }
  for (const { name, value } of body.attributes) variables.set(name, evaluateHcl(value, scope));
  return variables;
}

function scopeOf(variables: ReadonlyMap<string, HclValue>, locate: Locate): HclScope {
  return { locate, lookup: (name) => variables.get(name) ?? { type: "unknown" } };
}

function attribute(block: HclBlock, name: string, scope: HclScope): HclValue | undefined {
  const found = block.body.attributes.findLast((each) => each.name === name);
  return found === undefined ? undefined : evaluateHcl(found.value, scope);
}

/** A target for each row of its matrix. */
function expanded(
  name: string,
  block: HclBlock,
  targets: ReadonlyMap<string, HclBlock>,
  scope: HclScope,
): BakeTarget[] {
  const place = scope.locate(block.start, block.end);
  return rowsOf(attribute(block, "matrix", scope)).map((row) => {
    const own: HclScope = { locate: scope.locate, lookup: (key) => row.get(key) ?? scope.lookup(key) };
    const written = row.size === 0 ? undefined : attribute(block, "name", own);
    return {
      name: written === undefined ? name : textOf(hclText(written)),
      place,
      attributes: attributesOf(block, targets, own, new Set([name])),
    };
  });
}

function rowsOf(matrix: HclValue | undefined): ReadonlyMap<string, HclValue>[] {
  if (matrix?.type !== "map") return [new Map()];
  let rows: Map<string, HclValue>[] = [new Map()];
  for (const [name, values] of matrix.entries) {
    const items = values.type === "list" ? values.items : [values];
    const isVaried = items.length > 1;
    rows = rows
      .flatMap((row) => items.map((item) => new Map([...row, [name, isVaried ? chosen(item) : item]])))
      .slice(0, maxMatrix);
  }
  return rows;
}

/** What a matrix gives a target was chosen for it. */
function chosen(value: HclValue): HclValue {
  if (value.type === "map")
    return { type: "map", entries: new Map([...value.entries].map(([key, each]) => [key, chosen(each)])) };
  if (value.type === "list") return { type: "list", items: value.items.map(chosen) };
  if (value.type !== "text") return value;
  return {
    type: "text",
    value: { pieces: value.value.pieces.map((piece) => ({ ...piece, dependsOnPlatform: true })) },
  };
}

/** A target's own attributes over those of the targets that it inherits from; later ones win, and arguments are joined. */
function attributesOf(
  block: HclBlock,
  targets: ReadonlyMap<string, HclBlock>,
  scope: HclScope,
  seen: ReadonlySet<string>,
): Map<string, HclValue> {
  const attributes = new Map<string, HclValue>();
  for (const parent of hclTexts(attribute(block, "inherits", scope)).map(textOf)) {
    const found = targets.get(parent);
    if (found === undefined || seen.has(parent)) continue;
    for (const [name, value] of attributesOf(found, targets, scope, new Set([...seen, parent])))
      join(attributes, name, value);
  }
  for (const { name, value } of block.body.attributes) join(attributes, name, evaluateHcl(value, scope));
  return attributes;
}

function join(attributes: Map<string, HclValue>, name: string, value: HclValue): void {
  const before = attributes.get(name);
  const isJoined =
    (name === "args" || name === "labels" || name === "contexts") && before?.type === "map" && value.type === "map";
  attributes.set(name, isJoined ? { type: "map", entries: new Map([...before.entries, ...value.entries]) } : value);
}

/** The text of an attribute; an empty one when it is not given. */
export function textAttribute(target: BakeTarget, name: string): Value {
  const value = target.attributes.get(name);
  return value === undefined || value.type === "null" ? written("") : hclText(value);
}
