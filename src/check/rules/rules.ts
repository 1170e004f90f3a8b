import type { Rule } from "../rule.ts";
import { baseRules } from "./base/base-rules.ts";
import { callersRules } from "./callers/callers-rules.ts";
import { compileRules } from "./compile/compile-rules.ts";
import { downloadsRules } from "./downloads/downloads-rules.ts";
import { filesRules } from "./files/files-rules.ts";
import { kubernetesRules } from "./kubernetes/kubernetes-rules.ts";
import { packagesRules } from "./packages/packages-rules.ts";
import { scriptsRules } from "./scripts/scripts-rules.ts";

/** All rules. */
export const rules: readonly Rule[] = [
  ...baseRules,
  ...filesRules,
  ...downloadsRules,
  ...scriptsRules,
  ...compileRules,
  ...callersRules,
  ...kubernetesRules,
  ...packagesRules,
];
