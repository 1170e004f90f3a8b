import { joinValues, unknownValue, type Value, written } from "../../value.ts";
import type { Collection } from "../collection.ts";
import type { NodeLabel, Workload } from "../manifest.ts";
import { withoutNextLine } from "../yaml/entry-place.ts";
import { itemsAt, scalarAt, scalarValue, type YamlNode } from "../yaml/node.ts";
import { useImages, readObjects } from "./read-kubernetes.ts";

/** Reads a `kustomization.yaml`: the images that it puts in the place of others, and its patches that stand in it. */
export function readKustomization(
  collection: Collection,
  path: string,
  root: YamlNode,
  labels: readonly NodeLabel[],
): void {
  const images = itemsAt(root, "images").flatMap((item) => replaced(item));
  if (images.length > 0) {
    const workload: Workload = {
      kind: "Kustomization",
      name: "",
      place: withoutNextLine(root.place),
      images,
      isOpen: true,
    };
    useImages(collection, workload);
  }
  readObjects(collection, { path, kind: "kustomize", labels }, [root]);
}

/** The image that an entry of `images` makes: of what it does not change, only the name is known. */
function replaced(item: YamlNode): Workload["images"] {
  const name = scalarAt(item, "newName") ?? scalarAt(item, "name");
  const changes = scalarAt(item, "newName") ?? scalarAt(item, "newTag") ?? scalarAt(item, "digest");
  if (name === undefined || changes === undefined) return [];
  const tag = scalarAt(item, "newTag");
  const digest = scalarAt(item, "digest");
  const end: Value =
    digest !== undefined
      ? joinValues(written("@"), scalarValue(digest))
      : joinValues(written(":"), tag === undefined ? unknownValue() : scalarValue(tag));
  return [{ value: joinValues(scalarValue(name), end), place: changes.locate(0, changes.text.length) }];
}
