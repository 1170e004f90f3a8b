import { createHash } from "node:crypto";
import type { ReportedFinding, ReportOptions } from "./reported-image.ts";
import { platformsOf } from "./reported-image.ts";

/**
 * What makes a finding the same one in the next run. Of an image: rule, platforms, path and repository; the tag or digest is left out, because every release has another, and so are layer
 * and message. A repository's findings bring their own.
 */
export function fingerprintOf(one: ReportedFinding, { repository }: Pick<ReportOptions, "repository">): string {
  const { finding, image } = one;
  if (repository !== undefined) return repository.fingerprint(finding);
  const key = JSON.stringify([finding.rule, platformsOf(one), finding.path, withoutTag(image.reference)]);
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}

function withoutTag(reference: string): string {
  if (/^(?:oci|oci-archive|docker-archive):/.test(reference)) return reference;
  return reference.replace(/@[\w+.-]+:[0-9a-f]+$/, "").replace(/:\w[\w.-]{0,127}$/, "");
}

/** Numbers equal keys from 1, in the order of the results. */
export function countOccurrences(): (key: string) => number {
  const counts = new Map<string, number>();
  return (key) => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count;
  };
}
