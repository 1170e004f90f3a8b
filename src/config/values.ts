import { z } from "zod";
import { ArchwayError } from "../error/error.ts";
import { ExpressionError } from "../expression/expression-error.ts";
import { parsePlatform } from "../platform/platform.ts";

/** Adds what is wrong with a text that `read` refuses with an `ArchwayError` to the issues of its place. */
export function readWith<Value>(read: (text: string) => Value) {
  return (text: string, context: z.RefinementCtx): Value => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof ArchwayError)) throw error;
      const place = error instanceof ExpressionError ? { character: error.at } : {};
      context.addIssue({ code: "custom", message: error.message, params: { hint: error.hint, ...place } });
      return z.NEVER;
    }
  };
}

/** A text with something in it. */
export const text = z.string().min(1);

/** `linux/arm64`, as a platform. */
export const platform = text.transform(readWith(parsePlatform)).meta({
  description: "os/architecture[/variant]",
  examples: ["linux/amd64", "linux/arm64", "linux/arm/v7"],
});
