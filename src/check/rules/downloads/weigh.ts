import type { Severity } from "../../../finding/finding.ts";
import { samePlatform } from "../../../platform/platform.ts";
import type { Execution, StageModel } from "../../model.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf, unknownMark } from "../../value.ts";
import { isByBuilderArgument, isTargetStage, type Download } from "./download.ts";

/** How much a mistake of a command weighs by where it runs, and what is to be said of that. */
export interface Weight {
  readonly severity: Severity;
  /** A sentence to add to the message; empty when there is nothing special. */
  readonly because: string;
}

/** Where something happens: a command of an execution, or an instruction of a stage. */
export interface Site {
  readonly execution?: Execution;
  readonly command?: ReachedCommand;
  readonly stage?: StageModel;
}

/** How much something weighs that is wrong for the platform on which it happens. */
export function weigh({ execution, command, stage }: Site): Weight {
  if (stage !== undefined) {
    if (isByBuilderArgument(stage)) {
      return {
        severity: "note",
        because: "The argument of this stage's platform has a default; on another builder it shows.",
      };
    }
    if (stage.role === "build") {
      return {
        severity: "warning",
        because: "This stage runs on the build platform: it shows only when the builder is not amd64.",
      };
    }
    if (stage.role === "constant") {
      return { severity: "warning", because: "The image is meant for this platform, though its FROM has a fixed one." };
    }
    if (command?.certain === false) return { severity: "warning", because: "" };
    return { severity: "error", because: "" };
  }
  if (execution?.kind === "recipe") {
    return { severity: "warning", because: "It shows on the machine that runs make." };
  }
  return {
    severity: "note",
    because: "It shows on the machine that the script runs on; nothing in the repository calls it for an image.",
  };
}

/**
 * Whether a stage's mistakes count at all: a stage of a fixed platform that is not the image does its work on that platform, and a build stage
 * is looked at on the builder of each requested platform.
 */
export function isLookedAt({ stage }: Site): boolean {
  return stage === undefined || stage.role !== "constant" || isTargetStage(stage);
}

/**
 * Whether a file that a build stage gets ends up in the image: a target stage copies what one of the commands beside the download names. Then it has
 * to be for the target platform, whatever machine the stage runs on.
 */
export function reachesImage({ stage, execution, copy }: Download): boolean {
  if (stage === undefined || stage.role === "target" || samePlatform(stage.stage.platform, stage.variant.platform))
    return false;
  const words = new Set(
    execution === undefined
      ? [textOf(copy?.destination ?? { pieces: [] })]
      : execution.trace.commands.flatMap(({ words, outputs }) => [...words.slice(1), ...outputs].map(textOf)),
  );
  const named = [...words].filter((word) => word.startsWith("/") && !word.includes(unknownMark) && word.length > 4);
  return stage.variant.stages.some((other) => {
    if (other.role !== "target") return false;
    return other.copies.some(({ from, sources }) => {
      if (from.kind !== "stage" || from.index !== stage.stage.index) return false;
      return sources.some((source) => {
        const path = textOf(source).replace(/\/$/, "");
        return named.some(
          (word) => word === path || word.startsWith(`${path}/`) || path.startsWith(`${word.replace(/\/$/, "")}/`),
        );
      });
    });
  });
}
