import type { ParameterExpansionPart, Word } from "unbash";
import { dependsOnPlatform, emptyValue, isKnown, sliceValue, textOf, unknownValue, type Value } from "../value.ts";
import { arrayKeys, elementName } from "./arrays.ts";
import type { Context, Machine } from "./machine.ts";
import { compile, patternSource } from "./pattern.ts";
import { recordTable } from "./table.ts";
import { cameThrough, chosenByPlatform, computed, rewritten } from "./text.ts";
import type { Chunk } from "./words.ts";

type ExpandChunks = (machine: Machine, word: Word, context: Context, quoted: boolean) => Chunk[];

/** The value of a variable or a parameter; one that nobody set could come from the environment, and is unknown. */
export function lookUp(name: string, { process }: Context): Value {
  if (name === "0" && process.name !== undefined) return computed(emptyValue, process.name);
  if (name === "BASH_SOURCE" && process.file !== undefined) return computed(emptyValue, process.file);
  if (/^\d+$/.test(name)) {
    const { parameters } = process;
    const value = name === "0" || parameters === undefined ? undefined : (parameters[Number(name) - 1] ?? emptyValue);
    return value ?? { pieces: [{ text: "", source: "unknown", through: [name] }] };
  }
  if (name === "#" && process.parameters !== undefined) return computed(emptyValue, String(process.parameters.length));
  const variable = process.variables.get(name) ?? process.variables.get(elementName(name, "0"));
  if (variable === undefined) return { pieces: [{ text: "", source: "unknown", through: [name] }] };
  if (textOf(variable.value) === "") return { pieces: [{ text: "", source: "written", through: [name] }] };
  return cameThrough(variable.value, name);
}

/** All parameters (`$@`), or all elements of an array. */
export function lookUpAll(name: string, { process }: Context): Value[] {
  if (name === "@" || name === "*") {
    return [...(process.parameters ?? [{ pieces: [{ text: "", source: "unknown", through: [name] } as const] }])];
  }
  const keys = arrayKeys(name, process.variables);
  if (keys === undefined) {
    const scalar = process.variables.get(name);
    return scalar === undefined
      ? [{ pieces: [{ text: "", source: "unknown", through: [name] }] }]
      : [cameThrough(scalar.value, name)];
  }
  return keys.map((key) => {
    const element = process.variables.get(elementName(name, key));
    return element === undefined ? emptyValue : cameThrough(element.value, name);
  });
}

/** The chunks of `${…}`. */
export function expandParameter(
  machine: Machine,
  part: ParameterExpansionPart,
  context: Context,
  quoted: boolean,
  chunksOf: ExpandChunks,
): Chunk[] {
  const { operation, prefix, index } = part;
  const isAll = index?.text === "@" || index?.text === "*" || (index === undefined && /^[@*]$/.test(part.parameter));
  if (isAll) return expandAll(machine, part, context, quoted);
  const isSet = isParameterSet(machine, part, context);
  let value = baseValue(machine, part, context, isSet);
  if (prefix === "#") {
    const text = textOf(value);
    return [chunk(isKnown(value) ? computed(value, String(text.length)) : unknownLike(value), quoted)];
  }
  switch (operation?.type) {
    case undefined:
      break;
    case "Default": {
      const operand = (): Chunk[] => chunksOf(machine, operation.operand, context, quoted);
      const hasColon = operation.operator.startsWith(":");
      const isEmpty = !isSet || (hasColon && isKnown(value) && textOf(value) === "");
      const isUnsure = !isEmpty && hasColon && textOf(value).replaceAll("\uFFFC", "") === "" && !isKnown(value);
      if (operation.operator.endsWith("+")) return isEmpty ? [] : operand();
      if (operation.operator.endsWith("?") || !isEmpty || isUnsure) break;
      const chunks = operand().map((each) =>
        each.kind === "break" ? each : { ...each, value: cameThrough(each.value, part.parameter) },
      );
      if (operation.operator.endsWith("=")) assign(part.parameter, chunks, context);
      return chunks;
    }
    case "Remove":
      value = removed(machine, value, operation.operator, operation.operand, context);
      break;
    case "Replace":
      value = replaced(machine, value, operation, context);
      break;
    case "Slice":
      value = sliced(machine, value, operation.offset, operation.length, context);
      break;
    case "CaseModification": {
      const text = textOf(value);
      const first = text.slice(0, 1);
      const cased = {
        "^^": text.toUpperCase(),
        ",,": text.toLowerCase(),
        "^": first.toUpperCase() + text.slice(1),
        ",": first.toLowerCase() + text.slice(1),
      }[operation.operator];
      value = rewritten(value, cased);
      break;
    }
    case "Transform":
    case "Names":
    case "Unknown":
      value = unknownLike(value);
  }
  return [chunk(value, quoted)];
}

function chunk(value: Value, quoted: boolean): Chunk {
  return { kind: "text", value, quoted, split: !quoted };
}

function unknownLike(value: Value): Value {
  return unknownValue(dependsOnPlatform(value) ? { dependsOnPlatform: true } : {});
}

function assign(name: string, chunks: readonly Chunk[], context: Context): void {
  const pieces = chunks.flatMap((each) => (each.kind === "break" ? [] : each.value.pieces));
  const exported = context.process.options.has("a");
  context.process.variables.set(name, { value: { pieces }, exported });
}

/** False when a variable was never set: `${x:-d}` gives its default then. A parameter that nobody knows is taken as not given. */
function isParameterSet(machine: Machine, part: ParameterExpansionPart, context: Context): boolean {
  const { variables, parameters } = context.process;
  const name = part.parameter;
  if (/^\d+$/.test(name)) return name === "0" || (parameters?.length ?? 0) >= Number(name);
  if (part.index !== undefined)
    return variables.get(elementName(name, textOf(machine.expandText(part.index, context)))) !== undefined;
  return (
    variables.get(name) !== undefined || variables.get(elementName(name, "0")) !== undefined || !/^\w+$/.test(name)
  );
}

function baseValue(machine: Machine, part: ParameterExpansionPart, context: Context, isSet: boolean): Value {
  const { parameter, index, prefix } = part;
  const place = context.source.locate(part.pos, part.end);
  if (prefix === "!") {
    const name = lookUp(parameter, context);
    if (!isKnown(name)) return unknownLike(name);
    const value = lookUp(textOf(name), context);
    const isMissing = context.process.variables.get(textOf(name)) === undefined;
    if (dependsOnPlatform(name)) {
      recordTable(machine, { kind: "names", key: name }, isMissing, place, context);
      return isMissing ? unknownValue({ place, dependsOnPlatform: true }) : chosenByPlatform(value);
    }
    return value;
  }
  if (index !== undefined) {
    const key = machine.expandText(index, context);
    if (parameter === "BASH_SOURCE") return lookUp(textOf(key) === "0" ? parameter : "", context);
    const value = lookUp(elementName(parameter, textOf(key)), context);
    if (dependsOnPlatform(key) && isKnown(key)) {
      recordTable(machine, { kind: "array", name: parameter, key }, !isSet, place, context);
      return isSet ? cameThrough(chosenByPlatform(value), parameter) : emptyValue;
    }
    if (!isKnown(key)) return unknownLike(key);
    return arrayKeys(parameter, context.process.variables) === undefined || isSet ? value : emptyValue;
  }
  return lookUp(parameter, context);
}

function expandAll(machine: Machine, part: ParameterExpansionPart, context: Context, quoted: boolean): Chunk[] {
  const isJoined = part.index?.text === "*" || part.parameter === "*";
  const { operation, prefix } = part;
  let values = lookUpAll(part.parameter, context);
  if (prefix === "!") {
    const keys = arrayKeys(part.parameter, context.process.variables);
    values = keys === undefined ? [unknownValue()] : keys.map((key) => computed(emptyValue, key));
  } else if (prefix === "#") return [chunk(computed(emptyValue, String(values.length)), quoted)];
  if (operation?.type === "Remove")
    values = values.map((value) => removed(machine, value, operation.operator, operation.operand, context));
  else if (operation?.type === "Replace") values = values.map((value) => replaced(machine, value, operation, context));
  else if (operation?.type === "Slice") {
    const offset = Number(textOf(machine.expandText(operation.offset, context)));
    const length =
      operation.length === undefined ? undefined : Number(textOf(machine.expandText(operation.length, context)));
    const start = part.index === undefined && offset > 0 ? offset - 1 : offset;
    values = values.slice(start, length === undefined ? undefined : start + length);
  }
  return values.flatMap((value, index): Chunk[] => {
    if (index === 0) return [chunk(value, quoted)];
    const between: Chunk = isJoined && quoted ? chunk(computed(emptyValue, " "), true) : { kind: "break" };
    return [between, chunk(value, quoted)];
  });
}

function removed(
  machine: Machine,
  value: Value,
  operator: "#" | "##" | "%" | "%%",
  operand: Word,
  context: Context,
): Value {
  const text = textOf(value);
  const source = patternSource(machine.expandPattern(operand, context), { lazy: operator === "#" });
  if (source === undefined) return unknownLike(value);
  if (operator.startsWith("#")) {
    const found = compile(`^(?:${source})`, "s")?.exec(text);
    return found === null || found === undefined ? value : sliceValue(value, found[0].length, text.length);
  }
  const whole = compile(operator === "%" ? `^(.*)(?:${source})$` : `^(.*?)(?:${source})$`, "s");
  const found = text.length > 8192 ? null : whole?.exec(text);
  return found === null || found === undefined ? value : sliceValue(value, 0, found[1]?.length ?? 0);
}

function replaced(
  machine: Machine,
  value: Value,
  { operator, pattern, replacement }: { readonly operator: string; readonly pattern: Word; readonly replacement: Word },
  context: Context,
): Value {
  const source = patternSource(machine.expandPattern(pattern, context));
  if (source === undefined || source === "") return source === "" ? value : unknownLike(value);
  const anchored = { "/#": `^(?:${source})`, "/%": `(?:${source})$` }[operator] ?? source;
  const expression = compile(anchored, operator === "//" ? "gs" : "s");
  const text = textOf(value);
  if (expression === undefined || text.length > 8192) return unknownLike(value);
  const by = machine.expandText(replacement, context);
  const place = context.source.locate(replacement.pos, replacement.end);
  return rewritten(
    value,
    text.replace(expression, () => textOf(by)),
    place,
  );
}

function sliced(machine: Machine, value: Value, offset: Word, length: Word | undefined, context: Context): Value {
  const whole = textOf(value);
  const number = (word: Word): number => Number(textOf(machine.expandText(word, context)).trim() || "0");
  const from = number(offset);
  const count = length === undefined ? whole.length : number(length);
  if (!isKnown(value) || !Number.isInteger(from) || !Number.isInteger(count)) return unknownLike(value);
  const start = from < 0 ? Math.max(0, whole.length + from) : from;
  const end = count < 0 ? whole.length + count : Math.min(whole.length, start + count);
  return sliceValue(value, start, end);
}
