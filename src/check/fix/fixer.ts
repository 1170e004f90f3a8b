import type { Platform } from "../../platform/platform.ts";
import type { CheckFinding } from "../check.ts";
import type { Model } from "../model.ts";
import type { Change } from "./change.ts";

/** What a fix may use. */
export interface FixContext {
  readonly model: Model;
  readonly platforms: readonly Platform[];
  /** Checksums of files to download, looked up before; undefined for unknown. See `checksums.ts`. */
  readonly checksum: (url: string, algorithm: ChecksumAlgorithm) => string | undefined;
}

/** How a checksum is made. */
export type ChecksumAlgorithm = "md5" | "sha1" | "sha256" | "sha512";

/** What is to be done about a finding: changes that belong together, or the reason why none is made and what to do instead. */
export type Fix =
  | {
      readonly title: string;
      readonly changes: readonly Change[];
      /** True when the commands of all platforms change by intention (a cross-compile), so that they need not stay the same. */
      readonly rewrites?: boolean;
    }
  | { readonly refused: string; readonly instead?: string };

/** Makes the fix of one finding. A pure function; the caller proves the result. */
export type Fixer = (finding: CheckFinding, context: FixContext) => Fix;

/** True when a fix changes something. */
export function isChange(fix: Fix): fix is Extract<Fix, { changes: readonly Change[] }> {
  return "changes" in fix;
}
