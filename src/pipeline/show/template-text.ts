import type { Expression, Value } from "../../expression/expression.ts";
import type { Template } from "../../expression/template.ts";

/** A template as a person would write it: what is known as it is, what is known late as `${{ … }}`. */
export function templateText({ parts }: Template): string {
  return parts.map((part) => (typeof part === "string" ? part : `\${{ ${expressionText(part)} }}`)).join("");
}

function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case "literal":
      return valueText(expression.value);
    case "name":
      return expression.path.map((step, index) => pathStep(step, index === 0)).join("");
    case "call":
      return `${expression.name}(${expression.args.map(expressionText).join(", ")})`;
    case "not":
      return `!${operandText(expression.operand)}`;
    case "binary":
      return `${operandText(expression.left)} ${expression.operator} ${operandText(expression.right)}`;
  }
}

/** An operand that is an operation itself goes into parentheses: longer than needed, never wrong. */
function operandText(expression: Expression): string {
  return expression.kind === "binary" ? `(${expressionText(expression)})` : expressionText(expression);
}

function pathStep(step: string, isFirst: boolean): string {
  if (!/^[A-Za-z_][\w-]*$/.test(step)) return `[${valueText(step)}]`;
  return isFirst ? step : `.${step}`;
}

function valueText(value: Value): string {
  return typeof value === "string" ? `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'` : String(value);
}
