import type { Evaluation } from "../dockerfile/evaluation.ts";
import type { Dockerfile } from "../dockerfile/parse.ts";
import type { Finding } from "../finding/finding.ts";

export function blame(finding: Finding, _dockerfile: Dockerfile, _evaluation: Evaluation, _name: string): Finding {
  return finding;
}
