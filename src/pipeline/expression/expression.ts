/** What `${{ … }}` may hold. Offsets are characters in the text of the template. */
export type Expression = { readonly start: number; readonly end: number } & (
  | { readonly kind: "literal"; readonly value: Value }
  /** `git.tag`, `jobs.image.digest`, `matrix["go"]`. */
  | { readonly kind: "name"; readonly path: readonly string[] }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "not"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: "||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=";
      readonly left: Expression;
      readonly right: Expression;
    }
);

/** Values of the language: there are no others, and no loops. */
export type Value = string | number | boolean;
