import type { Finding } from "../../finding/finding.ts";

/** Rules that say which evidence is missing. They leave a verdict undecided, and are never a fault of the image. */
const evidenceRules: ReadonlySet<string> = new Set([
  "layer-unread",
  "layers-not-examined",
  "platform-not-examined",
  "not-an-image",
  "no-image",
  "content-missing",
  "not-reached",
  "run-not-done",
]);

/** Whether a finding is about missing evidence, not about a fault: an outage must never read as a bad image. */
export function isEvidence({ rule }: Finding): boolean {
  return evidenceRules.has(rule);
}
