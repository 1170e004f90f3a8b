import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { copyImage } from "../../src/image/copy.ts";
import { writeLayoutArchive } from "../../src/store/archive.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { unavailable } from "../bed/bed.ts";
import { imageBed } from "./image-bed.ts";
import { putAttested, putBase, putIndex, saidToBe } from "./image-parts.ts";

const needs = ["registry", "registry-debian", "docker", "bases", "skopeo", "crane", "regctl"] as const;

interface Inspected {
  readonly digest: string;
  readonly kind: string;
  readonly runsOn: readonly { readonly host: string; readonly takes: string }[];
  readonly oddities: readonly { readonly code: string; readonly message: string }[];
  readonly entries: readonly {
    readonly kind: string;
    readonly digest: string;
    readonly platform?: string;
    readonly transferSize?: number;
    readonly layers?: readonly { readonly size: number }[];
    readonly config?: { readonly size: number; readonly cmd: readonly string[] };
    readonly attestations?: readonly { readonly predicates: readonly { readonly name: string }[] }[];
  }[];
}

describe("archway image inspect", { skip: await unavailable(...needs) }, () => {
  const on = imageBed(needs);
  const { image, repository, tool } = on;

  const inspect = (...args: readonly string[]) => image("inspect", ...args);
  const inspected = async (image: string): Promise<Inspected> => {
    const ended = await inspect(image, "--format=json");
    assert.equal(ended.code, 0, ended.stderr);
    const { images } = JSON.parse(ended.stdout) as { images: [Inspected] };
    return images[0];
  };

  test("--raw prints what every other tool prints, byte by byte, from registries, layouts and archives", async () => {
    for (const { host } of [on.here, on.there]) {
      const store = repository(`${host}/raw/app`);
      const index = await putIndex(store, [
        await putBase(store, on.busybox, "linux/amd64"),
        await putBase(store, on.busybox, "linux/arm64"),
      ]);
      await store.tag("1", index);
      const image = `${host}/raw/app:1`;
      const { stdout, code } = await inspect("--raw", image);
      assert.equal(code, 0);
      assert.equal(`sha256:${createHash("sha256").update(stdout).digest("hex")}`, index.digest);
      assert.equal(stdout, await tool("skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${image}`));
      assert.equal(stdout, await tool("docker-buildx", "imagetools", "inspect", "--raw", image));
      const host_ = `reg=${host},tls=disabled`;
      assert.equal(stdout, await tool("regctl", "--host", host_, "manifest", "get", "--format=raw-body", image));
      assert.equal(stdout.trim(), (await tool("crane", "manifest", "--insecure", image)).trim());

      const child = await inspect("--raw", "--platform=linux/arm64", image);
      const platform = ["--platform", "linux/arm64"];
      assert.equal(child.stdout.trim(), (await tool("crane", "manifest", "--insecure", ...platform, image)).trim());
    }
    const layout = new LayoutStore(join(on.place.dir, "raw"));
    const store = repository(`${on.here.host}/raw/app`);
    const index = await store.resolve("1");
    await copyImage(store, layout, index);
    await layout.tag("1", index);
    await writeLayoutArchive(join(on.place.dir, "raw"), join(on.place.dir, "raw.tar"));
    const expected = await tool(
      "skopeo",
      "inspect",
      "--raw",
      "--tls-verify=false",
      `docker://${on.here.host}/raw/app:1`,
    );
    for (const image of ["oci:raw:1", "oci:raw", "oci-archive:raw.tar:1"]) {
      assert.equal((await inspect("--raw", image)).stdout, expected, image);
    }
  });

  test("tells platforms, transfer sizes, attestations and hosts; sizes are what crane counts", async () => {
    const store = repository(`${on.here.host}/told/app`);
    const amd64 = await putBase(store, on.busybox, "linux/amd64");
    const attested = await putAttested(store, amd64);
    await store.tag("attested", attested);
    const image = `${on.here.host}/told/app:attested`;
    const told = await inspected(image);
    assert.equal(told.digest, attested.digest);
    const [entry] = told.entries;
    assert.ok(entry?.layers && entry.config && entry.attestations);
    assert.equal(told.entries.length, 1, "the attestation is the image's, not an entry of its own");
    assert.equal(entry.platform, "linux/amd64");
    assert.equal(entry.attestations.length, 1);
    const manifest = JSON.parse(await tool("crane", "manifest", "--insecure", "--platform=linux/amd64", image)) as {
      config: { size: number };
      layers: { size: number }[];
    };
    const size = manifest.layers.reduce((sum, layer) => sum + layer.size, manifest.config.size);
    assert.equal(entry.transferSize, size);
    assert.deepEqual(entry.config.cmd, ["sh"]);
    assert.deepEqual(told.runsOn, [{ host: "linux/amd64", takes: "linux/amd64" }]);
    assert.deepEqual(told.oddities, []);

    const text = await inspect(image);
    assert.match(text.stdout, /^ +linux\/amd64 sha256:\w+ 1\.1 MB in 1 layer$/m);
    assert.match(text.stdout, /^ +attestation /m);
  });

  test("shows where index and config disagree, and twins, and what a cleaner has deleted", async () => {
    const store = repository(`${on.here.host}/odd/app`);
    const amd64 = await putBase(store, on.busybox, "linux/amd64");
    const arm64 = await putBase(store, on.busybox, "linux/arm64");
    await store.tag("lies", await putIndex(store, [amd64, saidToBe(amd64, "linux/arm64")]));
    const lies = await inspected(`${on.here.host}/odd/app:lies`);
    assert.deepEqual(
      lies.oddities.map(({ message }) => message),
      ["The index says linux/arm64, the image's config linux/amd64."],
    );
    await store.tag("holed", await putIndex(store, [amd64, arm64]));
    await tool("crane", "delete", "--insecure", `${on.here.host}/odd/app@${arm64.digest}`);
    const text = await inspect(`${on.here.host}/odd/app:holed`);
    assert.equal(text.code, 0, text.stderr);
    assert.match(text.stdout, new RegExp(`linux/arm64 ${arm64.digest} cannot be read`));
    assert.match(text.stdout, new RegExp(`odd +\\S+ has no manifest ${arm64.digest}`));
  });

  test("reads what docker save wrote", async () => {
    const archive = join(on.place.dir, "saved.tar");
    const source = `docker://${on.here.host}/library/busybox:latest`;
    await tool(
      "skopeo",
      "copy",
      "-q",
      "--src-tls-verify=false",
      "--override-arch=arm64",
      source,
      `docker-archive:${archive}:app:1`,
    );
    const { stdout, code, stderr } = await inspect("docker-archive:saved.tar:app:1");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ +linux\/arm64 sha256:\w+ /m);
  });

  test("a platform that is not there, and a name that is not there", async () => {
    const store = repository(`${on.here.host}/absent/app`);
    await store.tag("1", await putIndex(store, [await putBase(store, on.busybox, "linux/amd64")]));
    const absent = await inspect(`${on.here.host}/absent/app:1`, "--platform=linux/s390x");
    assert.equal(absent.code, 2);
    assert.match(absent.stderr, /has no image for linux\/s390x/);
    assert.match(absent.stderr, /It has linux\/amd64/);
    assert.equal((await inspect(`${on.here.host}/absent/app:none`)).code, 3);
    const two = await inspect("--raw", `${on.here.host}/absent/app:1`, `${on.here.host}/absent/app:1`);
    assert.equal(two.code, 2);
    await writeFile(join(on.place.dir, "not-a-tar"), "x");
    assert.notEqual((await inspect("oci-archive:not-a-tar")).code, 0);
  });
});
