import { ownRules } from "./ignore/ignore-rules.ts";
import type { Rule } from "./rule.ts";
import { baseRules } from "./rules/base/base-rules.ts";
import { callersRules } from "./rules/callers/callers-rules.ts";
import { compileRules } from "./rules/compile/compile-rules.ts";
import { downloadsRules } from "./rules/downloads/downloads-rules.ts";
import { filesRules } from "./rules/files/files-rules.ts";
import { kubernetesRules } from "./rules/kubernetes/kubernetes-rules.ts";
import { packagesRules } from "./rules/packages/packages-rules.ts";
import { scriptsRules } from "./rules/scripts/scripts-rules.ts";

/** A rule as people read about it. */
export type DescribedRule = Pick<Rule, "severity" | "page"> & { readonly id: string };

/** Rules that belong together, in the order in which they are listed. */
export interface RuleGroup {
  readonly id: string;
  readonly title: string;
  readonly rules: readonly DescribedRule[];
}

/** All rules of `archway check`, also those about exceptions and files that cannot be read. */
export const ruleGroups: readonly RuleGroup[] = [
  { id: "base", title: "Base images and platforms", rules: baseRules },
  { id: "files", title: "Files that are copied", rules: filesRules },
  { id: "downloads", title: "Downloads and packages of the system", rules: downloadsRules },
  { id: "compile", title: "Compiling", rules: compileRules },
  { id: "scripts", title: "Scripts", rules: scriptsRules },
  { id: "callers", title: "Makefiles, scripts and CI that build images", rules: callersRules },
  { id: "kubernetes", title: "Kubernetes and compose", rules: kubernetesRules },
  { id: "packages", title: "Packages of languages", rules: packagesRules },
  { id: "check", title: "The check itself", rules: ownRules },
];

/** Ids of all rules. */
export function ruleIds(): string[] {
  return ruleGroups.flatMap(({ rules }) => rules.map(({ id }) => id));
}

/** A rule by its id, with its group. */
export function describedRule(id: string): { readonly rule: DescribedRule; readonly group: RuleGroup } | undefined {
  for (const group of ruleGroups) {
    const rule = group.rules.find((rule) => rule.id === id);
    if (rule !== undefined) return { rule, group };
  }
  return undefined;
}

const weights = {
  error: "it breaks",
  warning: "it breaks under some condition, or is doubtful",
  note: "advice",
};

/** The page of a rule as Markdown, without a heading of its own. */
export function rulePage({ severity, page }: DescribedRule): string {
  const section = (title: string, text: string) => `## ${title}\n\n${text.trim()}\n`;
  return [
    `Severity: **${severity}** (${weights[severity]}), unless the finding says otherwise.\n`,
    section("What it finds", page.what),
    section("Why it breaks", page.why),
    section("How it shows", page.symptom),
    section("What to do", page.fix),
    section("When to ignore it", page.ignore),
  ].join("\n");
}
