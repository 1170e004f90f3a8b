import { samePlatform, type Platform } from "../../../platform/platform.ts";
import type { CopyModel, Execution, Model, StageModel } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { sliceValue, textOf, type Value } from "../../value.ts";
import { isUrl } from "./asset-kind.ts";
import { downloadWords, realProgram } from "./download-words.ts";

/** A file that something gets from the network on one platform. */
export interface Download {
  /** Its URL, or what picks it from a list of them. */
  readonly url: Value;
  readonly place: Place;
  /** Where it runs; absent for ADD. */
  readonly execution?: Execution;
  readonly command?: ReachedCommand;
  /** Index of the command in its trace. */
  readonly index?: number;
  /** Set in Dockerfiles. */
  readonly stage?: StageModel;
  readonly copy?: CopyModel;
  /** What the file has to be for. */
  readonly platform: Platform;
}

/** Every download that the model reaches, on every platform; CI machines' own are left out, they choose their machine. */
export function* downloadsOf(model: Model): Generator<Download> {
  for (const execution of model.executions) {
    if (execution.scope === "runner") continue;
    yield* downloadsIn(execution);
  }
  for (const stage of stagesOf(model)) {
    yield* addsOf(stage);
  }
}

/** What ADD gets from the network. */
function addsOf(stage: StageModel): Download[] {
  return stage.copies
    .filter(({ keyword, from }) => keyword === "ADD" && from.kind === "context")
    .flatMap((copy) =>
      copy.sources
        .filter((url) => isUrl(textOf(url)))
        .map((url) => ({ url, place: copy.place, stage, copy, platform: platformOf(stage) })),
    );
}

/** All stages of all Dockerfiles, in all their variants. */
export function stagesOf(model: Model): StageModel[] {
  return model.dockerfiles.flatMap(({ variants }) => variants.flatMap(({ stages }) => stages));
}

/** The downloads beside one: of its stage, or of its script. */
export function downloadsBeside({ stage, execution }: Download): Download[] {
  if (stage !== undefined) return [...stage.runs.flatMap(downloadsIn), ...addsOf(stage)];
  return execution === undefined ? [] : downloadsIn(execution);
}

/** The downloads of one execution. */
export function downloadsIn(execution: Execution): Download[] {
  const { trace, stage, machine } = execution;
  const platform = stage === undefined ? machine : platformOf(stage);
  return trace.commands.flatMap((command, index) => {
    const urls = [
      ...downloadWords(command),
      ...pickedFrom(command, trace.commands),
      ...handedOver(command, trace.commands),
    ];
    return urls.map((url) => ({
      url,
      place: command.place,
      execution,
      command,
      index,
      platform,
      ...(stage === undefined ? {} : { stage }),
    }));
  });
}

/**
 * What a stage's files have to be for: its own platform; but the last stage is the image, so on a platform that somebody fixed it is meant to be for
 * the wanted one all the same.
 */
export function platformOf(stage: StageModel): Platform {
  const isImage = stage.role === "target" || (stage.role === "constant" && isTargetStage(stage));
  if (isImage) return stage.variant.platform;
  return isByBuilderArgument(stage) ? stage.variant.buildPlatform : stage.stage.platform;
}

/** Whether a stage for the builder is on another platform than the builder, because BUILDPLATFORM has a default that hides it. */
export function isByBuilderArgument({ role, stage, variant }: StageModel): boolean {
  return role === "build" && !samePlatform(stage.platform, variant.buildPlatform);
}

/** Whether a stage becomes the image. */
export function isTargetStage(stage: StageModel): boolean {
  return stage.variant.evaluation.target.index === stage.stage.index;
}

/** Words that pick a file of a release's list: `curl …/releases/latest | grep browser_download_url | grep linux-amd64`. */
function pickedFrom(command: ReachedCommand, commands: readonly ReachedCommand[]): Value[] {
  const { program, at } = realProgram(command);
  if (program === "gh" && command.words.some((word) => textOf(word) === "release")) return command.words.slice(at + 1);
  if (!/^(?:e?grep|fgrep|rg|jq|g?awk|sed|python3?)$/.test(program)) return [];
  const listing = pipedInto(command, commands).some((each) =>
    downloadWords(each).some((url) => /releases|api\.github\.com|\/latest|\/tags/.test(textOf(url))),
  );
  return listing ? command.words.slice(at + 1) : [];
}

/** URLs that a download program reads or gets from `xargs`: `echo https://… | xargs curl -LO`, `echo https://… | wget -i -`. */
function handedOver(command: ReachedCommand, commands: readonly ReachedCommand[]): Value[] {
  if (!/^(?:curl|wget|aria2c)$/.test(realProgram(command).program) || downloadWords(command).length > 0) return [];
  return pipedInto(command, commands).flatMap(({ program, words }) =>
    program === "echo" || program === "printf" ? words.filter((word) => isUrl(textOf(word))).map(firstWord) : [],
  );
}

function firstWord(value: Value): Value {
  return sliceValue(value, 0, /^\S*/.exec(textOf(value))?.[0].length ?? 0);
}

/** The commands before a command in its pipe, the nearest first. */
export function pipedInto(command: ReachedCommand, commands: readonly ReachedCommand[]): ReachedCommand[] {
  const found: ReachedCommand[] = [];
  for (let at = command.pipedFrom; at !== undefined && found.length < 50;) {
    const before = commands[at];
    if (before === undefined) break;
    found.push(before);
    at = before.pipedFrom;
  }
  return found;
}
