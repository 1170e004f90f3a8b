import { ArchwayError } from "../../error/error.ts";
import { nearestName } from "../../error/nearest.ts";
import type { Config } from "../../config/config.ts";

/**
 * Refuses entries of `check.ignore` whose rule does not exist.
 *
 * @param content the configuration's text, for the place
 * @throws ArchwayError `CONFIG_INVALID` (kind `input`) with the place and the nearest name.
 */
export async function requireKnownRules(
  { check, file }: Pick<Config, "check" | "file">,
  rules: readonly string[],
  readText: (file: string) => Promise<string>,
): Promise<readonly { readonly line: number }[]> {
  if (file === undefined || check.ignore.length === 0) return [];
  const { parseYaml } = await import("../../config/yaml-source.ts");
  const source = parseYaml(await readText(file), file);
  for (const [index, { rule }] of check.ignore.entries()) {
    if (rules.includes(rule)) continue;
    const guess = nearestName(rule, rules);
    throw new ArchwayError({
      code: "CONFIG_INVALID",
      kind: "input",
      message: `check.ignore[${index}].rule: there is no rule "${rule}".`,
      hint: guess === undefined ? "The rules are listed in docs/rules/README.md." : `Did you mean "${guess}"?`,
      place: source.place(["check", "ignore", index, "rule"]),
    });
  }
  return check.ignore.map((_, index) => ({ line: source.place(["check", "ignore", index]).line ?? 1 }));
}
