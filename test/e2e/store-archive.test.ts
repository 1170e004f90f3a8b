/** Images in tars: what is written, and what others write. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { copyImage } from "../../src/image/copy.ts";
import { encodeJson } from "../../src/oci/json.ts";
import { writeLayoutArchive } from "../../src/store/archive.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { openImage } from "../../src/store/open-store.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import { run } from "../bed/command.ts";
import { assertHolds, withCode } from "./store-contract.ts";
import { collect, content, noise, sampleImage, sampleIndex, sourceOf, store } from "./store-samples.ts";

let folder = "";
const registries = new Registries({ registries: {}, insecure: [] }, {});
const image = sampleIndex("archive", ["amd64", "arm64"], [0, 70_000]);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-archive-"));
  await makeLayout("layout");
  await writeLayoutArchive(join(folder, "layout"), join(folder, "image.tar"));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function makeLayout(name: string): Promise<LayoutStore> {
  const layout = new LayoutStore(join(folder, name));
  await store(layout, image);
  await layout.tag("v1", image.root.descriptor);
  return layout;
}

function open(location: string) {
  return openImage(location.replace("FOLDER", folder), registries);
}

test("an archive holds the image whole", async () => {
  const { store: archive, reference } = open("oci-archive:FOLDER/image.tar:v1");
  assert.deepEqual(await archive.resolve(reference), image.root.descriptor);
  assert.deepEqual(await archive.resolve(""), image.root.descriptor);
  assert.deepEqual(await Array.fromAsync(archive.tags()), ["v1"]);
  await assertHolds(archive, image);
  const [, layer] = image.blobs.filter(({ bytes }) => bytes.length === 70_000);
  assert(layer);
  assert.deepEqual(
    await collect(archive.fetch(layer.descriptor, { range: { start: 69_000 } })),
    Buffer.from(layer.bytes.subarray(69_000)),
  );
  const copy = new LayoutStore(join(folder, "copy"));
  await copyImage(archive, copy, image.root.descriptor);
  await assertHolds(copy, image);
});

test("the same layout gives the same bytes, without what nothing refers to", async () => {
  const again = await makeLayout("again");
  const garbage = content(noise("garbage", 1_000));
  await again.putBlob(garbage.descriptor, sourceOf(garbage.bytes));
  await writeFile(join(folder, "again", "manifest.json"), "other tools' files stay outside");
  await writeLayoutArchive(join(folder, "again"), join(folder, "again.tar"));
  const [first, second] = await Promise.all(["image.tar", "again.tar"].map((name) => readFile(join(folder, name))));
  assert(first && second && first.equals(second));
});

test("an archive is written whole or not at all", async () => {
  const broken = await makeLayout("broken");
  await broken.delete(image.manifests[0].descriptor.digest);
  const file = join(folder, "broken.tar");
  await writeFile(file, "what was there before");
  await assert.rejects(writeLayoutArchive(join(folder, "broken"), file), withCode("NOT_FOUND"));
  assert.equal(await readFile(file, "utf8"), "what was there before");
  await assert.rejects(writeLayoutArchive(join(folder, "layout"), join(folder, "no", "x.tar")), withCode("NOT_FOUND"));
});

test("an archive cannot be changed", async () => {
  const { store: archive } = open("oci-archive:FOLDER/image.tar");
  const { descriptor, bytes } = content(noise("x", 10));
  await assert.rejects(archive.putBlob(descriptor, sourceOf(bytes)), withCode("READ_ONLY"));
  await assert.rejects(archive.putManifest(image.root.descriptor, image.root.bytes), withCode("READ_ONLY"));
  await assert.rejects(archive.tag("v2", image.root.descriptor), withCode("READ_ONLY"));
  await assert.rejects(archive.delete("v1"), withCode("READ_ONLY"));
});

test("an archive that GNU tar wrote, with long names and folders, is read", async () => {
  const long = join(folder, "layout", "x".repeat(120));
  await writeFile(long, "a name for GNU's extension");
  for (const format of ["gnu", "pax", "ustar"]) {
    const file = join(folder, `${format}.tar`);
    await run("tar", [`--format=${format}`, "-cf", file, "-C", join(folder, "layout"), "."]).catch((error: unknown) => {
      // ustar has no room for such a name, and says so.
      if (format !== "ustar") throw error;
    });
    const { store: archive, reference } = open(`oci-archive:FOLDER/${format}.tar:v1`);
    assert.deepEqual(await archive.resolve(reference), image.root.descriptor);
    await assertHolds(archive, image);
  }
  await rm(long);
});

test("what is no whole archive is one error that says so", async () => {
  const whole = await readFile(join(folder, "image.tar"));
  const cut = join(folder, "cut.tar");
  await writeFile(cut, whole);
  await truncate(cut, 20_000);
  await assert.rejects(open(`oci-archive:${cut}`).store.resolve(""), withCode("INVALID_ARCHIVE"));
  await writeFile(cut, noise("no tar", 10_000));
  await assert.rejects(open(`oci-archive:${cut}`).store.resolve(""), withCode("INVALID_ARCHIVE"));
  await writeFile(cut, gzipSync(whole));
  await assert.rejects(open(`oci-archive:${cut}`).store.resolve(""), /compressed with gzip/);
  await writeFile(cut, new Uint8Array(1_024));
  await assert.rejects(open(`oci-archive:${cut}`).store.resolve(""), withCode("NOT_FOUND"));
  await assert.rejects(open("oci-archive:FOLDER/none.tar").store.resolve(""), withCode("NOT_FOUND"));
});

test("a changed byte in an archive is found", async () => {
  const bytes = await readFile(join(folder, "image.tar"));
  const layer = image.blobs.find((blob) => blob.bytes.length === 70_000);
  assert(layer);
  const at = bytes.indexOf(layer.bytes.subarray(0, 64)) + 50_000;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(join(folder, "changed.tar"), bytes);
  const { store: archive } = open("oci-archive:FOLDER/changed.tar");
  await assert.rejects(collect(archive.fetch(layer.descriptor)), withCode("DIGEST_MISMATCH"));
});

test("several images without a name are not chosen from", async () => {
  const several = await makeLayout("several");
  const other = sampleImage("other", { os: "linux", architecture: "arm64" });
  await store(several, other);
  await several.tag("v2", other.root.descriptor);
  await assert.rejects(several.resolve(""), (error) => {
    withCode("AMBIGUOUS_REFERENCE")(error);
    assert.match(String((error as { hint?: string }).hint), /v1, v2/);
    return true;
  });
});

test("what docker save wrote before Docker 25 is read, with plain and compressed layers", async () => {
  const layers = [noise("plain", 30_000), gzipSync(noise("packed", 30_000))];
  const diffIds = [noise("plain", 30_000), noise("packed", 30_000)].map(
    (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
  );
  const config = encodeJson({ os: "linux", architecture: "arm64", config: {}, rootfs: { diff_ids: diffIds } });
  const saved = join(folder, "saved");
  await mkdir(join(saved, "one"), { recursive: true });
  await mkdir(join(saved, "two"));
  await writeFile(join(saved, "config.json"), config);
  await writeFile(join(saved, "one", "layer.tar"), layers[0] ?? "");
  await writeFile(join(saved, "two", "layer.tar"), layers[1] ?? "");
  const list = [
    { Config: "config.json", RepoTags: ["app:1.0", "quay.io/x/app:2"], Layers: ["one/layer.tar", "two/layer.tar"] },
  ];
  await writeFile(join(saved, "manifest.json"), JSON.stringify(list));
  await run("tar", ["-cf", join(folder, "saved.tar"), "-C", saved, "manifest.json", "config.json", "one", "two"]);

  for (const name of ["", ":app:1.0", ":quay.io/x/app:2", ":docker.io/library/app:1.0"]) {
    const { store: archive, reference } = open(`docker-archive:FOLDER/saved.tar${name}`);
    const target = new LayoutStore(join(folder, "from-saved"));
    const root = await archive.resolve(reference);
    await copyImage(archive, target, root);
    const manifest: unknown = JSON.parse(new TextDecoder().decode(await target.manifest(root)));
    assert.deepEqual(
      [manifest].map((document) => (document as { layers: { digest: string }[] }).layers.map(({ digest }) => digest)),
      [layers.map((bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`)],
    );
  }
  await assert.rejects(
    open("docker-archive:FOLDER/saved.tar:app").store.resolve("docker.io/library/app:latest"),
    withCode("NOT_FOUND"),
  );
});
