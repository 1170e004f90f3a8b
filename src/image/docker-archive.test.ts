import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { extract } from "tar-stream";
import { parseReference } from "../oci/reference.ts";
import { parseManifest } from "../oci/manifest.ts";
import { writeDockerArchive } from "./docker-archive.ts";
import { TestStore } from "./test-store.ts";

const { signal } = new AbortController();

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "archway-archive-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function filesOf(archive: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const reader = extract();
  reader.end(await readFile(archive));
  for await (const entry of reader) files.set(entry.header.name, await buffer(entry));
  return files;
}

test("both forms are in it: Docker's list and an OCI layout over the same blobs, with the digest of the image", () =>
  withFolder(async (folder) => {
    const store = new TestStore("store");
    const image = store.addImage({ os: "linux", architecture: "amd64" });
    const file = join(folder, "image.tar");
    const names = ["app", "registry.example.com/team/app:1.0"].map(parseReference);
    await writeDockerArchive(file, store, image, names, signal);

    const files = await filesOf(file);
    const json = (name: string): unknown => JSON.parse(files.get(name)?.toString() ?? "");
    const blob = (digest: string) => `blobs/${digest.replace(":", "/")}`;
    const { config, layers } = parseManifest(await store.manifest(image));
    assert.deepEqual(json("manifest.json"), [
      {
        Config: blob(config.digest),
        RepoTags: ["app:latest", "registry.example.com/team/app:1.0"],
        Layers: layers.map(({ digest }) => blob(digest)),
      },
    ]);
    assert.deepEqual(json("oci-layout"), { imageLayoutVersion: "1.0.0" });
    const index = json("index.json") as { manifests: { digest: string; annotations: Record<string, string> }[] };
    assert.deepEqual(
      index.manifests.map(({ digest, annotations }) => [digest, annotations["io.containerd.image.name"]]),
      [
        [image.digest, "docker.io/library/app:latest"],
        [image.digest, "registry.example.com/team/app:1.0"],
      ],
    );
    for (const { digest } of [image, config, ...layers]) {
      assert.deepEqual(
        files.get(blob(digest)),
        Buffer.concat(await Array.fromAsync(store.fetch({ ...image, digest }))),
      );
    }
  }));

test("an image without a name has one entry, and a layer that comes twice is written once", () =>
  withFolder(async (folder) => {
    const store = new TestStore("store");
    const image = store.addImage({ os: "linux", architecture: "amd64" });
    const { config, layers, mediaType } = parseManifest(await store.manifest(image));
    const double = store.addJson(mediaType, { schemaVersion: 2, mediaType, config, layers: [...layers, ...layers] });
    const file = join(folder, "image.tar");
    await writeDockerArchive(file, store, double, [], signal);
    const files = await filesOf(file);
    assert.equal([...files.keys()].length, 6);
    const [saved] = JSON.parse(files.get("manifest.json")?.toString() ?? "") as {
      RepoTags: string[];
      Layers: string[];
    }[];
    assert.deepEqual(saved?.RepoTags, []);
    assert.equal(saved?.Layers.length, 2);
  }));

test("when a blob is missing there is no file", () =>
  withFolder(async (folder) => {
    const whole = new TestStore("store");
    const image = whole.addImage({ os: "linux", architecture: "amd64" });
    const manifest = parseManifest(await whole.manifest(image));
    const { config } = manifest;
    const broken = new TestStore("broken");
    broken.add(image.mediaType, manifest.bytes);
    broken.add(config.mediaType, Buffer.concat(await Array.fromAsync(whole.fetch(config))));
    await assert.rejects(writeDockerArchive(join(folder, "image.tar"), broken, image, [], signal), {
      code: "NOT_FOUND",
    });
    assert.deepEqual(await readdir(folder), []);
  }));
