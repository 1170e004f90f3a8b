/** Our stores and other tools read each other's images, digest by digest. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { copyImage } from "../../src/image/copy.ts";
import { writeLayoutArchive } from "../../src/store/archive.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { parseConfig } from "../../src/oci/config.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { openImage } from "../../src/store/open-store.ts";
import { readBlob } from "../../src/store/read-blob.ts";
import { resolveThroughMirrors } from "../../src/store/registry/mirrors.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { Bed } from "../bed/bed.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import { assertHolds, withCode } from "./store-contract.ts";
import { sampleIndex, store } from "./store-samples.ts";

const skip = await unavailable("registry", "registry-debian", "skopeo");

describe("skopeo", { skip }, () => {
  let bed: Bed;
  let folder = "";
  const hosts: string[] = [];
  const registries = new Registries({ registries: {}, insecure: [] }, {});
  const image = sampleIndex("peers");
  const { digest } = image.root.descriptor;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "archway-peers-"));
    bed = await startBed({ need: ["registry", "registry-debian", "skopeo"] });
    hosts.push((await bed.registry("debian")).host, (await bed.registry("distribution")).host);
    const layout = new LayoutStore(join(folder, "layout"));
    await store(layout, image);
    await layout.tag("v1", image.root.descriptor);
    await writeLayoutArchive(join(folder, "layout"), join(folder, "image.tar"));
  });

  after(async () => {
    await registries.close();
    await bed.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const inspect = (location: string) => run("skopeo", ["inspect", "--raw", "--tls-verify=false", location]);
  const copy = (from: string, to: string) =>
    run("skopeo", [
      "copy",
      "--quiet",
      "--all",
      "--preserve-digests",
      "--src-tls-verify=false",
      "--dest-tls-verify=false",
      from,
      to,
    ]);
  const expected = new TextDecoder().decode(image.root.bytes);

  test("reads our layouts and archives", async () => {
    assert.equal(await inspect(`oci:${folder}/layout:v1`), expected);
    assert.equal(await inspect(`oci-archive:${folder}/image.tar:v1`), expected);
  });

  test("reads what we push, and we read what it pushes", async () => {
    for (const host of hosts) {
      const ours = openImage(`${host}/ours/app:v1`, registries);
      await copyImage(new LayoutStore(join(folder, "layout")), ours.store, image.root.descriptor);
      await ours.store.tag("v1", image.root.descriptor);
      assert.equal(await inspect(`docker://${host}/ours/app:v1`), expected);
      await copy(`docker://${host}/ours/app:v1`, `docker://${host}/theirs/app:v1`);
      const theirs = openImage(`${host}/theirs/app:v1`, registries);
      assert.equal((await theirs.store.resolve(theirs.reference)).digest, digest);
      await assertHolds(theirs.store, image);
    }
  });

  test("writes layouts that we read, and adds to ours", async () => {
    await copy(`oci:${folder}/layout:v1`, `oci:${folder}/theirs:v1`);
    const theirs = new LayoutStore(join(folder, "theirs"));
    assert.equal((await theirs.resolve("v1")).digest, digest);
    await assertHolds(theirs, image);
    await theirs.tag("ours", image.root.descriptor);
    await copy(`oci:${folder}/theirs:ours`, `oci:${folder}/theirs:again`);
    assert.deepEqual((await Array.fromAsync(theirs.tags())).sort(), ["again", "ours", "v1"]);
    assert.equal((await theirs.resolve("again")).digest, digest);
    await copy(`oci:${folder}/layout:v1`, `oci-archive:${folder}/theirs.tar:v1`);
    const archive = openImage(`oci-archive:${folder}/theirs.tar:v1`, registries);
    assert.equal((await archive.store.resolve(archive.reference)).digest, digest);
    await assertHolds(archive.store, image);
  });

  test("writes docker archives that we read", async () => {
    const from = `docker://${hosts[0]}/ours/app:v1`;
    const to = `docker-archive:${folder}/docker.tar:quay.io/team/app:v1`;
    const platform = ["--override-os=linux", "--override-arch=arm64"];
    await run("skopeo", [...platform, "copy", "--quiet", "--src-tls-verify=false", from, to]);
    const { store: archive, reference } = openImage(to, registries);
    const target = new LayoutStore(join(folder, "from-docker"));
    const root = await archive.resolve(reference);
    await copyImage(archive, target, root);
    const { config, layers } = parseManifest(await target.manifest(root));
    assert.deepEqual(parseConfig(await readBlob(target, config)).platform, { os: "linux", architecture: "arm64" });
    const original = parseManifest(image.manifests[1]?.bytes ?? new Uint8Array());
    assert.deepEqual(
      layers.map(({ digest }) => digest),
      original.layers.map(({ digest }) => digest),
    );
  });
});

describe("mirrors", { skip }, () => {
  test("stand in for a registry that cannot be reached, with and without a path of their own", async () => {
    await using bed = await startBed({ need: ["registry", "registry-debian"] });
    const [first, second] = [(await bed.registry("debian")).host, (await bed.registry("distribution")).host];
    const nowhere = "registry.invalid";
    const settings = { registries: { [nowhere]: { mirrors: [first, `${second}/hub`] } }, insecure: [] };
    const registries = new Registries(settings, {});
    const image = sampleIndex("mirrored");
    await store(registries.repository({ host: second, path: "hub/team/app" }), image);
    await registries.repository({ host: second, path: "hub/team/app" }).tag("v1", image.root.descriptor);

    const { store: mirrored, reference } = openImage(`${nowhere}/team/app:v1`, registries);
    assert.equal(openImage(`${nowhere}/team/app:v2`, registries).store, mirrored);
    assert.deepEqual(await mirrored.resolve(reference), image.root.descriptor);
    assert.deepEqual(await Array.fromAsync(mirrored.tags()), ["v1"]);
    for (const { descriptor, bytes } of image.manifests) {
      assert.deepEqual(Buffer.from(await mirrored.manifest(descriptor)), Buffer.from(bytes));
    }
    const found = await resolveThroughMirrors(parseReference(`${nowhere}/team/app:v1`), registries);
    assert.equal(found.location, `${second}/hub/team/app`);
    assert.deepEqual(found.descriptor, image.root.descriptor);
    const copy = registries.repository({ host: first, path: "copy/app" });
    await copyImage(mirrored, copy, image.root.descriptor);
    await assertHolds(copy, image);

    await assert.rejects(mirrored.resolve("v3"), (error) => {
      withCode("UNREACHABLE")(error);
      assert(error instanceof Error);
      for (const part of [nowhere, `${first}/team/app has no tag v3`, `${second}/hub/team/app has no tag v3`]) {
        assert(error.message.includes(part), error.message);
      }
      return true;
    });
    // What is written goes to the registry itself, never to a mirror.
    await assert.rejects(mirrored.tag("v1", image.root.descriptor), withCode("UNREACHABLE"));
    await registries.close();
  });
});
