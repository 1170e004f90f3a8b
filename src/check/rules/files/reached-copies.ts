import { posix } from "node:path";
import { namesIn } from "../../../platform/architecture-words.ts";
import { samePlatform, type Platform } from "../../../platform/platform.ts";
import type { CopyModel, DockerfileModel, DockerfileVariant, Model, StageModel } from "../../model.ts";
import { foreignIn, type ForeignName } from "../../names/foreign.ts";
import { textOf, unknownMark, type Value } from "../../value.ts";

/** A source of a COPY or ADD that a build executes. */
export interface ReachedSource {
  readonly file: DockerfileModel;
  readonly variant: DockerfileVariant;
  readonly stage: StageModel;
  readonly copy: CopyModel;
  readonly value: Value;
  /** Its {@link textOf}. */
  readonly text: string;
}

/**
 * All sources of COPY and ADD of the stages that a build needs, for every variant. URLs, and Dockerfiles that are for another architecture by their
 * own name, are left out.
 */
export function* reachedSources(model: Model): Generator<ReachedSource, void, void> {
  for (const file of model.dockerfiles) {
    for (const variant of file.variants) {
      if (isForOther(file.path, variant.platform)) continue;
      for (const stage of reachedStages(variant)) {
        for (const copy of stage.copies) {
          for (const value of copy.sources) {
            const text = textOf(value);
            if (!isRemote(text)) yield { file, variant, stage, copy, value, text };
          }
        }
      }
    }
  }
}

/** The folders that a source may come from: the context that a build names, else those that the Dockerfile is likely built with. */
export function contextFolders({ file, variant }: Pick<ReachedSource, "file" | "variant">): readonly string[] {
  const called = variant.call?.context;
  return called === undefined ? file.contexts : [called];
}

/** The stages that the target needs and that are executed. */
export function reachedStages(variant: DockerfileVariant): readonly StageModel[] {
  return variant.stages.filter(({ stage }) => stage.reachable && !stage.replaced);
}

/** ADD takes URLs and Git repositories too. */
function isRemote(text: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/)/i.test(text);
}

/** True for `Dockerfile.arm64` and `arm64/Dockerfile` on another platform: such a file is for the architecture that it is named after. */
export function isForOther(path: string, platform: Platform): boolean {
  const folder = posix.basename(posix.dirname(path));
  const names = [
    ...namesIn(posix.basename(path)),
    ...(namesIn(folder)[0]?.text.length === folder.length ? namesIn(folder) : []),
  ];
  return names.length > 0 && names.every(({ architecture }) => architecture !== platform.architecture);
}

/** The platforms that a file in a stage may be for: the wanted one, and that of the stage's own programs. */
export function platformsOf({ variant, stage }: Pick<ReachedSource, "variant" | "stage">): readonly Platform[] {
  const own = stage.stage.platform;
  return samePlatform(own, variant.platform) ? [own] : [variant.platform, own];
}

/** The names in a value that are of none of the platforms. */
export function foreignToAll(value: Value, platforms: readonly Platform[]): ForeignName[] {
  const lists = platforms.map((platform) => foreignIn(value, platform));
  const [first = []] = lists;
  return lists.every((list) => list.length > 0) ? first : [];
}

/**
 * True for the name of an architecture that nobody asks for and that is not the usual one: what carries it is a port of its own, and not a mistake
 * of the image for the others.
 */
export function isPort({ name }: ForeignName, { platforms }: Pick<Model, "platforms">): boolean {
  return name.architecture !== "amd64" && platforms.every(({ architecture }) => architecture !== name.architecture);
}

/** A path with `*` for every name of an architecture: equal for the siblings of one file. */
export function pathPattern(text: string): string {
  let pattern = "";
  let end = 0;
  for (const name of namesIn(text)) {
    pattern += `${text.slice(end, name.start)}*`;
    end = name.end;
  }
  return pattern + text.slice(end);
}

/** True when nothing of a source is unknown. */
export function isKnownText(text: string): boolean {
  return !text.includes(unknownMark);
}
