import { ArchwayError } from "../error/error.ts";
import type { Child } from "../image/children.ts";
import { isRunnable } from "../oci/manifest.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { ImageStore } from "../store/store.ts";
import type { TreeNode } from "../store/tree.ts";
import { compareAcrossPlatforms, withTwins } from "../verify/rules/compare.ts";
import { verifyImage } from "../verify/gate.ts";
import type { GateOptions, ImageProof } from "../verify/gate.ts";

/** A child that may be published: the gate has passed it, or the user waived the gate by name. */
export interface GatedChild {
  readonly child: Child;
  readonly platform: Platform;
  /** Where its manifest and blobs are now. */
  readonly store: ImageStore;
  /** Absent when `--no-verify` waived the gate. */
  readonly proof?: ImageProof;
}

/** The gate's refusal: what every platform's findings are, for the report. */
export class GateRefusal extends ArchwayError {
  readonly proofs: readonly ImageProof[];

  constructor(proofs: readonly ImageProof[]) {
    const named = (verdict: ImageProof["verdict"]) =>
      proofs.filter((proof) => proof.verdict === verdict).map((proof) => formatPlatform(proof.platform));
    const failed = named("fail");
    const undecided = named("undecided");
    super(
      failed.length > 0
        ? {
            code: "GATE_REFUSED",
            kind: "failed",
            message: `The architecture gate refuses ${failed.join(", ")}: no tag was moved.`,
            hint: "Mend what the findings name. A file that is meant to be foreign is allowed by verify.allow in .archway.yaml, with a reason.",
          }
        : {
            code: "GATE_UNDECIDED",
            kind: "unreachable",
            message: `The architecture gate could not decide about ${undecided.join(", ")}: no tag was moved.`,
            hint: "The findings say which evidence is missing.",
          },
    );
    this.proofs = proofs;
  }
}

/** Reads the layers of one child and compares what runs with the platform it is declared for. */
export async function gateChild(
  store: ImageStore,
  child: Child,
  platform: Platform,
  options: GateOptions,
): Promise<GatedChild> {
  const proof = await verifyImage(store, child.descriptor, platform, options);
  return { child, platform, store, proof };
}

/**
 * The last look before a join: adds what only shows between platforms (the same machine code in two of them), and throws a {@link GateRefusal} unless
 * every proof passes. Children without a proof were waived and are left alone.
 */
export function requireProofs(children: readonly GatedChild[]): void {
  const proofs = children.map(({ proof }) => proof).filter((proof) => proof !== undefined);
  const judged = withTwins(proofs, compareAcrossPlatforms(proofs));
  if (judged.some((proof) => proof.verdict !== "pass")) throw new GateRefusal(judged);
}

/**
 * Refuses a tree that holds an image which is not among the children that the gate has passed or the user has waived, by digest and by the platform
 * that the index declares: nothing gets past the gate by being listed in what is copied.
 *
 * Throws `UNPROVEN` (kind `failed`).
 */
export function requireEveryImage(nodes: readonly TreeNode[], children: readonly GatedChild[]): void {
  const manifests = new Map(nodes.map((node) => [node.descriptor.digest, node.document]));
  const [root] = nodes.toReversed();
  const entries = nodes.flatMap(({ document }) => (document?.kind === "index" ? document.entries : []));
  const images = entries.flatMap(({ role, descriptor }) => (role === "image" ? [descriptor] : []));
  for (const { digest, platform } of root === undefined ? images : [root.descriptor, ...images]) {
    const document = manifests.get(digest);
    if (document?.kind !== "manifest" || !isRunnable(document)) continue;
    const isGated = children.some(
      (child) =>
        child.child.descriptor.digest === digest && (platform === undefined || samePlatform(child.platform, platform)),
    );
    if (!isGated) {
      throw new ArchwayError({
        code: "UNPROVEN",
        kind: "failed",
        message: `The image ${digest}${platform === undefined ? "" : ` for ${formatPlatform(platform)}`} has not been proven: no tag was moved.`,
      });
    }
  }
}
