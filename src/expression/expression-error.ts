import { ArchwayError } from "../error/error.ts";

/** `EXPRESSION_INVALID` (kind `input`), with the place in the text that has the expression. */
export class ExpressionError extends ArchwayError {
  /** Characters of the text before what is wrong. */
  readonly at: number;

  constructor(at: number, parts: { readonly message: string; readonly hint?: string }) {
    super({ code: "EXPRESSION_INVALID", kind: "input", ...parts });
    this.at = at;
  }
}
