import type { Platform } from "../platform/platform.ts";

/**
 * What happens during a command that works on several platforms, as the progress view understands it; whoever has richer events maps them to
 * these. With `--progress json` each is one line of JSON, platforms as texts (schemas/progress-event.schema.json).
 */
export type ProgressEvent = {
  /** Milliseconds since the epoch. */
  readonly at: number;
} & (
  | {
      readonly type: "platform";
      readonly platform: Platform;
      /**
       * `building`: an engine has it; `resumed`: an earlier run's result is used; `built`: the engine is done; `proving`: the gate looks at it;
       * `proven`, `refuted`, `undecided`, `unproven` (the gate was waived): its answer; `failed`: it ends here.
       */
      readonly state:
        | "building"
        | "resumed"
        | "built"
        | "proving"
        | "proven"
        | "refuted"
        | "undecided"
        | "unproven"
        | "failed";
      readonly strategy?: "native" | "cross" | "emulated";
      /** Endpoint of the node. */
      readonly node?: string;
      /** Why it failed. */
      readonly message?: string;
    }
  | {
      readonly type: "step";
      readonly platform: Platform;
      /** Names the step within its platform; a step may start and end several times. */
      readonly id: string;
      /** As the engine names it. */
      readonly name: string;
      readonly state: "started" | "done" | "cached" | "failed" | "canceled";
      readonly emulated: boolean;
      readonly error?: string;
    }
  | {
      /** A part of a step that moves bytes. */
      readonly type: "transfer";
      readonly platform: Platform;
      readonly step: string;
      readonly name: string;
      readonly current: number;
      /** Bytes; without it `current` is whatever the engine counts. */
      readonly total?: number;
    }
  | {
      readonly type: "log";
      readonly platform: Platform;
      readonly step?: string;
      readonly stream: 1 | 2;
      /** Any piece of output: lines may be cut anywhere. */
      readonly text: string;
    }
  | {
      readonly type: "warning";
      readonly platform: Platform;
      readonly text: string;
      readonly line?: number;
      readonly url?: string;
    }
  /** A step of publication, after the platforms: `index team/app`, `tag team/app:1.0`. */
  | { readonly type: "publish"; readonly text: string }
);
