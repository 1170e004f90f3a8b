/** Images pass through in pieces: what is copied does not pile up in memory. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createHash } from "node:crypto";
import { copyImage } from "../../src/image/copy.ts";
import { encodeJson } from "../../src/oci/json.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { writeLayoutArchive } from "../../src/store/archive.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { openImage } from "../../src/store/open-store.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { ImageStore } from "../../src/store/store.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import { content, noise, sourceOf } from "./store-samples.ts";

/** Bytes of the image: several times what memory may grow by. */
const size = 400 * 1024 * 1024;
const allowedGrowth = 130 * 1024 * 1024;

const skip = await unavailable("registry-debian");

test("an image of 400 MB goes through registry, layout and archive in 130 MB", { skip, timeout: 180_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "archway-memory-"));
  const registries = new Registries({ registries: {}, insecure: [] }, {});
  try {
    await using bed = await startBed({ need: ["registry-debian"] });
    const { host } = await bed.registry("debian");
    const source = new LayoutStore(join(folder, "source"));
    const root = await storeLarge(source);
    const peak = () => process.resourceUsage().maxRSS * 1024;
    const before = peak();
    const repository = registries.repository({ host, path: "large/app" });
    await copyImage(source, repository, root);
    await copyImage(repository, new LayoutStore(join(folder, "copy")), root);
    await writeLayoutArchive(join(folder, "source"), join(folder, "large.tar"));
    const archive = openImage(`oci-archive:${folder}/large.tar`, registries).store;
    await copyImage(archive, registries.repository({ host, path: "large/again" }), root);
    const growth = peak() - before;
    assert(growth < allowedGrowth, `memory grew by ${Math.round(growth / 1024 / 1024)} MB`);
  } finally {
    await registries.close();
    await rm(folder, { recursive: true, force: true });
  }
});

/** Stores an image of two layers, made of one piece of noise that is repeated. */
async function storeLarge(where: ImageStore) {
  const piece = noise("piece", 1024 * 1024);
  const layers = [];
  for (const first of [1, 2]) {
    const pieces = size / 2 / piece.length;
    const hash = createHash("sha256").update(Uint8Array.of(first));
    for (let n = 0; n < pieces; n++) hash.update(piece);
    const layer = {
      mediaType: mediaTypes.ociLayer,
      digest: `sha256:${hash.digest("hex")}`,
      size: size / 2 + 1,
    } as const;
    await where.putBlob(layer, {
      async *open() {
        yield Uint8Array.of(first);
        for (let n = 0; n < pieces; n++) yield piece;
      },
    });
    layers.push(layer);
  }
  const config = content(encodeJson({ os: "linux", architecture: "amd64", rootfs: {} }), mediaTypes.ociConfig);
  await where.putBlob(config.descriptor, sourceOf(config.bytes));
  const { ociManifest: mediaType } = mediaTypes;
  const manifest = content(encodeJson({ schemaVersion: 2, mediaType, config: config.descriptor, layers }), mediaType);
  await where.putManifest(manifest.descriptor, manifest.bytes);
  await where.tag("large", manifest.descriptor);
  return manifest.descriptor;
}
