import type { Rule } from "../../rule.ts";
import { archBranchBroken } from "./arch-branch-broken.ts";
import { archCaseIncomplete } from "./arch-case-incomplete.ts";
import { archTokenMismatch } from "./arch-token-mismatch.ts";
import { archVarNotExported } from "./arch-var-not-exported.ts";
import { runExportLost } from "./run-export-lost.ts";

/** The rules of this folder. */
export const scriptsRules: readonly Rule[] = [
  archBranchBroken,
  archCaseIncomplete,
  archTokenMismatch,
  archVarNotExported,
  runExportLost,
];
