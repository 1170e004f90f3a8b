import { describedRule, ruleIds, rulePage } from "../check/rule-pages.ts";
import { nearestName } from "../error/nearest.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import type { CliContext } from "./context.ts";
import { optionError } from "./parse-option.ts";

/** Prints the page of a rule. Throws `OPTION_INVALID` (kind `input`) for a rule that does not exist. */
export function explainRule({ stdout, env }: CliContext, id: string): void {
  const found = describedRule(id);
  if (found === undefined) throw unknownRule("--explain", id);
  const { rule } = found;
  const { bold, cyan } = makeStyle(usesColor(stdout, env));
  const lines = rulePage(rule)
    .split("\n")
    .map((line) => (line.startsWith("## ") ? bold(line.slice(3)) : line));
  stdout.write(`${cyan(rule.id)} ${bold(rule.page.title)}\n\n${lines.join("\n")}`);
}

/** The error of an option that names a rule that does not exist. */
export function unknownRule(option: string, id: string): Error {
  const rules = ruleIds();
  const guess = nearestName(id, rules);
  const hint = guess === undefined ? `The rules are: ${rules.toSorted().join(", ")}.` : `Did you mean "${guess}"?`;
  return optionError(option, id, "there is no such rule.", hint);
}
