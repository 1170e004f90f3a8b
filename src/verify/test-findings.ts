import type { Finding } from "../finding/finding.ts";
import { parseConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Platform } from "../platform/platform.ts";
import { startChain } from "./chain.ts";
import { contentFindings } from "./content-rules.ts";
import { expectedCode } from "./identity.ts";
import { imageFacts } from "./image-facts.ts";
import { readLayer } from "./read-layer.ts";
import type { MadeEntry } from "./test-image.ts";
import { makeTar } from "./test-image.ts";

/** What is found in an image of one layer, without a store: the layer is read and judged as the gate does. */
export async function findingsOf(
  platform: Platform,
  entries: readonly MadeEntry[],
  start: { readonly entrypoint?: readonly string[] } = {},
): Promise<Finding[]> {
  const expected = expectedCode(platform);
  if (expected === undefined) throw new Error("The test names a platform that is not known.");
  const tar = await makeTar(entries);
  const layer: Descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(tar), size: tar.length };
  const facts = await readLayer(
    (async function* () {
      yield tar;
    })(),
    layer,
  );
  const config = {
    ...platform,
    config: { Entrypoint: start.entrypoint ?? null, Env: ["PATH=/usr/bin"] },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  };
  const image = imageFacts(expected, parseConfig(Buffer.from(JSON.stringify(config))), [layer], [facts]);
  return contentFindings(image, startChain(image.view, image.config, expected), true, 1);
}

/** `severity rule path` of each finding. */
export function brief(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, rule, path }) => `${severity} ${rule} ${path}`);
}
