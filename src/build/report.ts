import type { LocalStore } from "../engine/load.ts";
import type { Finding } from "../finding/finding.ts";
import type { Digest } from "../oci/descriptor.ts";
import type { Platform } from "../platform/platform.ts";
import type { Strategy } from "../dockerfile/strategy.ts";

/** What became of one platform. */
export interface PlatformReport {
  readonly platform: Platform;
  /** Digest of the image manifest; absent for file outputs and for a platform that is missing. */
  readonly digest?: Digest;
  readonly strategy: Strategy;
  readonly reason: string;
  /** Endpoint of the node. */
  readonly node: string;
  readonly engine: string;
  /** Wall seconds: in all, and those in which a step ran natively, for another platform, or emulated. */
  readonly seconds: {
    readonly total: number;
    readonly native: number;
    readonly cross: number;
    readonly emulated: number;
  };
  readonly cachedSteps: number;
  /** The step that took longest. */
  readonly slowestStep?: { readonly name: string; readonly seconds: number };
  /** `skipped`: the gate was waived, or there is no image to look at, or the platform is missing by the user's leave. */
  readonly verdict: "pass" | "fail" | "undecided" | "skipped";
  readonly findings: readonly Finding[];
  /** True when a child of an earlier, unfinished run was used. */
  readonly resumed: boolean;
}

/** What `archway build` did: the content of `--format json` and of the key `archway` in the metadata file. */
export interface BuildReport {
  readonly version: 1;
  /** Absent for file outputs, and when the build failed. */
  readonly index?: {
    readonly digest: Digest;
    readonly mediaType: string;
    /** Bytes. */
    readonly size: number;
    /** Full references that point at it now. */
    readonly references: readonly string[];
    readonly pushed: boolean;
    /** The one platform that a local store or a Docker archive took, and the store; absent where every platform is. */
    readonly loaded?: { readonly platform: Platform; readonly store?: LocalStore };
  };
  readonly platforms: readonly PlatformReport[];
  /** Platforms that were asked for and are left out by `--allow-missing`, with the reason. */
  readonly missing: readonly { readonly platform: Platform; readonly reason: string }[];
  /** Why there is no index: the error that ended the build, and the platforms that were not built, each with the reason. */
  readonly failure?: {
    /** Stable name of the error. */
    readonly code: string;
    readonly message: string;
    readonly unbuilt: readonly { readonly platform: Platform; readonly reason: string }[];
  };
  /** Folder of the full logs, a file a platform. */
  readonly logs?: string;
}
