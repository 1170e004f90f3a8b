import { parsePlatform, type Platform } from "../platform/platform.ts";
import { optionError, readChoice, readPair } from "./parse-option.ts";

/** Where an annotation is put: each image manifest, the image index, or the index's descriptor of each manifest. */
export const annotationTargets = ["manifest", "index", "manifest-descriptor"] as const;
export type AnnotationTarget = (typeof annotationTargets)[number];

/** One annotation of `--annotation`. */
export interface Annotation {
  readonly on: AnnotationTarget;
  /** The one platform whose manifest or descriptor gets it; all when absent. */
  readonly platform?: Platform;
  readonly key: string;
  readonly value: string;
}

/**
 * Reads `[ON[PLATFORM],…:]KEY=VALUE` as docker buildx does: `index,manifest[linux/arm64]:org.opencontainers.image.title=App`.
 * `option` names it in errors. Without `ON` it goes where `fallback` says (`manifest` for `build`, `index` for `image create`, as buildx and its imagetools do).
 */
export function parseAnnotation(
  text: string,
  fallback: AnnotationTarget,
  option: string = "--annotation",
): Annotation[] {
  const [left, value] = readPair(option, text, "[ON:]KEY=VALUE");
  const colon = left.indexOf(":");
  if (colon < 0) return [{ on: fallback, key: left, value }];
  const key = left.slice(colon + 1);
  if (key === "") throw optionError(option, text, "the key is empty.");
  return left
    .slice(0, colon)
    .split(",")
    .map((target) => ({ ...parseTarget(option, text, target), key, value }));
}

function parseTarget(option: string, text: string, target: string): { on: AnnotationTarget; platform?: Platform } {
  const [, name = target, platform] = /^([^[\]]*)\[([^[\]]*)\]$/.exec(target) ?? [];
  const on = readChoice(option, name, annotationTargets);
  if (platform === undefined) return { on };
  if (on === "index") throw optionError(option, text, "an index has no platform.");
  return { on, platform: parsePlatform(platform) };
}
