import type { Rule } from "../../rule.ts";

/** The rules of this folder. */
export const downloadsRules: readonly Rule[] = [];
