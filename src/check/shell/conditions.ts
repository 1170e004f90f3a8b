import type { TestExpression, Word } from "unbash";
import { dependsOnPlatform, isKnown, textOf, type Value } from "../value.ts";
import { type Context, type Machine, negated, type Status } from "./machine.ts";
import { compile, matchesPattern, type PatternPart } from "./pattern.ts";
import { isSafeRegExp, translateRegExp } from "./regexp.ts";

const unknown: Status = { zero: undefined };

/** What `[[ … ]]` says. */
export function evaluateTest(machine: Machine, expression: TestExpression, context: Context): Status {
  switch (expression.type) {
    case "TestGroup":
      return evaluateTest(machine, expression.expression, context);
    case "TestNot": {
      const status = evaluateTest(machine, expression.operand, context);
      return expression.negations.length % 2 === 1 ? negated(status) : status;
    }
    case "TestLogical":
      return logical(
        expression.operator,
        expression.operands.map((operand) => () => evaluateTest(machine, operand, context)),
      );
    case "TestUnary":
      return unary(expression.operator, machine.expandText(expression.operand, context), context);
    case "TestBinary": {
      const left = machine.expandText(expression.left, context);
      const { operator, right } = expression;
      if (operator === "=" || operator === "==" || operator === "!=")
        return equal(machine, left, machine.expandPattern(right, context), operator === "!=", right.text);
      if (operator === "=~") return matches(machine, left, right, context);
      return numeric(operator, left, machine.expandText(right, context));
    }
  }
}

/** What `test` or `[` says to its words (without the closing bracket). */
export function evaluateTestWords(machine: Machine, words: readonly Value[], context: Context): Status {
  const or = splitAt(words, "-o");
  if (or !== undefined && words.length > 3)
    return logical(
      "||",
      or.map((part) => () => evaluateTestWords(machine, part, context)),
    );
  const and = splitAt(words, "-a");
  if (and !== undefined && words.length > 3)
    return logical(
      "&&",
      and.map((part) => () => evaluateTestWords(machine, part, context)),
    );
  const [first, second, third] = words;
  if (first === undefined) return { zero: false };
  if (second === undefined) return unary("-n", first, context);
  if (textOf(first) === "!" && !(words.length === 3 && isComparison(textOf(second))))
    return negated(evaluateTestWords(machine, words.slice(1), context));
  if (words.length === 2) return unary(textOf(first), second, context);
  if (third === undefined || words.length > 3) return unknown;
  const operator = textOf(second);
  if (operator === "=" || operator === "==" || operator === "!=")
    return equal(machine, first, [{ text: textOf(third), quoted: true }], operator === "!=", textOf(third), third);
  return numeric(operator, first, third);
}

function isComparison(operator: string): boolean {
  return ["=", "==", "!=", "-eq", "-ne"].includes(operator);
}

function splitAt(words: readonly Value[], operator: string): (readonly Value[])[] | undefined {
  const at = words.findIndex((word, index) => index > 0 && textOf(word) === operator);
  return at < 0 ? undefined : [words.slice(0, at), words.slice(at + 1)];
}

function logical(operator: "&&" | "||", operands: readonly (() => Status)[]): Status {
  let depends = false;
  let isUnknown = false;
  for (const operand of operands) {
    const status = operand();
    depends ||= status.dependsOnPlatform === true;
    if (status.zero === undefined) isUnknown = true;
    else if (status.zero === (operator === "||")) return { ...status, ...(depends ? { dependsOnPlatform: true } : {}) };
  }
  const zero = isUnknown ? undefined : operator === "&&";
  return { zero, ...(depends ? { dependsOnPlatform: true } : {}) };
}

function unary(operator: string, operand: Value, { process }: Context): Status {
  const text = textOf(operand);
  const depends = dependsOnPlatform(operand) ? { dependsOnPlatform: true } : {};
  if (operator === "-v") return isKnown(operand) ? { zero: process.variables.get(text) !== undefined } : unknown;
  if (operator !== "-z" && operator !== "-n") return { zero: undefined, ...depends };
  const isEmpty = text === "" ? true : text.replaceAll("\uFFFC", "") === "" ? undefined : false;
  return { zero: isEmpty === undefined ? undefined : isEmpty === (operator === "-z"), ...depends };
}

function equal(
  machine: Machine,
  left: Value,
  right: readonly PatternPart[],
  isNegated: boolean,
  pattern: string,
  rightValue?: Value,
): Status {
  const depends = dependsOnPlatform(left) || (rightValue !== undefined && dependsOnPlatform(rightValue));
  if (dependsOnPlatform(left)) machine.comparisons.push({ subject: left, pattern: bare(pattern), negated: isNegated });
  else if (rightValue !== undefined && dependsOnPlatform(rightValue))
    machine.comparisons.push({ subject: rightValue, pattern: textOf(left), negated: isNegated });
  const isUnknown = !isKnown(left) || right.some(({ text }) => text.includes("\uFFFC"));
  const matched = isUnknown ? undefined : matchesPattern(textOf(left), right);
  return {
    zero: matched === undefined ? undefined : matched !== isNegated,
    ...(depends ? { dependsOnPlatform: true } : {}),
  };
}

function matches(machine: Machine, left: Value, right: Word, context: Context): Status {
  const parts = machine.expandPattern(right, context);
  const source = parts.map(({ text }) => text).join("");
  const raw = right.parts === undefined ? right.text : source;
  const depends = dependsOnPlatform(left) ? { dependsOnPlatform: true } : {};
  if (dependsOnPlatform(left)) machine.comparisons.push({ subject: left, pattern: raw, negated: false });
  const text = textOf(left);
  if (!isKnown(left) || raw.includes("\uFFFC") || !isSafeRegExp(raw, text)) return { zero: undefined, ...depends };
  const expression = compile(translateRegExp(raw, true), "s");
  return { zero: expression?.test(text), ...depends };
}

function numeric(operator: string, left: Value, right: Value): Status {
  const depends = dependsOnPlatform(left) || dependsOnPlatform(right) ? { dependsOnPlatform: true } : {};
  const [a, b] = [textOf(left).trim(), textOf(right).trim()];
  if (!/^-?\d{1,15}$/.test(a) || !/^-?\d{1,15}$/.test(b)) return { zero: undefined, ...depends };
  const zero = {
    "-eq": Number(a) === Number(b),
    "-ne": Number(a) !== Number(b),
    "-lt": Number(a) < Number(b),
    "-le": Number(a) <= Number(b),
    "-gt": Number(a) > Number(b),
    "-ge": Number(a) >= Number(b),
  }[operator];
  return { zero, ...depends };
}

function bare(text: string): string {
  return text.replaceAll(/["']/g, "");
}
