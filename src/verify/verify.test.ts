import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { encodeDescriptor } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { encodeJson } from "../oci/json.ts";
import { parseManifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parsePlatform } from "../platform/platform.ts";
import { LayoutStore } from "../store/layout.ts";
import type { ImageStore } from "../store/store.ts";
import { FactsCache } from "./layer/facts-cache.ts";
import type { ElfParts } from "./program/test-elf.ts";
import { amd64, arm64, armhf, makeElf } from "./program/test-elf.ts";
import type { MadeImage } from "./layer/test-image.ts";
import { putImage } from "./layer/test-image.ts";
import type { ImageReport, VerifyOptions } from "./verify.ts";
import { verifyReference } from "./verify.ts";

let folder = "";
let directory = "";
let store: LayoutStore;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-verify-"));
});
after(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  directory = await mkdtemp(join(folder, "layout-"));
  store = new LayoutStore(directory);
});

/** A static program as the only file. */
function image(platform: string, parts: ElfParts, more: Partial<MadeImage> = {}, pad = ""): MadeImage {
  const content = makeElf({ ...parts, padding: Buffer.from(`${platform}${pad}`) });
  return {
    platform: parsePlatform(platform),
    layers: [{ entries: [{ name: "app", content }] }],
    entrypoint: ["/app"],
    ...more,
  };
}

/** Puts an index with these entries, whatever they say, and tags it. */
async function putIndex(entries: readonly Descriptor[], mediaType: string = mediaTypes.ociIndex): Promise<Descriptor> {
  const bytes = encodeJson({ schemaVersion: 2, mediaType, manifests: entries.map(encodeDescriptor) });
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await store.putManifest(descriptor, bytes);
  await store.tag("app", descriptor);
  return descriptor;
}

async function both(): Promise<readonly [Descriptor, Descriptor]> {
  return [await putImage(store, image("linux/amd64", amd64)), await putImage(store, image("linux/arm64", arm64))];
}

function verify(options: Partial<VerifyOptions> = {}, from: ImageStore = store): Promise<ImageReport> {
  return verifyReference(from, "app", "oci:app", {
    facts: new FactsCache(join(directory, "facts")),
    allow: [],
    platforms: [],
    required: [],
    ...options,
  });
}

const blobFile = ({ digest }: Pick<Descriptor, "digest">) => join(directory, "blobs", ...digest.split(":"));

/** `fail: rule …; linux/amd64 pass; linux/arm64 fail rule …`, as one line for comparison. */
function summary({ verdict, findings, platforms }: ImageReport): string {
  const rules = (list: ImageReport["findings"]) => list.map(({ rule }) => ` ${rule}`).join("");
  const each = platforms.map(
    (one) => `; ${one.platform.architecture}${one.platform.variant ?? ""} ${one.verdict}${rules(one.findings)}`,
  );
  return `${verdict}${rules(findings)}${each.join("")}`;
}

describe("an index", () => {
  test("with right images passes, and tells floor, sizes and layers", async () => {
    await putIndex(await both());
    const report = await verify();
    assert.equal(summary(report), "pass; amd64 pass; arm64 pass");
    assert.equal(report.reference, "oci:app");
    assert.equal(report.mediaType, mediaTypes.ociIndex);
    const [first] = report.platforms;
    assert.ok(first !== undefined && first.size > 0);
    assert.deepEqual(first.layers[0]?.code, { "linux/amd64": 1 });
    assert.deepEqual(first.floor?.platform, { os: "linux", architecture: "amd64" });
    assert.ok(first.floor?.hosts.some(({ architecture, variant }) => architecture === "amd64" && variant === "v3"));
  });

  test("a child that a cleaner removed is an error of its platform", async () => {
    const [one, two] = await both();
    await putIndex([one, two]);
    await rm(blobFile(two));
    const report = await verify();
    assert.equal(summary(report), "fail; amd64 pass; arm64 fail child-missing");
    assert.match(report.platforms[1]?.findings[0]?.message ?? "", new RegExp(two.digest));
  });

  test("a child whose bytes are not those of its digest is an error", async () => {
    const [one, two] = await both();
    await putIndex([one, two]);
    await writeFile(blobFile(two), "{}");
    assert.equal(summary(await verify()), "fail; amd64 pass; arm64 fail child-invalid");
  });

  test("a child of another size than the index says is an error", async () => {
    const [one, two] = await both();
    await putIndex([one, { ...two, size: two.size + 1 }]);
    assert.equal(summary(await verify()), "fail; amd64 pass; arm64 fail child-size-mismatch");
  });

  test("a child of another media type than the index says is a warning", async () => {
    const [one, two] = await both();
    await putIndex([one, { ...two, mediaType: mediaTypes.dockerManifest }]);
    assert.equal(summary(await verify()), "pass; amd64 pass; arm64 pass media-type-mismatch");
  });

  test("a platform that is listed twice is a warning that names the dead one", async () => {
    const [one, two] = await both();
    const second = await putImage(store, image("linux/arm64", arm64, {}, "another"));
    await putIndex([one, two, second]);
    const report = await verify();
    assert.equal(summary(report), "pass duplicate-platform; amd64 pass; arm64 pass; arm64 pass");
    assert.match(report.findings[0]?.message ?? "", new RegExp(`${two.digest}, ${second.digest}.*take the first`));
  });

  test("an attestation belongs to an image that is there, and is no platform", async () => {
    const [one, two] = await both();
    const of = (subject: string, platform: string): Descriptor => ({
      ...one,
      platform: { os: "unknown", architecture: platform },
      annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject },
    });
    await putIndex([one, two, of(two.digest, "unknown")]);
    assert.equal(summary(await verify()), "pass; amd64 pass; arm64 pass");
    await putIndex([one, of(two.digest, "unknown")]);
    assert.equal(summary(await verify()), "pass attestation-orphan; amd64 pass");
  });

  test("nested indexes are flattened", async () => {
    const [one, two] = await both();
    const inner = await putIndex([two]);
    await putIndex([one, inner]);
    assert.equal(summary(await verify()), "pass; amd64 pass; arm64 pass");
  });

  test("without a platform the config tells, and that is a warning", async () => {
    const [one, two] = await both();
    const { platform: _, ...bare } = two;
    await putIndex([one, bare]);
    assert.equal(summary(await verify()), "pass; amd64 pass; arm64 pass platform-undeclared");
  });

  test("tells the heaviest first, and names of strangers on one line", async () => {
    const [one] = await both();
    const wrong = makeElf(amd64);
    const entries = [
      { name: "app", content: makeElf(arm64) },
      { name: "opt/tool", content: wrong },
      { name: "usr/bin/z\n::error::x", content: makeElf({ ...amd64, padding: Buffer.from("z") }) },
    ];
    await putIndex([one, await putImage(store, image("linux/arm64", arm64, { layers: [{ entries }] }))]);
    const findings = (await verify()).platforms[1]?.findings ?? [];
    assert.deepEqual(
      findings.map(({ severity }) => severity),
      ["error", "warning"],
    );
    assert.ok(findings.every(({ message }) => !message.includes("\n")));
  });

  test("of artifacts alone is not proven", async () => {
    const config = await putImage(store, image("linux/amd64", amd64));
    const manifest = parseManifest(await store.manifest(config));
    const bytes = encodeJson({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: encodeDescriptor({ ...manifest.config, mediaType: "application/vnd.example+json" }),
      layers: [],
    });
    const artifact = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
    await store.putManifest(artifact, bytes);
    await putIndex([artifact]);
    assert.equal(summary(await verify()), "undecided no-image");
  });

  test("the layers of a wrong platform show where its code comes from", async () => {
    const [one] = await both();
    await putIndex([one, await putImage(store, image("linux/arm64", amd64))]);
    const report = await verify();
    assert.equal(summary(report), "fail; amd64 pass; arm64 fail entrypoint-wrong-architecture");
    assert.deepEqual(report.platforms[1]?.layers[0]?.code, { "linux/amd64": 1 });
  });

  test("one layer in two platforms is one finding between them", async () => {
    const layers = [{ entries: [{ name: "app", content: makeElf(amd64) }] }];
    const one = await putImage(store, image("linux/amd64", amd64, { layers }));
    await putIndex([one, await putImage(store, image("linux/arm64", amd64, { layers }))]);
    assert.equal(
      summary(await verify()),
      "fail layer-identical-across-platforms; amd64 pass; arm64 fail entrypoint-wrong-architecture",
    );
  });

  test("a program of its own that only one platform lacks is told", async () => {
    const layers = (parts: ElfParts, ...names: readonly string[]) => [
      {
        entries: ["app", ...names].map((name) => ({
          name,
          content: makeElf({ ...parts, padding: Buffer.from(name) }),
        })),
      },
    ];
    const tools = ["usr/local/bin/tool", "usr/bin/of-debian"];
    await putIndex([
      await putImage(store, image("linux/amd64", amd64, { layers: layers(amd64, ...tools, "usr/local/bin/x-amd64") })),
      await putImage(store, image("linux/arm64", arm64, { layers: layers(arm64, "usr/local/bin/x-arm64") })),
    ]);
    const report = await verify();
    assert.equal(summary(report), "pass program-missing; amd64 pass; arm64 pass");
    assert.match(report.findings[0]?.message ?? "", /^linux\/arm64 lacks \/usr\/local\/bin\/tool, which the other/);
  });

  test("a platform of another size than the others is told", async () => {
    const big = { entries: [{ name: "data", content: Buffer.alloc(3_000_000, "x"), mode: 0o644 }] };
    const layers = (parts: ElfParts, many: boolean) => [
      { entries: [{ name: "app", content: makeElf(parts) }], compression: "none" as const },
      ...(many ? [{ ...big, compression: "none" as const }] : []),
    ];
    await putIndex([
      await putImage(store, image("linux/amd64", amd64, { layers: layers(amd64, true) })),
      await putImage(store, image("linux/arm64", arm64, { layers: layers(arm64, true) })),
      await putImage(store, image("linux/arm/v7", armhf, { layers: layers(armhf, false) })),
    ]);
    const report = await verify();
    assert.equal(report.findings.find(({ rule }) => rule === "size-differs")?.platforms[0]?.variant, "v7");
    assert.equal(report.verdict, "pass");
  });
});

describe("platforms that are asked for", () => {
  test("are proven alone", async () => {
    await putIndex(await both());
    assert.equal(summary(await verify({ platforms: [parsePlatform("arm64/v8")] })), "pass; arm64 pass");
  });

  test("must be there, whether they are chosen or required", async () => {
    await putIndex(await both());
    const armv7 = [parsePlatform("linux/arm/v7")];
    const chosen = await verify({ platforms: armv7 });
    assert.equal(summary(chosen), "fail platform-missing");
    assert.match(
      chosen.findings[0]?.message ?? "",
      /no image for linux\/arm\/v7; there are linux\/amd64, linux\/arm64/,
    );
    assert.equal(summary(await verify({ required: armv7 })), "fail platform-missing; amd64 pass; arm64 pass");
    assert.equal(summary(await verify({ required: [parsePlatform("amd64")] })), "pass; amd64 pass; arm64 pass");
  });
});

describe("missing evidence is never a pass and never a fault", () => {
  const layerOf = async (descriptor: Descriptor) => parseManifest(await store.manifest(descriptor)).layers[0];

  test("a layer or config that the store does not have", async () => {
    const [one, two] = await both();
    await putIndex([one, two]);
    const layer = await layerOf(two);
    assert.ok(layer !== undefined);
    await rm(blobFile(layer));
    assert.equal(summary(await verify()), "undecided; amd64 pass; arm64 undecided layer-unread");
    await rm(blobFile(parseManifest(await store.manifest(one)).config));
    assert.equal(summary(await verify()), "undecided; amd64 undecided content-missing; arm64 undecided layer-unread");
  });

  test("a layer whose facts are known and that the store has lost, or has only a part of", async () => {
    const [one, two] = await both();
    await putIndex([one, two]);
    assert.equal((await verify()).verdict, "pass");
    const layer = await layerOf(two);
    assert.ok(layer !== undefined);
    await truncate(blobFile(layer), layer.size - 1);
    assert.equal(summary(await verify()), "undecided; amd64 pass; arm64 undecided layer-unread");
    await rm(blobFile(layer));
    const report = await verify();
    assert.equal(summary(report), "undecided; amd64 pass; arm64 undecided layer-unread");
    assert.match(report.platforms[1]?.findings[0]?.message ?? "", /^Layer 1 \(sha256:.* is not in /);
  });

  test("a config without which the platform is not known hides no other platform", async () => {
    const [one, two] = await both();
    const bad = await putImage(store, image("linux/arm64", amd64, {}, "bad"));
    const { platform: _, ...bare } = two;
    await putIndex([one, bad, bare]);
    await rm(blobFile(parseManifest(await store.manifest(two)).config));
    assert.equal(
      summary(await verify()),
      "fail; amd64 pass; arm64 fail entrypoint-wrong-architecture; unknown undecided content-missing",
    );
  });

  test("a layer with other bytes than its digest's is a fault", async () => {
    const [one, two] = await both();
    await putIndex([one, two]);
    const layer = await layerOf(two);
    assert.ok(layer !== undefined);
    await writeFile(blobFile(layer), Buffer.alloc(layer.size, "x"));
    assert.equal(summary(await verify()), "fail; amd64 pass; arm64 fail content-damaged");
  });

  test("an outage of one layer leaves its platform undecided, and a bad platform bad", async () => {
    const [one, two] = await both();
    await putIndex([one, two]);
    const layer = await layerOf(two);
    const down = (digest?: string): ImageStore => {
      const outage = new ArchwayError({ code: "UNREACHABLE", kind: "unreachable", message: "nobody answers" });
      const fetch: ImageStore["fetch"] = (descriptor, options) => {
        if (descriptor.digest === digest) throw outage;
        return store.fetch(descriptor, options);
      };
      return new Proxy<ImageStore>(store, {
        get: (target, key) => {
          if (key === "fetch") return fetch;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    };
    assert.equal(summary(await verify({}, down(layer?.digest))), "undecided; amd64 pass; arm64 undecided not-reached");
    const bad = await putImage(store, image("linux/amd64", arm64));
    await putIndex([bad, two]);
    const report = await verify({ facts: new FactsCache(join(directory, "other")) }, down(layer?.digest));
    assert.equal(summary(report), "fail; amd64 fail entrypoint-wrong-architecture; arm64 undecided not-reached");
  });

  test("a store without the image is its error", async () => {
    await assert.rejects(verify(), { code: "NOT_FOUND", kind: "unreachable" });
  });
});

describe("a single manifest", () => {
  test("is proven as the platform of its config", async () => {
    await store.tag("app", await putImage(store, image("linux/arm64", arm64)));
    assert.equal(summary(await verify()), "pass; arm64 pass");
  });

  test("whose layer is compressed in another way than it says", async () => {
    const entries = [{ name: "app", content: makeElf(arm64) }];
    const layers = [{ entries, compression: "zstd" as const, mediaType: mediaTypes.ociLayerGzip }];
    await store.tag("app", await putImage(store, image("linux/arm64", arm64, { layers })));
    assert.equal(summary(await verify()), "pass; arm64 pass layer-media-type");
  });
});
