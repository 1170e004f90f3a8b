import { normalizePlatform, type Platform } from "../../../platform/platform.ts";
import type { ImageUse } from "../../model.ts";
import { locateIn } from "../../place.ts";
import type { Collection } from "../collection.ts";
import type { KubernetesManifest, NodeLabel, Workload } from "../manifest.ts";
import { itemsAt, textAt, type YamlNode } from "../yaml/node.ts";
import { hiddenImages } from "./image-uses.ts";
import { workloadsOf } from "./workloads.ts";

/** Takes in the objects of a file of Kubernetes, or of a template that makes such a file. */
export function readObjects(
  collection: Collection,
  { path, kind, labels }: Pick<KubernetesManifest, "path" | "kind" | "labels">,
  documents: readonly YamlNode[],
): void {
  const { platforms } = collection.reading;
  const objects = documents.flatMap((document) => objectsIn(document));
  const workloads: Workload[] = [];
  for (const object of objects) {
    if (textAt(object, "kind") === "CustomResourceDefinition") continue;
    const own = workloadsOf(object, platforms);
    workloads.push(...own);
    for (const workload of own) useImages(collection, workload);
    const wanted = wantedPlatforms(own[0], platforms);
    for (const { value, place } of hiddenImages(object)) {
      for (const platform of wanted) {
        collection.images.push({ value, place, kind: "environment", platform, platformGiven: false });
      }
    }
  }
  collection.manifests.push({ kind, path, workloads, labels });
}

/** The objects of a document; those of a List are in its items. */
function objectsIn(document: YamlNode): readonly YamlNode[] {
  const isList = textAt(document, "kind")?.endsWith("List") === true;
  return isList ? itemsAt(document, "items") : [document];
}

/** Takes down the images of a workload for every platform that it may run on. */
export function useImages(collection: Collection, workload: Workload): void {
  const uses = workload.images.flatMap(({ value, place }) =>
    wantedPlatforms(workload, collection.reading.platforms).map((platform): ImageUse => ({
      value,
      place,
      kind: "kubernetes",
      platform,
      platformGiven: false,
    })),
  );
  collection.images.push(...uses);
}

/** The requested platforms that a workload may run on; those that its own rule names when it may run on none of them. */
function wantedPlatforms(workload: Workload | undefined, platforms: readonly Platform[]): readonly Platform[] {
  const rule = workload?.architectures;
  if (rule === undefined) return platforms;
  const allowed = platforms.filter(({ architecture }) => rule.allowed.includes(architecture));
  if (allowed.length > 0) return allowed;
  return rule.allowed.map((architecture) => normalizePlatform({ os: "linux", architecture }));
}

const label = /(?<![\w./-])(?:beta\.)?kubernetes\.io\/(?:arch|os)(?![\w./-])/g;

/** The labels of nodes in a file, those in comments aside. */
export function nodeLabels(path: string, text: string): NodeLabel[] {
  if (!text.includes("kubernetes.io/")) return [];
  const locate = locateIn(path, text);
  return [...text.matchAll(label)].flatMap((match) => {
    const before = text.slice(text.lastIndexOf("\n", match.index) + 1, match.index);
    if (/^\s*(?:#|\/\/|\{\{-?\s*\/\*)|\s#/.test(before)) return [];
    return [{ text: match[0], place: locate(match.index, match.index + match[0].length) }];
  });
}
