import { ArchwayError } from "../../error/error.ts";
import type { Finding, Severity } from "../../finding/finding.ts";
import type { ImageConfig } from "../../oci/config.ts";
import type { Descriptor, Digest } from "../../oci/descriptor.ts";
import type { ImageManifest } from "../../oci/manifest.ts";
import { isForeignLayerType } from "../../oci/media-types.ts";
import type { Platform } from "../../platform/platform.ts";
import type { ImageStore } from "../../store/store.ts";
import type { FactsCache } from "./facts-cache.ts";
import type { LayerFacts } from "./facts.ts";
import { layerPlaces } from "../view/image-facts.ts";
import { readLayer } from "./read-layer.ts";

/** What reading the layers of an image needs. */
export interface LayerOptions {
  /** Share one between all images of a process: then a layer of several platforms is read once. */
  readonly facts: FactsCache;
  readonly signal?: AbortSignal;
  /** Called while layers are read. */
  readonly onProgress?: (progress: LayerProgress) => void;
}

/** How far one layer is. */
export interface LayerProgress {
  readonly digest: Digest;
  /** Compressed size in bytes. */
  readonly size: number;
  /** Uncompressed bytes read so far. */
  readonly unpacked: number;
}

/** One layer after the attempt to read it. */
export interface ReadResult {
  readonly facts?: LayerFacts;
  readonly cached: boolean;
  readonly finding?: Finding;
}

/**
 * Reads all layers of an image, the largest first. A layer that cannot be read (not there, foreign, damaged, beyond the
 * limits) has a finding instead of facts.
 *
 * @throws ArchwayError of the store when it cannot be reached or gives content with a wrong digest.
 */
export async function readLayers(
  store: ImageStore,
  manifest: ImageManifest,
  config: ImageConfig,
  declared: Platform,
  options: LayerOptions,
): Promise<ReadResult[]> {
  const places = layerPlaces(manifest.layers, config);
  const order = manifest.layers.map((layer, index) => ({ layer, index })).sort((a, b) => b.layer.size - a.layer.size);
  const results = new Map<number, ReadResult>();
  await Promise.all(
    order.map(async ({ layer, index }) => {
      const refuse = (severity: Severity, rule: string, why: string): ReadResult => {
        const place = places[index];
        const message = `Layer ${index + 1} (${layer.digest}, ${layer.size} bytes) ${why}`;
        const finding = { rule, severity, message, platforms: [declared], path: "/", related: [] };
        return { cached: false, finding: place === undefined ? finding : { ...finding, layer: place } };
      };
      results.set(index, await readOne(store, layer, options, refuse));
    }),
  );
  return manifest.layers.map((_, index) => results.get(index) ?? { cached: false });
}

async function readOne(
  store: ImageStore,
  layer: Descriptor,
  options: LayerOptions,
  refuse: (severity: Severity, rule: string, why: string) => ReadResult,
): Promise<ReadResult> {
  const { signal, onProgress } = options;
  const access = signal === undefined ? {} : { signal };
  if (isForeignLayerType(layer.mediaType) && !(await store.has(layer.digest, "blob", access))) {
    return refuse(
      "warning",
      "layer-unread",
      "is a foreign one that the registry does not hold: what is in it is not proven.",
    );
  }
  const onBytes = (unpacked: number) => onProgress?.({ digest: layer.digest, size: layer.size, unpacked });
  try {
    const read = () => readLayer(store.fetch(layer, { ...access, lendsPieces: true }), layer, { ...access, onBytes });
    const result = await options.facts.facts(layer.digest, read, signal);
    // Known facts say what is in the layer, and not that this store has it.
    if (result.cached && !(await store.has(layer.digest, "blob", { ...access, size: layer.size }))) {
      return refuse("warning", "layer-unread", `is not in ${store.name}, or not whole: nobody can pull it from there.`);
    }
    return result;
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    switch (error.code) {
      case "NOT_FOUND":
        return refuse("warning", "layer-unread", `is not in ${store.name}: what is in it is not proven.`);
      case "LAYER_UNSUPPORTED":
        return refuse("warning", "layer-unread", `was not examined: ${error.message}.`);
      case "LAYER_CORRUPT":
        return refuse("error", "layer-corrupt", `cannot be used: ${error.message}.`);
      default:
        throw error;
    }
  }
}
