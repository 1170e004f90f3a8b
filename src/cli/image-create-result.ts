import type { Descriptor } from "../oci/descriptor.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { GatedChild } from "../publish/gate.ts";
import { toFindingJson } from "../report/findings.ts";

/** What `archway image create` did, as `--format json` prints it (schemas/image-create.schema.json). */
export interface ImageCreated {
  readonly version: 1;
  readonly index: {
    readonly digest: string;
    readonly mediaType: string;
    /** Bytes. */
    readonly size: number;
    readonly references: readonly string[];
    /** False when layouts and archives alone took it. */
    readonly pushed: boolean;
  };
  readonly platforms: readonly {
    readonly platform: string;
    readonly digest: string;
    readonly verdict: "pass" | "fail" | "undecided" | "skipped";
    readonly findings: readonly object[];
  }[];
}

/** A joined index and where it is. */
export interface Created {
  readonly index: Descriptor;
  /** As people name them: `HOST/PATH:TAG`, `oci:DIR:NAME`. */
  readonly references: readonly string[];
  /** Whether a registry has it. */
  readonly pushed: boolean;
}

/** The result of a join as JSON. */
export function createdJson({ index, references, pushed }: Created, children: readonly GatedChild[]): ImageCreated {
  const { digest, mediaType, size } = index;
  return {
    version: 1,
    index: { digest, mediaType, size, references, pushed },
    platforms: children.map(({ child, platform, proof }) => ({
      platform: formatPlatform(platform),
      digest: child.descriptor.digest,
      verdict: proof?.verdict ?? "skipped",
      findings: (proof?.findings ?? []).map(toFindingJson),
    })),
  };
}

/** The metadata file of a join: the keys of docker buildx, and ours under `archway`. */
export function createdMetadata(created: ImageCreated): object {
  const { digest, mediaType, size, references } = created.index;
  return {
    "containerimage.digest": digest,
    "containerimage.descriptor": { mediaType, digest, size },
    "image.name": references.join(","),
    archway: created,
  };
}
