import assert from "node:assert/strict";
import { cp, readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { copyImage } from "../../src/image/copy.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import type { ImageStore } from "../../src/store/store.ts";
import { unavailable } from "../bed/bed.ts";
import { imageBed } from "./image-bed.ts";
import { putAttested, putBase, putFiles, putIndex } from "./image-parts.ts";
import { content, sourceOf } from "./store-samples.ts";

const needs = ["registry", "registry-debian", "bases", "skopeo", "crane", "regctl"] as const;

interface Pruned {
  readonly removed: boolean;
  readonly keep: readonly { readonly name?: string; readonly because: string }[];
  readonly remove: readonly { readonly name?: string; readonly onlyName: boolean }[];
  readonly manifests: readonly { readonly digest: string; readonly kind: string }[];
  readonly shared: readonly { readonly digest: string }[];
  readonly left: readonly { readonly name: string; readonly reason: string }[];
}

describe("archway image prune", { skip: await unavailable(...needs) }, () => {
  const on = imageBed(needs);
  const { image, repository, tool, tags } = on;

  const prune = (...args: readonly string[]) => image("prune", ...args);
  const pruned = async (...args: readonly string[]): Promise<Pruned> => {
    const ended = await prune(...args, "--format=json");
    const result = JSON.parse(ended.stdout) as Pruned;
    assert.equal(ended.code, result.left.length === 0 ? 0 : 3, ended.stderr);
    return result;
  };
  const names = (list: readonly { readonly name?: string }[]) => list.map(({ name }) => name ?? "").sort();

  /** `v1` and `nightly` share an image; `nightly` has an attestation, and `both` is a second name of `v1`. */
  async function fill(store: ImageStore): Promise<Record<"shared" | "own" | "proof" | "v1" | "nightly", Descriptor>> {
    const shared = await putBase(store, on.busybox, "linux/amd64");
    const own = await putFiles(store, "linux/arm64", { note: "nightly" });
    const v1 = await putIndex(store, [shared, await putBase(store, on.busybox, "linux/arm64")]);
    const nested = await putAttested(store, own);
    const nightly = await putIndex(store, [shared, own]);
    await store.tag("v1", v1);
    await store.tag("both", v1);
    await store.tag("nightly", nightly);
    await store.tag("nightly-arm", nested);
    return { shared, own, v1, nightly, proof: nested };
  }

  for (const kind of ["distribution", "debian"] as const) {
    test(`on ${kind} a dry run changes nothing, and --yes leaves every kept index whole`, async () => {
      const { host } = kind === "debian" ? on.there : on.here;
      const name = `${host}/prune/${kind}`;
      const parts = await fill(repository(name));
      const dry = await pruned(name, "--tag", "nightly*");
      assert.equal(dry.removed, false);
      assert.deepEqual(names(dry.remove), ["nightly", "nightly-arm"]);
      assert.deepEqual(names(dry.keep), ["both", "v1"]);
      assert.deepEqual(
        dry.shared.map(({ digest }) => digest),
        [parts.shared.digest],
      );
      assert.deepEqual(await tags(name), ["both", "nightly", "nightly-arm", "v1"]);
      const text = await prune(name, "--tag", "nightly*");
      assert.match(text.stdout, /Nothing was removed: --yes does it\.\n$/);

      const done = await pruned(name, "--tag", "nightly*", "--yes");
      assert.equal(done.removed, true);
      assert.deepEqual(done.manifests, dry.manifests);
      assert.deepEqual(await tags(name), ["both", "v1"]);
      await tool("crane", "validate", "--insecure", "--remote", `${name}:v1`);
      await assert.rejects(tool("crane", "manifest", "--insecure", `${name}@${parts.own.digest}`));
      await assert.rejects(tool("crane", "manifest", "--insecure", `${name}@${parts.nightly.digest}`));
      await tool("crane", "manifest", "--insecure", `${name}@${parts.shared.digest}`);
      // Indexes go before what they list.
      const order = done.manifests.map(({ digest }) => digest);
      assert.ok(order.indexOf(parts.nightly.digest) < order.indexOf(parts.own.digest));
      assert.ok(order.indexOf(parts.proof.digest) < order.indexOf(parts.own.digest));
    });

    test(`on ${kind} a second name of a kept image goes alone, or is left with the registry's reason`, async () => {
      const { host } = kind === "debian" ? on.there : on.here;
      const name = `${host}/names/${kind}`;
      const parts = await fill(repository(name));
      const done = await pruned(name, "--tag", "both", "--yes");
      assert.deepEqual(done.manifests, []);
      assert.deepEqual(
        done.remove.map(({ onlyName }) => onlyName),
        [true],
      );
      if (kind === "distribution") {
        assert.deepEqual(done.left, []);
        assert.deepEqual(await tags(name), ["nightly", "nightly-arm", "v1"]);
      } else {
        assert.deepEqual(names(done.left), ["both"]);
        assert.match(done.left[0]?.reason ?? "", /answered 4\d\d/);
        assert.deepEqual(await tags(name), ["both", "nightly", "nightly-arm", "v1"]);
      }
      assert.equal((await tool("crane", "digest", "--insecure", `${name}:v1`)).trim(), parts.v1.digest);
      await tool("crane", "validate", "--insecure", "--remote", `${name}:v1`);
    });
  }

  test("signatures beside an image go and stay with it", async () => {
    const name = `${on.here.host}/prune/signed`;
    const store = repository(name);
    const parts = await fill(store);
    const sign = async (image: Descriptor) => {
      const signature = await putFiles(store, "linux/amd64", { [image.digest]: "signed" });
      const tag = `${image.digest.replace(":", "-")}.sig`;
      await store.tag(tag, signature);
      return tag;
    };
    const kept = await sign(parts.v1);
    const gone = await sign(parts.nightly);
    await pruned(name, "--tag", "nightly*", "--yes");
    assert.deepEqual(await tags(name), ["both", kept, "v1"].sort());
    assert.ok(!(await tags(name)).includes(gone));
  });

  test("age and count: the newest stay, and what a pattern keeps", async () => {
    const name = `${on.here.host}/prune/aged`;
    const store = repository(name);
    const dated = async (tag: string, created: string) => {
      const image = await putFiles(store, "linux/amd64", { tag });
      const file = join(on.place.dir, `${tag}-layout`);
      const layout = new LayoutStore(file);
      await copyImage(store, layout, image);
      await tool(
        "crane",
        "mutate",
        "--insecure",
        "--set-platform=linux/amd64",
        `${name}@${image.digest}`,
        "-t",
        `${name}:${tag}`,
      );
      await tool(
        "regctl",
        "--host",
        `reg=${on.here.host},tls=disabled`,
        "image",
        "mod",
        `${name}:${tag}`,
        "--create",
        `${name}:${tag}`,
        "--time",
        `set=${created}`,
      );
    };
    await dated("old", "2020-01-01T00:00:00Z");
    await dated("v0", "2019-01-01T00:00:00Z");
    await dated("new", "2024-01-01T00:00:00Z");
    await dated("undated", "1970-01-01T00:00:00Z");
    const plan = await pruned(name, "--keep=1", "--older-than=30d", "--keep-tag=v*");
    const kept = Object.fromEntries(plan.keep.map(({ name: tag, because }) => [tag, because]));
    assert.deepEqual(kept, {
      new: "it is the newest",
      v0: "its name matches v*",
      undated: "nothing tells how old it is",
    });
    assert.deepEqual(names(plan.remove), ["old"]);
  });

  test("a layout loses entries and the blobs that nothing needs, and keeps the rest", async () => {
    const directory = join(on.place.dir, "layout");
    const layout = new LayoutStore(directory);
    const parts = await fill(layout);
    const stray = content(Buffer.from("nobody needs this"));
    const fresh = content(Buffer.from("somebody is writing this"));
    for (const { descriptor, bytes } of [stray, fresh]) await layout.putBlob(descriptor, sourceOf(bytes));
    const path = join(directory, "blobs", stray.descriptor.digest.replace(":", "/"));
    await utimes(path, new Date(0), new Date(0));
    const before = await readdir(join(directory, "blobs/sha256"));
    await prune("oci:layout", "--tag", "nightly*");
    assert.deepEqual(await readdir(join(directory, "blobs/sha256")), before, "a dry run removes nothing");
    await cp(directory, join(on.place.dir, "copy"), { recursive: true });

    const text = await prune("oci:layout", "--tag", "nightly*", "--yes");
    assert.equal(text.code, 0, text.stderr);
    assert.match(text.stdout, /blobs, .* freed\.\n$/);
    const left = new Set(await readdir(join(directory, "blobs/sha256")));
    const isThere = ({ digest }: Pick<Descriptor, "digest">) => left.has(digest.slice("sha256:".length));
    assert.ok(isThere(parts.shared) && isThere(parts.v1) && isThere(fresh.descriptor));
    assert.ok(!isThere(parts.own) && !isThere(parts.nightly) && !isThere(stray.descriptor));
    await tool(
      "skopeo",
      "copy",
      "-q",
      "--all",
      "oci:" + directory + ":v1",
      "oci:" + join(on.place.dir, "again") + ":v1",
    );
    const shown = await pruned("oci:layout", "--untagged");
    assert.deepEqual(names(shown.keep), ["both", "v1"]);
  });

  test("refuses what would be guessed", async () => {
    const name = `${on.here.host}/prune/guess`;
    await fill(repository(name));
    const nothing = await prune(name);
    assert.equal(nothing.code, 2);
    assert.match(nothing.stderr, /nothing says what may go/);
    const unmatched = await prune(name, "--tag", "nope*", "--keep-tag", "v*");
    assert.equal(unmatched.code, 0, unmatched.stderr);
    assert.equal(unmatched.stderr, "warning: --tag nope* matches no tag; patterns match whole names.\n");
    assert.match(unmatched.stdout, /Nothing would be removed\.\n$/);
    const absent = await prune("oci:nowhere", "--keep=1");
    assert.equal(absent.code, 3);
    assert.match(absent.stderr, /oci:nowhere cannot be read: there is no folder nowhere/);
    const untagged = await prune(name, "--untagged");
    assert.equal(untagged.code, 2);
    assert.match(untagged.stderr, /no list of what has no tag/);
    assert.equal((await prune(`${name}:v1`, "--keep=1")).code, 2);
    assert.equal((await prune(name, "--older-than=soon")).code, 2);
    assert.equal((await prune(`${on.here.host}/prune/nowhere`, "--keep=1")).code, 3);
    assert.deepEqual(await tags(name), ["both", "nightly", "nightly-arm", "v1"]);
  });
});
