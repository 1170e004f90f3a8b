import type { Platform } from "../../../platform/platform.ts";
import type { Workload } from "../manifest.ts";
import { withoutNextLine } from "../yaml/entry-place.ts";
import { entryAt, itemsAt, nodeAt, scalarAt, textAt, type YamlMap, type YamlNode } from "../yaml/node.ts";
import { readSelection } from "./architecture-rule.ts";
import { isTemplated, templateValue } from "./template.ts";

/** Lists of containers in a pod, and of steps in what Tekton makes pods of. */
const containerLists = ["containers", "initContainers", "ephemeralContainers", "steps", "sidecars"];

/** The pods that an object of Kubernetes makes, wherever in it they are described. */
export function workloadsOf(object: YamlNode, platforms: readonly Platform[]): Workload[] {
  const kind = textAt(object, "kind") ?? "";
  const name = textAt(object, "metadata", "name") ?? textAt(object, "metadata", "generateName") ?? "";
  return podsIn(object).map((pod) => {
    const selection = readSelection(pod, platforms);
    return {
      kind,
      name,
      place: withoutNextLine(pod.place),
      images: imagesOf(pod),
      ...(selection.rule === undefined ? {} : { architectures: selection.rule }),
      isOpen: selection.isOpen,
    };
  });
}

function podsIn(root: YamlNode): YamlMap[] {
  const found: YamlMap[] = [];
  const seen = new Set<YamlNode>();
  const visit = (node: YamlNode): void => {
    if (seen.has(node) || node.kind === "scalar") return;
    seen.add(node);
    if (node.kind === "list") {
      for (const item of node.items) visit(item);
      return;
    }
    if (isPod(node)) found.push(node);
    for (const { value } of node.entries) visit(value);
  };
  visit(root);
  return found;
}

/** A pod has containers; a patch of one may have its selector alone. */
function isPod(node: YamlMap): boolean {
  const hasContainers = containerLists.some((key) =>
    itemsAt(node, key).some((item) => item.kind === "map" && scalarAt(item, "image") !== undefined),
  );
  const hasContainer = ["container", "script"].some((key) => scalarAt(node, key, "image") !== undefined);
  return hasContainers || hasContainer || readsSelector(node);
}

function readsSelector(node: YamlMap): boolean {
  return entryAt(node, "nodeSelector")?.value.kind === "map" || nodeAt(node, "affinity", "nodeAffinity") !== undefined;
}

function imagesOf(pod: YamlMap): Workload["images"] {
  const listed = containerLists.flatMap((key) => itemsAt(pod, key));
  const single = ["container", "script"].map((key) => nodeAt(pod, key));
  return [...listed, ...single].flatMap((container) => {
    const image = scalarAt(container, "image");
    if (image === undefined || image.text === "" || isOnlyMarks(image.text)) return [];
    return [{ value: templateValue(image), place: image.locate(0, image.text.length) }];
  });
}

function isOnlyMarks(text: string): boolean {
  return isTemplated(text) && !/[a-z0-9]/i.test(text);
}
