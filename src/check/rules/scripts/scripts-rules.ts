import type { Rule } from "../../rule.ts";

/** The rules of this folder. */
export const scriptsRules: readonly Rule[] = [];
