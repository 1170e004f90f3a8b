import type { BuildEvent } from "../build/events.ts";
import type { Node } from "../build/placement.ts";
import { runsNatively } from "../build/stages.ts";
import type { Strategy } from "../dockerfile/strategy.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { ProgressEvent } from "../report/progress-event.ts";

/**
 * Turns a build's events into what the progress view shows. `nodeOf` tells where a platform is built, for the mark of emulated steps.
 */
export function progressOf(
  event: BuildEvent,
  nodeOf: (platform: Platform) => Node | undefined,
): ProgressEvent | undefined {
  switch (event.type) {
    case "started":
      return platformEvent(event, "building", event.strategy, event.node);
    case "resumed":
    case "built":
    case "proving":
      return platformEvent(event, event.type);
    case "proven": {
      const states = { pass: "proven", fail: "refuted", undecided: "undecided", skipped: "unproven" } as const;
      return platformEvent(event, states[event.verdict]);
    }
    case "failed":
      return { ...platformEvent(event, "failed"), message: event.message };
    case "publish": {
      const { event: step, at } = event;
      switch (step.type) {
        case "copied":
          return { type: "publish", at, text: `${formatPlatform(step.platform)} copied to ${step.target}` };
        case "index":
          return { type: "publish", at, text: `index ${step.target}@${step.digest}` };
        case "tag":
          return { type: "publish", at, text: `tag ${step.target}:${step.tag}` };
      }
      return undefined;
    }
    case "engine":
      return engineEvent(event, nodeOf(event.platform));
  }
}

function platformEvent(
  { platform, at }: { readonly platform: Platform; readonly at: number },
  state: Extract<ProgressEvent, { type: "platform" }>["state"],
  strategy?: Strategy,
  node?: string,
): Extract<ProgressEvent, { type: "platform" }> {
  return {
    type: "platform",
    platform,
    at,
    state,
    ...(strategy === undefined ? {} : { strategy }),
    ...(node === undefined ? {} : { node }),
  };
}

function engineEvent(
  { platform, event }: Extract<BuildEvent, { type: "engine" }>,
  node: Node | undefined,
): ProgressEvent {
  switch (event.type) {
    case "step": {
      const { runsOn, id, name, state, at, error } = event;
      const emulated = runsOn !== undefined && node !== undefined && !runsNatively(node, runsOn);
      return { type: "step", platform, id, name, state, at, emulated, ...(error === undefined ? {} : { error }) };
    }
    case "progress": {
      const { step, name, current, total, at } = event;
      return { type: "transfer", platform, step, name, current, at, ...(total === undefined ? {} : { total }) };
    }
    case "log":
      return { ...event, type: "log", platform };
    case "warning":
      return { ...event, type: "warning", platform, at: 0 };
  }
}
