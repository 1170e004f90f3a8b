import type { Rule } from "../../rule.ts";
import { emulatedCompile } from "./emulated-compile.ts";

/** The rules of this folder. */
export const compileRules: readonly Rule[] = [emulatedCompile];
