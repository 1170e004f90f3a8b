import { joinValues, unknownValue, type Value, written } from "../../value.ts";
import type { Collection } from "../collection.ts";
import type { NodeLabel, Workload } from "../manifest.ts";
import { withoutNextLine } from "../yaml/entry-place.ts";
import { entryAt, nodeAt, scalarAt, scalarValue, textAt, type YamlMap, type YamlNode } from "../yaml/node.ts";
import { readSelection } from "./architecture-rule.ts";
import { mayBeImage, namesImage } from "./image-text.ts";
import { hiddenImages } from "./image-uses.ts";
import { useImages } from "./read-kubernetes.ts";

/** Reads the values of a Helm chart: images (`{registry, repository, tag}` or one text) and selectors of nodes. */
export function readHelmValues(
  collection: Collection,
  path: string,
  root: YamlNode,
  labels: readonly NodeLabel[],
): void {
  const workloads: Workload[] = [];
  const seen = new Set<YamlNode>();
  const globalRegistry = scalarAt(root, "global", "imageRegistry") ?? scalarAt(root, "global", "image", "registry");
  const registry = globalRegistry === undefined || globalRegistry.text === "" ? undefined : scalarValue(globalRegistry);
  const visit = (node: YamlNode, name: string): void => {
    if (seen.has(node) || node.kind === "scalar") return;
    seen.add(node);
    if (node.kind === "list") {
      for (const item of node.items) visit(item, name);
      return;
    }
    const images = imagesIn(node, name, registry);
    const selection = readSelection(node, collection.reading.platforms);
    if (images.length > 0 || selection.rule !== undefined) {
      const workload: Workload = {
        kind: "values",
        name,
        place: withoutNextLine(node.place),
        images,
        ...(selection.rule === undefined ? {} : { architectures: selection.rule }),
        isOpen: true,
      };
      workloads.push(workload);
      useImages(collection, workload);
    }
    for (const { key, value } of node.entries) visit(value, key.text);
  };
  visit(root, textAt(root, "nameOverride") || "values");
  for (const { value, place } of hiddenImages(root)) {
    for (const platform of collection.reading.platforms) {
      collection.images.push({ value, place, kind: "environment", platform, platformGiven: false });
    }
  }
  collection.manifests.push({ kind: "helm", path, workloads, labels });
}

/** The images that entries of a mapping name. */
function imagesIn(node: YamlMap, name: string, registry: Value | undefined): Workload["images"] {
  const found: Workload["images"][number][] = [];
  const own = name === "image" || namesImage(name) ? undefined : imageOf(node, registry, false);
  if (own !== undefined) found.push(own);
  for (const { key, value } of node.entries) {
    if (!namesImage(key.text)) continue;
    if (value.kind === "map") {
      const image = imageOf(value, registry, true);
      if (image !== undefined) found.push(image);
    } else if (value.kind === "scalar" && mayBeImage(value.text) && /[/:]/.test(value.text)) {
      found.push({ value: scalarValue(value), place: value.locate(0, value.text.length) });
    }
  }
  return found;
}

/** `{registry, repository, tag, digest}` as one reference; without a name that says so it needs both a repository and a tag. */
function imageOf(node: YamlMap, registry: Value | undefined, isNamed: boolean): Workload["images"][number] | undefined {
  const repository = scalarAt(node, "repository") ?? (isNamed ? scalarAt(node, "name") : undefined);
  if (repository === undefined || repository.text === "" || !mayBeImage(repository.text)) return undefined;
  const hasTag = entryAt(node, "tag") !== undefined || entryAt(node, "digest") !== undefined;
  if (!isNamed && !hasTag) return undefined;
  const host = scalarAt(node, "registry") ?? scalarAt(nodeAt(node, "image"), "registry");
  const hostValue = host === undefined || host.text === "" ? registry : scalarValue(host);
  const tag = scalarAt(node, "tag");
  const isTagged = /:[^/]*$/.test(repository.text);
  const tagValue = tag === undefined || tag.text === "" ? unknownValue() : scalarValue(tag);
  return {
    value: joinValues(
      ...(hostValue === undefined ? [] : [hostValue, written("/")]),
      scalarValue(repository),
      ...(isTagged ? [] : [written(":"), tagValue]),
    ),
    place: repository.locate(0, repository.text.length),
  };
}
