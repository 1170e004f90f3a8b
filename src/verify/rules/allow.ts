import type { Finding } from "../../finding/finding.ts";
import { matchesGlob } from "../chain/glob.ts";

/** A file that is meant to be as it is: findings about it are notes. There is no switch for a whole image or rule. */
export interface AllowedPath {
  /** Glob of absolute paths in the image: `*` and `?` within a name, `**` over names. */
  readonly path: string;
  readonly reason: string;
}

/** Findings after the exceptions, and which exceptions had an effect. */
export interface Allowed {
  readonly findings: readonly Finding[];
  readonly used: readonly AllowedPath[];
}

/** Makes notes of the findings that an exception covers; structural findings (about no file) stay. */
export function applyAllowed(findings: readonly Finding[], allowed: readonly AllowedPath[]): Allowed {
  const used = new Set<AllowedPath>();
  const judged = findings.map((finding): Finding => {
    if (finding.severity === "note" || finding.path === "/") return finding;
    const rule = allowed.find(({ path }) => matchesGlob(path, finding.path));
    if (rule === undefined) return finding;
    used.add(rule);
    return {
      ...finding,
      severity: "note",
      message: `${finding.message} Allowed: ${rule.reason}`,
      allowed: rule.reason,
    };
  });
  return { findings: judged, used: [...used] };
}
