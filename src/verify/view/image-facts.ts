import type { LayerPlace } from "../../finding/finding.ts";
import type { ImageConfig } from "../../oci/config.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { LayerFacts } from "../layer/facts.ts";
import type { ExpectedCode } from "../program/identity.ts";
import { FileSystemView } from "./view.ts";

/** Everything that the rules look at: one image of one platform, its layers read and merged. */
export interface ImageFacts {
  readonly expected: ExpectedCode;
  readonly config: ImageConfig;
  /** As the manifest lists them, lowest first; each with the instruction that made it, when the config tells. */
  readonly places: readonly LayerPlace[];
  readonly view: FileSystemView;
}

/** Merges the layers of an image. A layer that could not be read has no facts and counts as empty. */
export function imageFacts(
  expected: ExpectedCode,
  config: ImageConfig,
  layers: readonly Descriptor[],
  facts: readonly (LayerFacts | undefined)[],
): ImageFacts {
  const view = new FileSystemView(facts.map((layer) => layer ?? { entries: [] }));
  return { expected, config, places: layerPlaces(layers, config), view };
}

/** Layers with the history lines that made them. Lines and layers only belong together when there are as many of both. */
export function layerPlaces(layers: readonly Descriptor[], config: ImageConfig): LayerPlace[] {
  const lines = config.history.filter(({ emptyLayer }) => !emptyLayer);
  return layers.map(({ digest, size }, index) => {
    const createdBy = lines.length === layers.length ? lines[index]?.createdBy : undefined;
    return { index, digest, size, ...(createdBy === undefined ? {} : { createdBy }) };
  });
}
