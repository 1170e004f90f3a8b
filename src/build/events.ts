import type { EngineEvent } from "../engine/engine.ts";
import type { Digest } from "../oci/descriptor.ts";
import type { Platform } from "../platform/platform.ts";
import type { PublishEvent } from "../publish/publish.ts";
import type { Strategy } from "../dockerfile/strategy.ts";

/** What happens during a build, in the order of time; progress, logs and records are made from it. Times are milliseconds since the epoch. */
export type BuildEvent =
  | {
      readonly type: "started";
      readonly platform: Platform;
      readonly strategy: Strategy;
      /** Endpoint of the node. */
      readonly node: string;
      readonly at: number;
    }
  /** A child of an earlier, unfinished run was found in the store and is used. */
  | { readonly type: "resumed"; readonly platform: Platform; readonly digest: Digest; readonly at: number }
  | { readonly type: "engine"; readonly platform: Platform; readonly event: EngineEvent }
  | { readonly type: "built"; readonly platform: Platform; readonly digest?: Digest; readonly at: number }
  | { readonly type: "proving"; readonly platform: Platform; readonly at: number }
  | {
      readonly type: "proven";
      readonly platform: Platform;
      readonly verdict: "pass" | "fail" | "undecided" | "skipped";
      readonly at: number;
    }
  | { readonly type: "failed"; readonly platform: Platform; readonly message: string; readonly at: number }
  | { readonly type: "publish"; readonly event: PublishEvent; readonly at: number };
