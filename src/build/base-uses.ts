import type { Evaluation, Stage, StageBase } from "../dockerfile/evaluation.ts";
import type { Word } from "../dockerfile/source.ts";
import type { BaseUse } from "../engine/engine.ts";
import { samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { BaseImage } from "./bases.ts";

/**
 * Where the stages that the target needs name base images in the Dockerfile, each with the manifest of the platform that is needed there: what an engine
 * without source policies writes in the place of the names. Triggers of ONBUILD stand in the base image, not in the file.
 *
 * `images` are the base images by the reference that the Dockerfile has after expansion.
 */
export function baseUsesOf(evaluation: Evaluation, images: ReadonlyMap<string, BaseImage>): BaseUse[] {
  return evaluation.stages
    .filter(({ reachable, replaced }) => reachable && !replaced)
    .flatMap((stage) =>
      namesOf(stage, evaluation.targetPlatform).flatMap(({ origin, platform, start, end }) => {
        if (origin.kind !== "image") return [];
        const base = images.get(origin.reference);
        const child = base?.children.find(
          ({ descriptor }) => descriptor.platform && samePlatform(descriptor.platform, platform),
        );
        if (!base || !child) return [];
        return [{ start, end, platform, manifest: `${base.store.name}@${child.descriptor.digest}` }];
      }),
    );
}

/** A name of an image or stage in the file. */
interface Name {
  readonly origin: StageBase | { readonly kind: "build context" };
  readonly platform: Platform;
  readonly start: number;
  readonly end: number;
}

function namesOf(stage: Stage, target: Platform): Name[] {
  const names: Name[] = [{ origin: stage.base, platform: stage.platform, ...offsets(stage.text.from.base) }];
  for (const evaluated of stage.instructions) {
    if (evaluated.onbuild) continue;
    if (evaluated.keyword === "COPY") {
      const { from } = evaluated.instruction;
      if (from) names.push({ origin: evaluated.origin, platform: target, ...offsets(from) });
    }
    if (evaluated.keyword === "RUN") {
      for (const [index, { origin }] of evaluated.mounts.entries()) {
        const word = evaluated.instruction.mounts[index]?.word;
        const place = word && fromOfMount(word);
        if (place) names.push({ origin, platform: target, ...place });
      }
    }
  }
  return names;
}

function offsets({ range }: Word): { start: number; end: number } {
  return { start: range.start.offset, end: range.end.offset };
}

/** The value of `from=` in a mount that is written in one piece, without quotes. */
function fromOfMount(word: Word): { start: number; end: number } | undefined {
  const match = /(?:^|[=,])from=([^,"]*)(?=,|$)/.exec(word.text);
  const { start, end } = offsets(word);
  if (!match || end - start !== word.text.length) return undefined;
  const at = start + match.index + match[0].length - (match[1] ?? "").length;
  return { start: at, end: start + match.index + match[0].length };
}
