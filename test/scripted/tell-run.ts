/** What a scripted run was and did, in short, for tests to compare. */
import assert from "node:assert/strict";
import { ArchwayError } from "../../src/error/error.ts";
import type { ScriptedRun, TimedEvent } from "./run-scripted.ts";
import type { ContainerScript } from "./scripted-containerizer.ts";

/** An engine that is gone. */
export const lost = new ArchwayError({
  code: "ENGINE_LOST",
  kind: "unreachable",
  message: "The engine does not answer.",
});

/** Containers by the name of their step; of several the first, second, … of that name. */
export function containers(scripts: Readonly<Record<string, ContainerScript | readonly ContainerScript[]>>) {
  return {
    container: (name: string, count: number): ContainerScript => {
      const script = scripts[name] ?? { lasts: 10 };
      return "at" in script ? (script.at(Math.min(count, script.length) - 1) ?? {}) : script;
    },
  };
}

function stepLine({ type, ...event }: TimedEvent): string {
  if (type !== "step" || !("step" in event)) return "";
  const { step, state, attempt, reason, handles, failure } = event;
  const more = [handles === undefined ? "" : `for ${handles}`, failure?.kind ?? "", reason ?? ""];
  return [step, state, attempt > 1 ? `#${attempt}` : "", ...more].filter((word) => word !== "").join(" ");
}

/** What the events say of steps: `one failed #2 user it is tried again`. */
export function stepsOf({ events }: ScriptedRun): readonly string[] {
  return events.map(stepLine).filter((line) => line !== "");
}

/** The last word about each job: `a failed STEP_FAILED`. */
export function jobsOf({ events }: ScriptedRun): readonly string[] {
  return events.flatMap((event) =>
    event.type === "job" && !["waiting", "queued", "running"].includes(event.state)
      ? [[event.job, event.state, event.failure?.code ?? event.reason].filter(Boolean).join(" ")]
      : [],
  );
}

/** The engine has nothing more of the run, and no folder of a job is open. */
export function assertNothingLeft({ engine, folders }: ScriptedRun): void {
  assert.deepEqual(engine.left, []);
  assert.equal(folders.open.size, 0);
}
