import { createHash } from "node:crypto";
import type { Finding } from "../../finding/finding.ts";
import type { Repository } from "../repository/repository.ts";

/**
 * What makes a finding the same one after lines were moved: rule, path and the text of its line without spaces at its ends. Equal lines of a file have equal
 * fingerprints; who needs to tell them apart counts them.
 */
export function fingerprintOf(finding: Finding, repository: Pick<Repository, "text">): string {
  const { rule, path, line } = finding;
  const text = line === undefined ? "" : (repository.text(path)?.split("\n")[line - 1] ?? "");
  const key = JSON.stringify([rule, path, text.trim().replaceAll(/\s+/g, " ")]);
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}
