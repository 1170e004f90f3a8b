import type { ArithmeticExpression } from "unbash";
import { dependsOnPlatform, emptyValue, joinValues, textOf, type Value } from "../value.ts";
import type { Context, Machine } from "./machine.ts";
import { lookUp } from "./parameter.ts";

/** What an expression of `(( ))` gives, and the variables it came from. */
export interface ArithmeticResult {
  /** Undefined when it is not known. */
  readonly number: number | undefined;
  readonly dependsOnPlatform: boolean;
  readonly from: Value;
}

const unknown: ArithmeticResult = { number: undefined, dependsOnPlatform: false, from: emptyValue };

/** Computes `$(( ))`; assignments in it are not made. */
export function evaluateArithmetic(
  machine: Machine,
  expression: ArithmeticExpression,
  context: Context,
): ArithmeticResult {
  switch (expression.type) {
    case "ArithmeticWord":
      return evaluateWord(expression.value, context);
    case "ArithmeticGroup":
      return evaluateArithmetic(machine, expression.expression, context);
    case "ArithmeticUnary": {
      const operand = evaluateArithmetic(machine, expression.operand, context);
      const { number } = operand;
      if (number === undefined) return operand;
      const value = { "-": -number, "+": number, "!": number === 0 ? 1 : 0, "~": ~number }[expression.operator];
      return { ...operand, number: value };
    }
    case "ArithmeticBinary": {
      const left = evaluateArithmetic(machine, expression.left, context);
      const right = evaluateArithmetic(machine, expression.right, context);
      return {
        number:
          left.number === undefined || right.number === undefined
            ? undefined
            : binary(expression.operator, left.number, right.number),
        dependsOnPlatform: left.dependsOnPlatform || right.dependsOnPlatform,
        from: joinValues(left.from, right.from),
      };
    }
    case "ArithmeticTernary": {
      const test = evaluateArithmetic(machine, expression.test, context);
      if (test.number === undefined) return { ...unknown, dependsOnPlatform: test.dependsOnPlatform };
      const chosen = evaluateArithmetic(
        machine,
        test.number === 0 ? expression.alternate : expression.consequent,
        context,
      );
      return { ...chosen, dependsOnPlatform: test.dependsOnPlatform || chosen.dependsOnPlatform };
    }
    case "ArithmeticCommandExpansion":
      return expression.script === undefined ? unknown : numberOf(machine.substitute(expression.script, context));
  }
}

function evaluateWord(word: string, context: Context): ArithmeticResult {
  if (/^\d+$/.test(word)) return { ...unknown, number: Number.parseInt(word, word.startsWith("0") ? 8 : 10) };
  if (/^0[xX][\dA-Fa-f]+$/.test(word)) return { ...unknown, number: Number(word) };
  const name = /^(?:\$\{?)?(\w+)\}?$/.exec(word)?.[1];
  if (name === undefined) return unknown;
  return numberOf(lookUp(name, context));
}

function numberOf(value: Value): ArithmeticResult {
  const text = textOf(value);
  return {
    number: /^-?\d{1,15}$/.test(text) ? Number(text) : undefined,
    dependsOnPlatform: dependsOnPlatform(value),
    from: value,
  };
}

function binary(operator: string, left: number, right: number): number | undefined {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0 ? undefined : Math.trunc(left / right);
    case "%":
      return right === 0 ? undefined : left % right;
    case "==":
      return Number(left === right);
    case "!=":
      return Number(left !== right);
    case "<":
      return Number(left < right);
    case ">":
      return Number(left > right);
    case "<=":
      return Number(left <= right);
    case ">=":
      return Number(left >= right);
    case "&&":
      return Number(left !== 0 && right !== 0);
    case "||":
      return Number(left !== 0 || right !== 0);
    case "<<":
      return left << right;
    case ">>":
      return left >> right;
    case "&":
      return left & right;
    case "|":
      return left | right;
    case "^":
      return left ^ right;
    default:
      return undefined;
  }
}
