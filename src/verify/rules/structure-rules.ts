import type { Finding, Severity } from "../../finding/finding.ts";
import type { ImageConfig } from "../../oci/config.ts";
import type { ImageManifest } from "../../oci/manifest.ts";
import type { Platform } from "../../platform/platform.ts";
import { formatPlatform, samePlatform } from "../../platform/platform.ts";
import type { Compression } from "../layer/decompress.ts";
import type { LayerFacts } from "../layer/facts.ts";

/** Whether platform, config, manifest and layers agree; `facts` are those of the layers that could be read. */
export function structureFindings(
  manifest: ImageManifest,
  config: ImageConfig,
  declared: Platform,
  facts: readonly (LayerFacts | undefined)[],
): Finding[] {
  const findings: Finding[] = [];
  const add = (severity: Severity, rule: string, message: string) =>
    findings.push({ rule, severity, message, platforms: [declared], path: "/", related: [] });
  if (!samePlatform(declared, config.platform)) {
    const { os, architecture } = config.platform;
    const onlyVariant = os === declared.os && architecture === declared.architecture;
    const names = `${formatPlatform(declared)}, but its config says ${formatPlatform(config.platform)}`;
    findings.push({
      rule: "config-platform-mismatch",
      severity: onlyVariant ? "warning" : "error",
      message: `The image is declared ${names}${onlyVariant ? " (only the variant differs)" : ""}.`,
      platforms: [declared],
      path: "/",
      related: [],
      cause: {
        code: "config-platform-mismatch",
        text: "It was joined under a platform that it was not built for, or the engine wrote its own platform into the config.",
      },
      fix: {
        title: `Build the image with --platform ${formatPlatform(declared)}, or join it as ${formatPlatform(config.platform)}.`,
      },
    });
  }
  findings.push(...layerTypeFindings(manifest, declared, facts));
  const { diffIds } = config;
  if (diffIds.length !== manifest.layers.length) {
    add(
      "error",
      "layers-mismatch",
      `The manifest lists ${manifest.layers.length} layers, and the config ${diffIds.length}: engines refuse the image.`,
    );
    return findings;
  }
  facts.forEach((layer, index) => {
    const diffId = diffIds[index];
    if (layer === undefined || diffId === undefined || !diffId.startsWith("sha256:") || layer.diffId === diffId) return;
    add(
      "error",
      "layers-mismatch",
      `Layer ${index + 1} (${layer.digest}) unpacks to ${layer.diffId}, but the config says ${diffId}: engines refuse the image.`,
    );
  });
  return findings;
}

/** How a layer's media type says that it is compressed (image-spec, layer.md; Docker's names); `undefined` for types that do not tell. */
function compressionOfType(mediaType: string): Compression | undefined {
  if (!/^application\/vnd\.(?:oci\.image\.layer\.|docker\.image\.rootfs\.)/.test(mediaType)) return undefined;
  if (/[+.]gzip$/.test(mediaType)) return "gzip";
  if (/[+.]zstd$/.test(mediaType)) return "zstd";
  return mediaType.endsWith(".tar") ? "none" : undefined;
}

/** Layers that are compressed in another way than their media type says: most engines look at the bytes, some believe the type and fail. */
function layerTypeFindings(
  manifest: ImageManifest,
  declared: Platform,
  facts: readonly (LayerFacts | undefined)[],
): Finding[] {
  return manifest.layers.flatMap(({ mediaType, digest }, index) => {
    const said = compressionOfType(mediaType);
    const found = facts[index]?.compression;
    if (said === undefined || found === undefined || said === found) return [];
    const words = { none: "not compressed", gzip: "gzip", zstd: "zstd" };
    const message = `Layer ${index + 1} (${digest}) has the media type ${mediaType}, and its bytes are ${words[found]}.`;
    return [{ rule: "layer-media-type", severity: "warning", message, platforms: [declared], path: "/", related: [] }];
  });
}
