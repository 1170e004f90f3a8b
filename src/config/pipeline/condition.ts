import { ExpressionError } from "../../expression/expression-error.ts";
import { parseExpression } from "../../expression/parse-expression.ts";
import { parseTemplate, type Template } from "../../expression/template.ts";

/**
 * Parses a condition: one expression, in `${{ … }}` or without. Text beside the braces is refused, because it makes a text of the condition, which is always true.
 *
 * @throws ExpressionError `EXPRESSION_INVALID` (kind `input`)
 */
export function parseCondition(text: string): Template {
  if (!text.includes("${{")) return { parts: [parseExpression(text)] };
  const expressions = parseTemplate(text).parts.filter((part) => typeof part !== "string" || part.trim() !== "");
  const [only] = expressions;
  if (expressions.length === 1 && typeof only === "object") return { parts: [only] };
  const whole = text
    .replaceAll(/\$?\$\{\{(.*?)\}\}/gs, (_, inner: string) =>
      /^[\s\w.]*$/.test(inner) ? inner.trim() : `(${inner.trim()})`,
    )
    .replaceAll(/\s+/g, " ")
    .trim();
  throw new ExpressionError(strayAt(text), {
    message: "what stands beside ${{ }} makes a text of the condition, and a text is always true",
    hint: `Put all of it inside: \${{ ${whole.length > 200 ? "…" : whole} }}.`,
  });
}

/** Characters before what is not inside of the first braces. */
function strayAt(text: string): number {
  const start = text.search(/\S/);
  if (!text.startsWith("${{", start)) return start;
  const behind = text.indexOf("}}", start) + 2;
  return behind + Math.max(0, text.slice(behind).search(/\S/));
}
