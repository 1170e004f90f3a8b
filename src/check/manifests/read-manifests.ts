import { formatPlatform } from "../../platform/platform.ts";
import type { BuildCall } from "../callers/build-call.ts";
import type { Execution, ImageUse } from "../model.ts";
import type { Reading } from "../reading.ts";
import { textOf } from "../value.ts";
import { readBake } from "./bake/read-bake.ts";
import { startCollection } from "./collection.ts";
import { kindOf } from "./file-kind.ts";
import { readGithub } from "./github/read-github.ts";
import type { Manifest } from "./manifest.ts";
import type { YamlNode } from "./yaml/node.ts";
import { documentsOf, readFile } from "./read-file.ts";

/** Compose, CI, bake, Kubernetes, Helm and Kustomize files of the repository. */
export function readManifests(reading: Reading): {
  readonly manifests: readonly Manifest[];
  readonly executions: readonly Execution[];
  readonly calls: readonly BuildCall[];
  readonly images: readonly ImageUse[];
} {
  const collection = startCollection(reading);
  const workflows: string[] = [];
  const bakeFiles: string[] = [];
  for (const { path } of reading.repository.files) {
    reading.signal.throwIfAborted();
    const kind = kindOf(path);
    if (kind === undefined) continue;
    if (kind === "github") workflows.push(path);
    else if (kind === "bake") bakeFiles.push(path);
    else readFile(collection, path, kind);
  }
  const roots = new Map<string, YamlNode | undefined>();
  const uses = readGithub(collection, workflows, (path) => {
    if (!roots.has(path)) roots.set(path, documentsOf(collection, path, reading.repository.text(path))[0]);
    return roots.get(path);
  });
  for (const path of bakeFiles) readBake(collection, path, reading.repository.text(path) ?? "", uses);
  const { manifests, executions, calls, images } = collection;
  return { manifests, executions, calls: distinct(calls, callKey), images: distinct(images, imageKey) };
}

/** Anchors and matrices make the same call and the same use many times. */
function distinct<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const found = new Map<string, Item>();
  for (const item of items) {
    const key = keyOf(item);
    if (!found.has(key)) found.set(key, item);
  }
  return [...found.values()];
}

function imageKey({ value, place, platform, platformGiven, kind }: ImageUse): string {
  const at = [place.path, place.line, place.column];
  return [...at, textOf(value), formatPlatform(platform), platformGiven, kind].join("\0");
}

function callKey({ buildArgs, platforms = [], tags, place, fileValue, machine, ...rest }: BuildCall): string {
  const texts = [...buildArgs].map(([name, value]) => `${name}=${value === undefined ? "" : textOf(value)}`);
  const lists = [platforms.map(textOf), tags.map(textOf), texts].map((list) => list.join("\0"));
  const at = rest.source === "compose" ? place.path : `${place.path}:${place.line}`;
  return JSON.stringify([rest, lists, at, fileValue === undefined ? "" : textOf(fileValue), formatPlatform(machine)]);
}
