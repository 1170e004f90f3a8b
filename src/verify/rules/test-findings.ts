import type { Finding } from "../../finding/finding.ts";
import { parseConfig } from "../../oci/config.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { Platform } from "../../platform/platform.ts";
import { startChain } from "../chain/chain.ts";
import type { AllowedPath } from "./allow.ts";
import { Exceptions } from "./allow.ts";
import { contentFindings } from "./content-rules.ts";
import { expectedCode } from "../program/identity.ts";
import { imageFacts } from "../view/image-facts.ts";
import { readLayer } from "../layer/read-layer.ts";
import type { MadeEntry } from "../layer/test-image.ts";
import { makeTar } from "../layer/test-image.ts";

/** What the config of the image says. */
interface Start {
  readonly entrypoint?: readonly string[];
  /** `PATH`; `/usr/bin` by default. */
  readonly path?: string;
  /** What the user excepts; nothing by default. */
  readonly allow?: readonly AllowedPath[];
}

/** What is found in an image of one layer, without a store: the layer is read and judged as the gate does. */
export async function findingsOf(
  platform: Platform,
  entries: readonly MadeEntry[],
  start: Start = {},
): Promise<Finding[]> {
  const tar = await makeTar(entries);
  return findingsOfTar(
    platform,
    (async function* () {
      yield tar;
    })(),
    start,
  );
}

/** The same for the tar archive of a layer. */
export async function findingsOfTar(
  platform: Platform,
  tar: AsyncIterable<Uint8Array>,
  start: Start = {},
): Promise<Finding[]> {
  const expected = expectedCode(platform);
  if (expected === undefined) throw new Error("The test names a platform that is not known.");
  const layer: Descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(Buffer.from("layer")), size: 5 };
  const facts = await readLayer(tar, layer);
  const config = {
    ...platform,
    config: { Entrypoint: start.entrypoint ?? null, Env: [`PATH=${start.path ?? "/usr/bin"}`] },
    rootfs: { type: "layers", diff_ids: [facts.diffId] },
  };
  const image = imageFacts(expected, parseConfig(Buffer.from(JSON.stringify(config))), [layer], [facts]);
  const exceptions = new Exceptions(start.allow ?? []);
  const chain = startChain(image.view, image.config, expected);
  const findings = contentFindings(image, chain, true, 1, exceptions);
  return findings.map((finding) => exceptions.apply(finding));
}

/** `severity rule path` of each finding. */
export function brief(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, rule, path }) => `${severity} ${rule} ${path}`);
}
