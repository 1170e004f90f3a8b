/** An expression of HCL with the offsets of its first and behind its last character. */
export type HclExpression =
  | { readonly kind: "template"; readonly parts: readonly HclPart[]; readonly start: number; readonly end: number }
  | { readonly kind: "number"; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: "keyword"; readonly text: "true" | "false" | "null"; readonly start: number; readonly end: number }
  | { readonly kind: "list"; readonly items: readonly HclExpression[]; readonly start: number; readonly end: number }
  | { readonly kind: "object"; readonly entries: readonly HclEntry[]; readonly start: number; readonly end: number }
  | { readonly kind: "reference"; readonly path: readonly string[]; readonly start: number; readonly end: number }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly parameters: readonly HclExpression[];
      readonly start: number;
      readonly end: number;
    }
  | {
      readonly kind: "conditional";
      readonly test: HclExpression;
      readonly yes: HclExpression;
      readonly no: HclExpression;
      readonly start: number;
      readonly end: number;
    }
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly left: HclExpression;
      readonly right: HclExpression;
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: "not"; readonly operand: HclExpression; readonly start: number; readonly end: number }
  /** What is understood as far as its end only: `for`, splats, negative numbers. */
  | { readonly kind: "other"; readonly start: number; readonly end: number };

/** A part of a text in quotes: what is written, or an expression in it. */
export type HclPart =
  | { readonly kind: "text"; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: "expression"; readonly expression: HclExpression };

/** A key of an object with its value. */
export interface HclEntry {
  readonly key: string;
  readonly value: HclExpression;
}

/** `NAME = EXPRESSION` */
export interface HclAttribute {
  readonly name: string;
  readonly value: HclExpression;
  readonly start: number;
  readonly end: number;
}

/** `TYPE "LABEL" { … }` */
export interface HclBlock {
  readonly type: string;
  readonly labels: readonly string[];
  readonly body: HclBody;
  readonly start: number;
  readonly end: number;
}

/** What stands in a file or in a block. */
export interface HclBody {
  readonly attributes: readonly HclAttribute[];
  readonly blocks: readonly HclBlock[];
}

/** Where a file cannot be read, and why. */
export interface HclProblem {
  readonly offset: number;
  readonly message: string;
}
