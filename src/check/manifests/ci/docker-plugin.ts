import type { Platform } from "../../../platform/platform.ts";
import type { BuildCall } from "../../callers/build-call.ts";
import type { Place } from "../../place.ts";
import { isKnown, joinValues, sliceValue, textOf, unknownValue, type Value, written } from "../../value.ts";
import { joinPath } from "../../repository/paths.ts";
import { entriesAt, nodeAt, scalarAt, scalarsAt, type YamlNode, type YamlScalar } from "../yaml/node.ts";

/** Plugins of Drone and Woodpecker that build and push an image; their settings have the same names. */
const buildPlugin =
  /^(?:docker\.io\/)?(?:(?:plugins|drone-plugins|banzaicloud|metalmatze|woodpeckerci)\/(?:drone-)?(?:plugin-)?(?:docker|buildx|docker-buildx|kaniko|kaniko-docker|kaniko-ecr|kaniko-gcr|ecr|gcr|gar|acr|heroku|buildah-docker)|thegeeklab\/drone-docker(?:-buildx)?|techknowlogick\/drone-docker|owncloudci\/drone-docker-buildx|codeberg\.org\/woodpecker-plugins\/(?:docker-buildx|kaniko))(?::.*)?$/;

/** True when a step's image joins images of single platforms to an index. */
export function joinsImages(image: string): boolean {
  return /^(?:docker\.io\/)?(?:plugins|woodpeckerci|drone-plugins)\/(?:drone-)?(?:plugin-)?manifest(?::|$)/.test(image);
}

/** Reads a text of the file with its expressions filled in. */
export type Fill = (scalar: YamlScalar) => Value;

/** A step of a pipeline that may run a plugin. */
interface PluginStep {
  readonly image: string;
  /** `settings`, or the step itself in old files. */
  readonly settings: YamlNode;
  readonly place: Place;
  readonly machine: Platform;
  readonly joined: boolean;
  readonly forTests: boolean;
  readonly fill: Fill;
}

/** The build that a plugin makes; undefined for other plugins. */
export function readDockerPlugin(step: PluginStep): BuildCall | undefined {
  const { image, settings, place, machine, joined, forTests, fill } = step;
  if (!buildPlugin.test(image)) return undefined;
  const one = (...names: string[]): Value | undefined => {
    for (const name of names) {
      const scalar = scalarAt(settings, name);
      if (scalar !== undefined) return fill(scalar);
    }
    return undefined;
  };
  const list = (...names: string[]): Value[] =>
    names.flatMap((name) => scalarsAt(settings, name).flatMap((scalar) => divided(fill(scalar))));
  const contextValue = one("context");
  const context = contextValue === undefined ? "" : knownPath(contextValue);
  const fileValue = one("dockerfile", "containerfile");
  const file = fileValue === undefined ? "Dockerfile" : knownPath(fileValue);
  const platforms = list("platforms", "platform");
  const target = one("target");
  const dryRun = one("dry_run", "dry-run", "no_push");
  const isDry = dryRun === undefined ? false : isKnown(dryRun) ? textOf(dryRun) === "true" : undefined;
  const tags = list("tags", "tag");
  const suffix = one("auto_tag_suffix");
  const repository = one("repo");
  return {
    source: "ci",
    tool: image.replace(/:[^/]*$/, ""),
    place,
    machine,
    ...(file === undefined ? {} : { dockerfile: file }),
    ...(fileValue === undefined ? {} : { fileValue }),
    ...(context === undefined ? {} : { context }),
    ...(target === undefined || !isKnown(target) ? {} : { target: textOf(target) }),
    buildArgs: argumentsOf(settings, fill),
    ...(platforms.length === 0 ? {} : { platforms }),
    tags: repository === undefined ? [] : tagged(repository, tags, suffix),
    publishes: isDry === undefined ? "unknown" : !isDry,
    joined,
    forTests: forTests || isDry === true,
  };
}

function tagged(repository: Value, tags: readonly Value[], suffix: Value | undefined): Value[] {
  if (suffix !== undefined) return [joinValues(repository, written(":"), unknownValue(), written("-"), suffix)];
  const names = tags.length === 0 ? [written("latest")] : tags;
  return names.map((tag) => joinValues(repository, written(":"), tag));
}

function knownPath(value: Value): string | undefined {
  return isKnown(value) ? joinPath("", textOf(value)) : undefined;
}

function divided(value: Value): Value[] {
  const text = textOf(value);
  return [...text.matchAll(/[^,\s]+/g)].map((match) => sliceValue(value, match.index, match.index + match[0].length));
}

function argumentsOf(settings: YamlNode, fill: Fill): ReadonlyMap<string, Value | undefined> {
  const found = new Map<string, Value | undefined>();
  for (const name of ["build_args", "build-args"]) {
    for (const { key, value } of entriesAt(settings, name)) {
      found.set(key.text, value.kind === "scalar" ? fill(value) : unknownValue());
    }
    if (nodeAt(settings, name)?.kind === "map") continue;
    for (const scalar of scalarsAt(settings, name)) {
      const value = fill(scalar);
      const text = textOf(value);
      for (const match of text.matchAll(/(?:^|,)\s*([A-Za-z_]\w*)(?:=([^,]*))?/g)) {
        const [whole, key = "", given] = match;
        const end = match.index + whole.length;
        found.set(key, given === undefined ? undefined : sliceValue(value, end - given.length, end));
      }
    }
  }
  return found;
}
