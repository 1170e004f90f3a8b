import { brief, findingsIn, type KnownFacts } from "../../test-check.ts";
import type { CheckFinding } from "../../check.ts";

/** The findings of one rule in a Dockerfile that is given by its lines, as `SEVERITY PATH:LINE +RELATED`. */
export async function found(
  rule: string,
  dockerfile: string | readonly string[],
  more: Readonly<Record<string, string>> = {},
  facts: KnownFacts = {},
): Promise<string[]> {
  const text = typeof dockerfile === "string" ? dockerfile : `${dockerfile.join("\n")}\n`;
  const findings = await findingsIn({ Dockerfile: text, ...more }, { facts });
  return shown(findings.filter((finding) => finding.rule === rule));
}

function shown(findings: readonly CheckFinding[]): string[] {
  return findings.map((finding) => {
    const [text = ""] = brief([finding]);
    return `${finding.severity} ${text.slice(text.indexOf(" ") + 1)}`;
  });
}
