import type { FailureKind } from "../pipeline/job-spec.ts";

/**
 * What happens in a run: the append-only stream that the live view, the JSON output, the stored log and later the server are projections of. Indexes are contiguous
 * from 0; there is exactly one `run-ended`, and exactly one final `job` state for every job. Platforms are texts (`linux/arm/v7`): the stream is JSON.
 */
export type RunEvent = RunEventBody & {
  readonly index: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
};

export type RunEventBody =
  | {
      readonly type: "run-started";
      readonly version: 1;
      readonly run: string;
      /** What it runs for: `push`, `tag`, `pull_request`, `schedule`, `image`, `manual`. */
      readonly event: string;
      readonly branch?: string;
      readonly tag?: string;
      readonly commit?: string;
      readonly platforms: readonly string[];
      readonly jobs: readonly {
        readonly job: string;
        readonly name: string;
        readonly kind: "steps" | "build" | "verify" | "image" | "promote" | "approval";
        readonly platform?: string;
        readonly needs: readonly string[];
      }[];
    }
  | {
      readonly type: "job";
      readonly job: string;
      readonly state: JobState;
      /** Why it waits, was skipped or was cancelled. */
      readonly reason?: string;
      readonly failure?: Failure;
      readonly attempt?: number;
    }
  | {
      /** Where a job runs and why. */
      readonly type: "placed";
      readonly job: string;
      /** Endpoint, or `local`. */
      readonly machine: string;
      readonly platform: string;
      readonly mode: "native" | "emulated";
      readonly reason: string;
    }
  | {
      /** An image that came to the machine, or was there. */
      readonly type: "pulled";
      readonly job: string;
      readonly image: string;
      /** Of the platform's manifest. */
      readonly digest: string;
      readonly platform: string;
      /** Bytes that were moved; 0 when it was there. */
      readonly bytes: number;
    }
  | {
      readonly type: "workspace";
      readonly job: string;
      readonly driver: string;
      readonly files: number;
      readonly seconds: number;
    }
  | {
      readonly type: "cache";
      readonly job: string;
      readonly path: string;
      readonly key: string;
      readonly platform: string;
      readonly result: "hit" | "restored" | "miss" | "saved" | "not-saved";
      readonly bytes?: number;
      readonly reason?: string;
    }
  | {
      readonly type: "artifact";
      readonly job: string;
      readonly name: string;
      readonly files: number;
      readonly bytes: number;
    }
  | {
      readonly type: "service";
      readonly job: string;
      readonly service: string;
      readonly state: "starting" | "ready" | "stopped" | "failed";
      readonly reason?: string;
    }
  | {
      readonly type: "step";
      readonly job: string;
      readonly step: string;
      readonly state: "running" | "succeeded" | "failed" | "skipped" | "cancelled";
      readonly attempt: number;
      /** It is a handler of this failed step. */
      readonly handles?: string;
      readonly exitCode?: number;
      readonly failure?: Failure;
      readonly reason?: string;
      readonly emulated?: boolean;
    }
  | {
      /** Bytes that a step or service wrote, secrets masked. Pieces of one `source` follow each other by `offset` without a hole, except after a `gap`. */
      readonly type: "log";
      readonly job: string;
      /** Name of the step, or `service:NAME`; for jobs without containers `build`, `verify`, …. */
      readonly source: string;
      readonly stream: "stdout" | "stderr";
      /** Bytes of this source (both streams together) before this piece. */
      readonly offset: number;
      /** UTF-8 text; bytes that are none, in base64, stand in `base64` instead. */
      readonly text?: string;
      readonly base64?: string;
    }
  | {
      /** Output that is lost, and why. */
      readonly type: "gap";
      readonly job: string;
      readonly source: string;
      readonly offset: number;
      /** Absent when nobody knows. */
      readonly bytes?: number;
      readonly reason: string;
    }
  | {
      /** An image that a job made, copied or moved tags to. */
      readonly type: "image";
      readonly job: string;
      readonly reference: string;
      readonly digest: string;
      readonly published: boolean;
      /** Names that it has, or would have were it published. */
      readonly tags?: readonly string[];
      readonly platforms: readonly string[];
      /** Seconds of each strategy, of a build. */
      readonly seconds?: { readonly native: number; readonly cross: number; readonly emulated: number };
    }
  | { readonly type: "approval"; readonly job: string; readonly answer: "given" | "refused"; readonly by: string }
  | { readonly type: "note"; readonly job?: string; readonly text: string }
  | {
      readonly type: "run-ended";
      readonly state: "succeeded" | "failed" | "cancelled";
      readonly failure?: Failure;
    };

/** `waiting`: for other jobs; `queued`: ready, waiting for a machine, a network there, a person or its turn in a concurrency group. The last four are final. */
export type JobState = "waiting" | "queued" | "running" | "succeeded" | "failed" | "cancelled" | "skipped";

/** Why something failed, typed, in words, and with what is known about it. */
export interface Failure {
  readonly kind: FailureKind;
  /** Stable name: `STEP_FAILED`, `IMAGE_PLATFORM`, `SERVICE_NOT_READY`, …. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** Entry of the error catalogue that the log points at (`explain`). */
  readonly explained?: { readonly code: string; readonly title: string; readonly cause: string; readonly fix: string };
}
