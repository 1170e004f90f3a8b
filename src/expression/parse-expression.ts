import { nearestName } from "../error/nearest.ts";
import { ExpressionError } from "./expression-error.ts";
import { type Expression, functions, isFunction, type Operator, precedence, type Value } from "./expression.ts";
import { foreignFunctionHint } from "./foreign-names.ts";

/** Levels of parentheses, calls and negations. */
const maxDepth = 50;

/** Words, texts and signs. A long row of operators is as deep as it is long. */
const maxTokens = 1000;

interface Token {
  readonly kind: "text" | "number" | "word" | "symbol" | "end";
  readonly text: string;
  /** Characters before it. */
  readonly at: number;
}

const pattern =
  /\s+|(?<word>[A-Za-z_][\w-]*)|(?<number>\d+(?:\.\d+)*)|'(?<single>(?:[^']|'')*)'|"(?<double>[^"]*)"|(?<symbol>\|\||&&|==|!=|<=|>=|[<>!().,])/y;

/**
 * Parses the inside of `${{ … }}`: texts in single or double quotes, numbers, versions, `true`, `false`, names (`git.tag`), calls, `!`, comparisons, `&&`, `||`, parentheses.
 *
 * @param before Characters of the whole text that stand before the expression
 * @throws ExpressionError `EXPRESSION_INVALID` (kind `input`) that shows the place in the expression.
 */
export function parseExpression(text: string, before = 0): Expression {
  const invalid = (token: Pick<Token, "at">, message: string, hint?: string) =>
    invalidAt(text, before, token, message, hint);
  const tokens = readTokens(text, invalid);
  let index = 0;
  const peek = (): Token => tokens[index] ?? { kind: "end", text: "", at: text.length };
  const next = (): Token => {
    const token = peek();
    index++;
    return token;
  };
  const isSymbol = (symbol: string) => peek().kind === "symbol" && peek().text === symbol;
  const expect = (symbol: string, after: string): void => {
    if (!isSymbol(symbol)) throw invalid(peek(), `"${symbol}" is missing ${after}`);
    index++;
  };

  const readBinary = (lowest: number, depth: number): Expression => {
    let left = readOperand(depth);
    for (;;) {
      const operator = peek().kind === "symbol" ? peek().text : "";
      if (!isOperator(operator) || precedence[operator] < lowest) return left;
      index++;
      left = { kind: "binary", operator, left, right: readBinary(precedence[operator] + 1, depth) };
    }
  };
  const readOperand = (depth: number): Expression => {
    const token = next();
    if (depth > maxDepth) throw invalid(token, "it is nested too deeply");
    if (token.kind === "text") return { kind: "literal", value: token.text };
    if (token.kind === "number") return { kind: "literal", value: numberOf(token.text) };
    if (token.kind === "symbol" && token.text === "!") return { kind: "not", operand: readOperand(depth + 1) };
    if (token.kind === "symbol" && token.text === "(") {
      const inner = readBinary(0, depth + 1);
      expect(")", "here");
      return inner;
    }
    if (token.kind !== "word") {
      throw invalid(token, token.kind === "end" ? "a value is missing at its end" : `"${token.text}" is not a value`);
    }
    if (token.text === "true" || token.text === "false") return { kind: "literal", value: token.text === "true" };
    return isSymbol("(") ? readCall(token, depth) : readName(token);
  };
  const readName = (first: Token): Expression => {
    const path = [first.text];
    while (isSymbol(".")) {
      index++;
      const part = next();
      if (part.kind !== "word") throw invalid(part, "a name is missing after the point");
      path.push(part.text);
    }
    return { kind: "name", path, at: before + first.at };
  };
  const readCall = (name: Token, depth: number): Expression => {
    if (!isFunction(name.text)) {
      const known = Object.keys(functions);
      const guess = nearestName(name.text, known);
      throw invalid(
        name,
        `there is no function "${name.text}"`,
        foreignFunctionHint(name.text) ??
          (guess === undefined ? `Functions: ${known.join(", ")}.` : `Did you mean "${guess}"?`),
      );
    }
    index++;
    const args: Expression[] = [];
    while (!isSymbol(")")) {
      if (args.length > 0) expect(",", `between the arguments of ${name.text}`);
      args.push(readBinary(0, depth + 1));
    }
    index++;
    const [least, most] = functions[name.text];
    if (args.length < least || args.length > most) {
      const wanted = least === most ? `${least}` : `${least} to ${most}`;
      throw invalid(name, `${name.text} takes ${wanted} argument${most === 1 ? "" : "s"}, not ${args.length}`);
    }
    return { kind: "call", name: name.text, args };
  };

  const expression = readBinary(0, 0);
  if (peek().kind !== "end") throw invalid(peek(), `"${peek().text}" is not expected`);
  return expression;
}

/** A whole number as it is usually written; all else (1.20, 007) stays as it stands, because it is a version or a name to whoever wrote it. */
function numberOf(written: string): Value {
  const number = Number(written);
  return Number.isSafeInteger(number) && String(number) === written ? number : written;
}

function isOperator(text: string): text is Operator {
  return Object.hasOwn(precedence, text);
}

type Invalid = (token: Pick<Token, "at">, message: string, hint?: string) => ExpressionError;

function readTokens(text: string, invalid: Invalid): readonly Token[] {
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) {
      const rest = text.slice(at);
      const what = /^["']/.test(rest) ? "a quote is not closed" : `"${rest.slice(0, 1)}" is not part of the language`;
      throw invalid({ at }, what);
    }
    if (tokens.length === maxTokens) throw invalid({ at }, `it has more than ${maxTokens} words and signs`);
    const { word, number, single, double, symbol } = groups;
    if (word !== undefined) tokens.push({ kind: "word", text: word, at });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, at });
    else if (single !== undefined) tokens.push({ kind: "text", text: single.replaceAll("''", "'"), at });
    else if (double !== undefined) tokens.push({ kind: "text", text: double, at });
    else if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol, at });
  }
  return tokens;
}

/** Characters on each side of a mistake that are told with it. */
const maxShown = 200;

function invalidAt(text: string, before: number, { at }: Pick<Token, "at">, message: string, hint?: string) {
  const [start, end] = [at > maxShown ? `…${text.slice(at - maxShown, at)}` : text.slice(0, at), text.slice(at)];
  const shown = `${start}→${end.length > maxShown ? `${end.slice(0, maxShown)}…` : end}`.trim();
  return new ExpressionError(before + at, {
    message: `\${{ ${shown} }} cannot be read: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
