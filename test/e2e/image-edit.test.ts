import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { encodeJson } from "../../src/oci/json.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { ImageStore } from "../../src/store/store.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import type { BaseImage, Bed } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";
import type { Ended, Workplace } from "./archway.ts";
import { putAttested, putBase, putIndex, saidToBe } from "./image-parts.ts";
import { content } from "./store-samples.ts";
import { startFaultProxy } from "../faults/proxy.ts";

const needs = ["registry", "registry-debian", "docker", "bases", "skopeo", "crane", "regctl"] as const;

interface Index {
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly manifests: readonly {
    readonly digest: string;
    readonly platform?: { readonly architecture: string };
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

describe("archway image rm-platform and annotate", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let here: Registry;
  let there: Registry;
  let busybox: BaseImage;
  let place: Workplace;
  const registries = new Registries({ registries: {}, insecure: [] }, {});
  const repository = (name: string): ImageStore => registries.open(parseReference(name));

  before(async () => {
    bed = await startBed({ need: needs });
    [here, there] = [await bed.registry(), await bed.registry("debian")];
    busybox = await bed.base("busybox");
    place = await workplace(bed);
  });
  after(async () => {
    await place[Symbol.asyncDispose]();
    await registries.close();
    await bed.stop();
  });

  const image = (...args: readonly string[]): Promise<Ended> =>
    archway(["image", ...args], { cwd: place.dir, env: place.env });
  const succeeds = async (...args: readonly string[]): Promise<Ended> => {
    const ended = await image(...args);
    assert.equal(ended.code, 0, ended.stderr);
    return ended;
  };
  const tool = (program: string, ...args: readonly string[]) => run(program, args, { env: bed.env });
  const regctl = (host: string, ...args: readonly string[]) =>
    tool("regctl", "--host", `reg=${host},tls=disabled`, ...args);
  const raw = (name: string) => tool("skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${name}`);
  const indexOf = async (name: string) => JSON.parse(await raw(name)) as Index;
  const digestOf = async (name: string) => (await tool("crane", "digest", "--insecure", name)).trim();

  /** An index as Go's tools write it, on one line, so that what they make of it can be compared byte by byte. */
  async function putCompact(store: ImageStore, entries: readonly Descriptor[]): Promise<Descriptor> {
    const manifests = entries.map(({ mediaType, size, digest, platform, annotations }) => ({
      mediaType,
      size,
      digest,
      ...(annotations === undefined ? {} : { annotations }),
      platform: { architecture: platform?.architecture, os: platform?.os },
    }));
    const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    const { descriptor, bytes } = content(Buffer.from(JSON.stringify(document)), mediaTypes.ociIndex);
    await store.putManifest(descriptor, bytes);
    return descriptor;
  }

  test("what is left is what crane index filter leaves, byte by byte", async () => {
    for (const { host } of [here, there]) {
      const name = `${host}/filter/app`;
      const store = repository(name);
      const bases = ["linux/amd64", "linux/arm64"].map((platform) => putBase(store, busybox, platform));
      const { platform: _, ...s390x } = await putBase(store, busybox, "linux/amd64");
      const index = await putCompact(store, [...(await Promise.all(bases)), saidToBe(s390x, "linux/s390x")]);
      await store.tag("all", index);
      await tool(
        "crane",
        "index",
        "filter",
        "--insecure",
        `${name}:all`,
        "--platform=linux/amd64",
        "--platform=linux/arm64",
        "-t",
        `${name}:crane`,
      );
      await succeeds("rm-platform", `${name}:all`, "linux/s390x", "-t", `${name}:ours`);
      assert.equal(await raw(`${name}:ours`), await raw(`${name}:crane`));
      assert.equal(await digestOf(`${name}:all`), index.digest, "with -t the tag itself stays");
      await regctl(host, "image", "copy", `${name}:all`, `${name}:regctl`);
      await regctl(host, "index", "delete", `${name}:regctl`, "--platform=linux/s390x");
      // regctl writes the same entries, with the keys in an order of its own.
      assert.deepEqual(await indexOf(`${name}:ours`), await indexOf(`${name}:regctl`));
    }
  });

  test("attestations go with their platform and stay with the others; the tag moves", async () => {
    const name = `${here.host}/attested/app`;
    const store = repository(name);
    const amd64 = await putBase(store, busybox, "linux/amd64");
    const arm64 = await putBase(store, busybox, "linux/arm64");
    const proofs: Descriptor[] = [];
    for (const one of [amd64, arm64]) {
      const attested = JSON.parse(Buffer.from(await store.manifest(await putAttested(store, one))).toString()) as {
        manifests: Descriptor[];
      };
      const [, proof] = attested.manifests;
      assert.ok(proof);
      proofs.push(proof);
    }
    const whole = await putCompact(store, [amd64, arm64, ...proofs]);
    await store.tag("1", whole);
    const { stdout } = await succeeds("rm-platform", `${name}:1`, "linux/arm64");
    const left = await indexOf(`${name}:1`);
    assert.deepEqual(
      left.manifests.map(({ digest }) => digest),
      [amd64.digest, proofs[0]?.digest],
    );
    const lines = [
      `published ${name}:1`,
      `          ${await digestOf(`${name}:1`)}`,
      `          was ${whole.digest}`,
      `without linux/arm64 ${arm64.digest}`,
      "without 1 attestation of what was taken out",
      `Other tags of ${whole.digest} stay as they are.`,
    ];
    assert.equal(stdout, `${lines.join("\n")}\n`);
    await tool("crane", "validate", "--insecure", "--remote", `${name}:1`);
    const last = await image("rm-platform", `${name}:1`, "linux/amd64");
    assert.equal(last.code, 2);
    assert.match(last.stderr, /Nothing would be left/);
    const none = await image("rm-platform", `${name}:1`, "linux/riscv64");
    assert.equal(none.code, 2);
    assert.match(none.stderr, /It has linux\/amd64\./);
  });

  test("the gate looks at what is left before the tag moves", async () => {
    const name = `${here.host}/gated/app`;
    const store = repository(name);
    const amd64 = await putBase(store, busybox, "linux/amd64");
    const arm64 = await putBase(store, busybox, "linux/arm64");
    const lying = await putIndex(store, [amd64, arm64, saidToBe(amd64, "linux/riscv64")]);
    await store.tag("1", lying);
    const refused = await image("rm-platform", `${name}:1`, "linux/arm64");
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stderr, /refuses linux\/riscv64: no tag was moved/);
    assert.equal(await digestOf(`${name}:1`), lying.digest);
    await succeeds("rm-platform", `${name}:1`, "linux/riscv64");
    await store.tag("2", lying);
    await succeeds("annotate", `${name}:2`, "--annotation=a=b", "--no-verify");
  });

  test("a tag that moves meanwhile is left alone", async () => {
    const name = `${here.host}/moved/app`;
    const store = repository(name);
    const amd64 = await putBase(store, busybox, "linux/amd64");
    const arm64 = await putBase(store, busybox, "linux/arm64");
    await store.tag("1", await putIndex(store, [amd64, arm64]));
    const other = await putIndex(store, [amd64]);
    await using proxy = await startFaultProxy(here.host);
    let moved = false;
    proxy.choose = ({ method, url }) => {
      // The new index comes, and its tag is next: somebody else is quicker.
      if (moved || method !== "PUT" || !url.includes("/manifests/sha256:")) return undefined;
      moved = true;
      execFileSync("crane", ["tag", "--insecure", `${name}@${other.digest}`, "1"], { env: bed.env, stdio: "pipe" });
      return undefined;
    };
    const slow = `${proxy.host}/moved/app:1`;
    const ended = await image("annotate", slow, "--annotation=a=b");
    assert.ok(moved, ended.stderr);
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /moved/);
    assert.equal(await digestOf(`${name}:1`), other.digest);
  });

  test("annotations are set and removed where they belong, and children keep their digests", async () => {
    const name = `${here.host}/noted/app`;
    const store = repository(name);
    const children = [await putBase(store, busybox, "linux/amd64"), await putBase(store, busybox, "linux/arm64")];
    await store.tag("1", await putIndex(store, children));
    await succeeds(
      "annotate",
      `${name}:1`,
      "--annotation=org.opencontainers.image.title=App",
      "--annotation=index:gone=soon",
      "--annotation=manifest-descriptor[linux/arm64]:note=native",
    );
    await succeeds("annotate", `${name}:1`, "--remove=gone", "--annotation=manifest-descriptor:all=yes");
    const index = await indexOf(`${name}:1`);
    assert.deepEqual(index.annotations, { "org.opencontainers.image.title": "App" });
    assert.deepEqual(
      index.manifests.map(({ digest, annotations }) => [digest, annotations]),
      [
        [children[0]?.digest, { all: "yes" }],
        [children[1]?.digest, { note: "native", all: "yes" }],
      ],
    );
    const imagetools = await tool("docker-buildx", "imagetools", "inspect", "--raw", `${name}:1`);
    assert.deepEqual(JSON.parse(imagetools), index);
    const before = await digestOf(`${name}:1`);
    const mistyped = await image("annotate", `${name}:1`, "--remove=org.opencontainers.image.titel");
    assert.equal(mistyped.code, 2);
    assert.match(mistyped.stderr, /Did you mean org\.opencontainers\.image\.title\?/);
    const same = await succeeds("annotate", `${name}:1`, "--annotation=org.opencontainers.image.title=App");
    assert.match(same.stdout, /Nothing has changed/);
    assert.equal(await digestOf(`${name}:1`), before, "nothing to change changes nothing");

    const manifest = await image("annotate", `${name}:1`, "--annotation=manifest[linux/arm64]:a=b");
    assert.equal(manifest.code, 2);
    assert.match(manifest.stderr, /attestations and signatures would belong to nothing/);
    const absent = await image("annotate", `${name}:1`, "--annotation=manifest-descriptor[linux/s390x]:a=b");
    assert.equal(absent.code, 2);
    assert.match(absent.stderr, /It has linux\/amd64, linux\/arm64/);
  });

  test("a Docker manifest list is made an OCI index only when asked", async () => {
    const name = `${there.host}/docker/app`;
    const source = `docker://${here.host}/library/busybox:latest`;
    await tool(
      "skopeo",
      "copy",
      "-q",
      "--all",
      "--format=v2s2",
      "--src-tls-verify=false",
      "--dest-tls-verify=false",
      source,
      `docker://${name}:1`,
    );
    const before = await indexOf(`${name}:1`);
    assert.equal(before.mediaType, mediaTypes.dockerList);
    const refused = await image("annotate", `${name}:1`, "--annotation=a=b");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--oci/);
    await succeeds("annotate", `${name}:1`, "--annotation=a=b", "--oci");
    const after_ = await indexOf(`${name}:1`);
    assert.deepEqual(after_, { ...before, mediaType: mediaTypes.ociIndex, annotations: { a: "b" } });
  });

  test("layouts are changed in place, and results go into other places", async () => {
    const layout = new LayoutStore(join(place.dir, "layout"));
    const parts = ["linux/amd64", "linux/arm64", "linux/arm/v7"].map((platform) => putBase(layout, busybox, platform));
    const whole = await putIndex(layout, await Promise.all(parts));
    await layout.tag("1", whole);
    await layout.tag("latest", whole);
    const { stdout: told } = await succeeds("rm-platform", "oci:layout:1", "linux/arm/v7");
    assert.ok(told.endsWith(`latest still points at ${whole.digest}.\n`), told);
    const away = `${here.host}/away/app:1`;
    await succeeds(
      "rm-platform",
      "oci:layout:1",
      "linux/arm64",
      "-t",
      away,
      "-t",
      "oci-archive:out.tar:1",
      "-t",
      "oci:other:1",
    );
    await tool("crane", "validate", "--insecure", "--remote", away);
    const digest = await digestOf(away);
    for (const name of ["oci-archive:out.tar:1", "oci:other:1"]) {
      const { stdout } = await succeeds("inspect", name);
      assert.ok(stdout.includes(digest), stdout);
    }
    assert.equal((await layout.resolve("1")).digest === digest, false, "the source stays");
    const unnamed = await image("rm-platform", "oci:layout", "linux/arm64");
    assert.equal(unnamed.code, 2);
    const archive = await image("annotate", "oci-archive:out.tar:1", "--annotation=a=b");
    assert.equal(archive.code, 2);
    assert.match(archive.stderr, /-t/);
  });

  test("nested indexes and single images are refused with the way out", async () => {
    const name = `${here.host}/nested/app`;
    const store = repository(name);
    const amd64 = await putBase(store, busybox, "linux/amd64");
    const inner = await putIndex(store, [await putBase(store, busybox, "linux/arm64")]);
    const { descriptor, bytes } = content(
      encodeJson({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [amd64, inner] }),
      mediaTypes.ociIndex,
    );
    await store.putManifest(descriptor, bytes);
    await store.tag("1", descriptor);
    const nested = await image("rm-platform", `${name}:1`, "linux/arm64");
    assert.equal(nested.code, 2);
    assert.match(nested.stderr, /lies in the nested index/);
    await succeeds("rm-platform", `${name}:1`, "linux/amd64");
    const single = await image("annotate", `${name}@${amd64.digest}`, "--annotation=a=b", "-t", `${name}:2`);
    assert.equal(single.code, 2);
    assert.match(single.stderr, /is one image, not an index/);
  });
});
