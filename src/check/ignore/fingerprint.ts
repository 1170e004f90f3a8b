import { createHash } from "node:crypto";
import type { Finding } from "../../finding/finding.ts";
import type { Problem } from "../rule.ts";
import type { Repository } from "../repository/repository.ts";

/**
 * What makes a finding the same one after lines were moved: rule, path and the text of its line without spaces at its ends. Equal lines of a file have equal
 * fingerprints; who needs to tell them apart counts them.
 */
export function fingerprintOf(
  { rule, path, line }: Pick<Finding, "rule" | "path" | "line">,
  repository: Pick<Repository, "text">,
): string {
  const text = line === undefined ? "" : (repository.text(path)?.split("\n")[line - 1] ?? "");
  const key = JSON.stringify([rule, path, text.trim().replaceAll(/\s+/g, " ")]);
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}

/**
 * The fingerprints of all places where a finding was seen, its own first: one mistake can show in several lines, and one more of them is new.
 */
export function fingerprintsOf(
  finding: Finding & { readonly problems?: readonly Pick<Problem, "rule" | "place">[] },
  repository: Pick<Repository, "text">,
): readonly string[] {
  const others = (finding.problems ?? [])
    .map(({ place: { path, line } }) => ({ rule: finding.rule, path, line }))
    .filter(({ path, line }) => path !== finding.path || line !== finding.line);
  const places = new Map(others.map((place) => [`${place.path}:${place.line}`, place]));
  return [finding, ...places.values()].map((place) => fingerprintOf(place, repository));
}
