/** What `${{ … }}` may hold. There are no others, and no loops. */
export type Expression =
  | { readonly kind: "literal"; readonly value: Value }
  /** `git.tag`, `jobs.image.digest`; `at` counts the characters of the text before it. */
  | { readonly kind: "name"; readonly path: readonly string[]; readonly at: number }
  | { readonly kind: "call"; readonly name: FunctionName; readonly args: readonly Expression[] }
  | { readonly kind: "not"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
    };

export type Value = string | number | boolean;

export type Operator = "||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=";

/** How tightly operators bind, the loosest first. */
export const precedence: Readonly<Record<Operator, number>> = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
};

/** Functions and how many arguments they take, at least and at most. */
export const functions = {
  hash: [1, 20],
  lower: [1, 1],
  upper: [1, 1],
  trim: [1, 1],
  slug: [1, 1],
  replace: [3, 3],
  contains: [2, 2],
  starts_with: [2, 2],
  ends_with: [2, 2],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

export type FunctionName = keyof typeof functions;

/** Whether a word names a function of the language. */
export function isFunction(word: string): word is FunctionName {
  return Object.hasOwn(functions, word);
}

/** A name where it stands in a text. */
export interface NameUse {
  /** Joined with points: `git.tag`. */
  readonly name: string;
  /** Characters of the text before it. */
  readonly at: number;
}

/** The names that an expression reads, in the order of the text. */
export function namesOf(expression: Expression): readonly NameUse[] {
  switch (expression.kind) {
    case "literal":
      return [];
    case "name":
      return [{ name: expression.path.join("."), at: expression.at }];
    case "call":
      return expression.args.flatMap(namesOf);
    case "not":
      return namesOf(expression.operand);
    case "binary":
      return [...namesOf(expression.left), ...namesOf(expression.right)];
  }
}

/** Whether a value counts as yes: everything but an empty text, `false` (also as a text) and 0. */
export function isTrue(value: Value): boolean {
  return value !== "" && value !== "false" && value !== false && value !== 0;
}
