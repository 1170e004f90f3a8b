import { ArchwayError } from "../error/error.ts";
import { formatPlatform, parsePlatform, samePlatform, type Platform } from "../platform/platform.ts";
import { createLineSplitter } from "./child.ts";
import type { BaseUse, EngineEvent } from "./engine.ts";
import type { FailedStep } from "./rawjson.ts";
import { appendTail } from "./tail.ts";

/** What is left of a build's output when it has ended. */
export interface BuildahEnd {
  /** The step to blame, for the case that the build failed. */
  readonly failed: readonly FailedStep[];
  /** The end of what Buildah said on standard error. */
  readonly text: string;
}

/** Reads what `buildah build` and `podman build` write: `stdout` and `stderr` as it comes, then `end` once. */
export interface BuildahReader {
  readonly stdout: (chunk: Buffer) => void;
  readonly stderr: (chunk: Buffer) => void;
  /** The id of the image that was built: Buildah's last line. Throws `ENGINE_FAILED` when there is none. */
  imageId(): string;
  /** @param failed the build failed: one of the steps that run now is to blame. */
  end(failed: boolean): BuildahEnd;
}

/** What the reader must know to say where a step runs: Buildah does not. */
export interface BuildahReaderOptions {
  readonly target: Platform;
  readonly bases: readonly BaseUse[];
  readonly onEvent: (event: EngineEvent) => void;
  readonly rewrite?: (text: string) => string;
  readonly now?: () => number;
}

/** `[1/2] STEP 2/3: RUN true`; without the bracket for one stage (Buildah 1.28 to 1.45, Podman 4 and 5). */
const stepLine = /^(?:\[(?<stage>\d+)\/(?<stages>\d+)\] )?STEP (?<step>\d+)\/(?<steps>\d+): (?<instruction>.*)$/;
const cachedLine = /^--> Using cache (?<id>[0-9a-f]{12,})$/;
const madeLine = /^--> (?<id>[0-9a-f]{11,64})$/;
const commitLine = /^(?:\[\d+\/\d+\] )?COMMIT\b/;
const imageLine = /^[0-9a-f]{64}$/;
/** Said of the automatic arguments, which nobody gave. */
const automaticArgs = /^\[Warning\] one or more build args were not consumed: \[(?:(?:BUILD|TARGET)\w+ ?)+\]$/;
/** `FROM --platform=linux/amd64 IMAGE AS name`, its variables expanded; a stage as base is named by its image's id. */
const fromInstruction = /^FROM(?: --platform=(?<platform>\S+))? (?<base>\S+)(?: AS (?<name>\S+))?/i;
/** A line of a step's output is told in pieces of this size, in bytes. */
const lineLimit = 64 * 1024;

interface Stage {
  readonly label: string;
  readonly platform: Platform;
}

interface Step {
  readonly id: string;
  readonly stage: string;
  readonly name: string;
  readonly instruction: string;
  readonly runsOn?: Platform;
  log: string;
}

/**
 * Turns Buildah's text into engine events; steps are named in BuildKit's manner (`[linux/amd64->arm64 build 2/3] RUN …`). Stages take turns: one that waits for
 * another's files has begun its COPY before the other begins.
 */
export function createBuildahReader(options: BuildahReaderOptions): BuildahReader {
  const { target, bases, onEvent, rewrite = (text) => text, now = Date.now } = options;
  const stages = new Map<string, Stage>();
  /** Platforms of what was made, by the beginning of its id. */
  const made: { readonly id: string; readonly platform: Platform }[] = [];
  /** Steps that have begun and not ended, the one that works last. */
  let running: Step[] = [];
  let image: string | undefined;
  let text = "";

  const tell = (step: Step, state: "started" | "done" | "cached" | "failed", error?: string) =>
    onEvent({
      type: "step",
      id: step.id,
      name: step.name,
      state,
      at: now(),
      ...(step.runsOn === undefined ? {} : { runsOn: step.runsOn }),
      ...(error === undefined ? {} : { error }),
    });
  const finish = (steps: readonly Step[], state: "done" | "cached" = "done") => {
    running = running.filter((step) => !steps.includes(step));
    for (const step of steps) tell(step, state);
  };
  const start = (step: Step) => {
    finish(running.filter(({ stage }) => stage === step.stage));
    running.push(step);
    tell(step, "started");
  };
  /** The step that works has made an image. */
  const finishMade = (id: string, state: "done" | "cached") => {
    const step = running.at(-1);
    if (!step) return;
    made.push({ id, platform: stages.get(step.stage)?.platform ?? target });
    finish([step], state);
  };

  const platformOfBase = (base: string, flag: string | undefined): Platform => {
    const pinned = bases.find(({ manifest }) => manifest === base);
    if (pinned) return pinned.platform;
    const parent = made.findLast(({ id }) => base.startsWith(id) || id.startsWith(base));
    if (parent) return parent.platform;
    return flag === undefined || !/^\w+\/\w+(?:\/\w+)?$/.test(flag) ? target : parsePlatform(flag);
  };

  const onStep = (groups: Readonly<Record<string, string | undefined>>) => {
    const { stage: number = "1", stages: count = "1", step = "", steps = "" } = groups;
    const instruction = rewrite(groups["instruction"] ?? "");
    const from = fromInstruction.exec(instruction)?.groups;
    let stage = stages.get(number);
    if (from || !stage) {
      const label = from?.["name"] ?? (count === "1" ? "" : `stage-${Number(number) - 1}`);
      stage = { label, platform: platformOfBase(from?.["base"] ?? "", from?.["platform"]) };
      stages.set(number, stage);
    }
    const { label, platform } = stage;
    const cross = samePlatform(platform, target) ? "" : `->${formatPlatform(target).replace(/^linux\//, "")}`;
    start({
      id: `${number}/${step}`,
      stage: number,
      instruction,
      name: `[${formatPlatform(platform)}${cross} ${label === "" ? "" : `${label} `}${step}/${steps}] ${instruction}`,
      log: "",
      ...(/^RUN\b/i.test(instruction) ? { runsOn: platform } : {}),
    });
  };

  const onStdout = (line: string) => {
    const step = stepLine.exec(line)?.groups;
    if (step) return onStep(step);
    const cached = cachedLine.exec(line)?.groups?.["id"];
    if (cached !== undefined) return finishMade(cached, "cached");
    const id = madeLine.exec(line)?.groups?.["id"];
    if (id !== undefined) return finishMade(id, "done");
    if (commitLine.test(line) || automaticArgs.test(line)) return;
    image = imageLine.test(line) ? line : undefined;
    if (image === undefined) onText(1, line);
  };
  const onText = (stream: 1 | 2, line: string) => {
    const words = `${rewrite(line)}\n`;
    const step = running.at(-1);
    if (stream === 2) text = appendTail(text, words);
    if (step && !words.startsWith("Error: ")) step.log = appendTail(step.log, words);
    onEvent({ type: "log", ...(step ? { step: step.id } : {}), stream, text: words, at: now() });
  };

  const out = createLineSplitter(lineLimit, onStdout);
  const err = createLineSplitter(lineLimit, (line) => onText(2, line));
  return {
    stdout: out.push,
    stderr: err.push,
    imageId: () => {
      out.end();
      if (image !== undefined) return image;
      throw new ArchwayError({
        code: "ENGINE_FAILED",
        kind: "failed",
        message: "Buildah did not say which image it built.",
        hint: "Is this Buildah newer than this Archway knows? Please report it with its version.",
      });
    },
    end: (failed) => {
      out.end();
      err.end();
      if (!failed) {
        finish(running);
        return { failed: [], text };
      }
      const error = text.trimEnd().split("\n").at(-1) ?? "";
      const step = running.findLast(({ instruction }) => error.includes(`STEP "${instruction}"`)) ?? running.at(-1);
      if (!step) return { failed: [], text };
      tell(step, "failed", error);
      const { id, name, runsOn, log } = step;
      return { failed: [{ id, name, error, log, ...(runsOn === undefined ? {} : { runsOn }) }], text };
    },
  };
}
