import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readTree } from "../../src/store/tree.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { openImage } from "../../src/store/open-store.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { ImageStore } from "../../src/store/store.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import type { BaseImage, Bed } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import type { Registry } from "../bed/registry.ts";
import { startFaultProxy } from "../faults/proxy.ts";
import { archway, startArchway, workplace } from "./archway.ts";
import type { Ended, Workplace } from "./archway.ts";
import { putAttested, putBase, putFiles, putIndex, putWrongStage } from "./image-parts.ts";
import { noise, sampleReferrer, store } from "./store-samples.ts";

const needs = ["registry", "registry-debian", "bases", "skopeo", "crane", "regctl"] as const;

/** `archway image copy --format json`, as far as it is looked at. */
interface Result {
  readonly image: { readonly digest: string; readonly references: readonly string[] };
  readonly platforms: readonly { readonly platform: string; readonly verdict: string }[];
  readonly tags: readonly { readonly reference: string; readonly before: string | null }[];
  readonly attached: readonly { readonly digest: string; readonly tag?: string }[];
  readonly targets: readonly {
    readonly blobs: { readonly sent: number; readonly mounted: number; readonly present: number };
    readonly bytesSent: number;
  }[];
}

describe("archway image copy", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  /** The current distribution, and Debian's, which keeps no list of referrers. */
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

  const copy = (...args: readonly string[]): Promise<Ended> =>
    archway(["image", "copy", ...args], { cwd: place.dir, env: place.env });
  const copied = async (...args: readonly string[]): Promise<Result> => {
    const ended = await copy("--format=json", ...args);
    assert.equal(ended.code, 0, ended.stderr);
    return JSON.parse(ended.stdout) as Result;
  };
  const tool = (program: string, ...args: readonly string[]) => run(program, args, { env: bed.env });
  const raw = (image: string) =>
    tool("skopeo", "inspect", "--raw", ...(image.startsWith("docker:") ? ["--tls-verify=false"] : []), image);
  const digestOf = async (image: string) => (await tool("crane", "digest", "--insecure", image)).trim();
  const assertNoTag = (image: string) => assert.rejects(digestOf(image), `${image} must not exist`);

  /** An index of three platforms, two of them with machine code and one with an attestation. */
  async function putImage(name: string): Promise<{ index: Descriptor; children: readonly Descriptor[] }> {
    const where = repository(`${here.host}/${name}`);
    const children = [
      await putBase(where, busybox, "linux/amd64"),
      await putBase(where, busybox, "linux/arm64"),
      await putFiles(where, "linux/s390x", { "etc/motd": name }),
    ];
    const index = await putAttestedIndex(where, children);
    await where.tag("1", index);
    return { index, children };
  }

  async function putAttestedIndex(where: ImageStore, children: readonly Descriptor[]): Promise<Descriptor> {
    const [first] = children;
    assert.ok(first);
    return putAttested(where, first, children.slice(1));
  }

  async function assertWhole(image: string, root: Descriptor): Promise<void> {
    const { store: where, reference } = openImage(image, registries);
    const found = await where.resolve(reference);
    assert.equal(found.digest, root.digest, image);
    for (const { blobs } of await readTree(where, found)) {
      for (const blob of blobs) assert.ok(await where.has(blob.digest, "blob"), `${image} lacks ${blob.digest}`);
    }
  }

  test("to another registry: the bytes and digests that skopeo, crane and regctl leave", async () => {
    const { index } = await putImage("copy/app");
    const source = `${here.host}/copy/app:1`;
    const target = `${there.host}/copy/ours`;
    const result = await copied(source, `${target}:1`, `${target}:latest`);
    assert.equal(result.image.digest, index.digest);
    assert.deepEqual(result.image.references, [`${target}:1`, `${target}:latest`]);
    assert.deepEqual(
      result.platforms.map(({ platform, verdict }) => [platform, verdict]),
      [
        ["linux/amd64", "pass"],
        ["linux/arm64", "pass"],
        ["linux/s390x", "pass"],
      ],
    );
    assert.deepEqual(
      result.tags.map((tag) => tag.before),
      [null, null],
    );

    const peers = `${there.host}/copy`;
    const insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    await tool("skopeo", "copy", "-q", "--all", ...insecure, `docker://${source}`, `docker://${peers}/skopeo:1`);
    await tool("crane", "cp", "--insecure", source, `${peers}/crane:1`);
    const plain = [here, there].flatMap(({ host }) => ["--host", `reg=${host},tls=disabled`]);
    await tool("regctl", ...plain, "image", "copy", source, `${peers}/regctl:1`);
    const expected = await raw(`docker://${source}`);
    for (const image of [
      `${target}:1`,
      `${target}:latest`,
      ...["skopeo", "crane", "regctl"].map((name) => `${peers}/${name}:1`),
    ]) {
      assert.equal(await raw(`docker://${image}`), expected, image);
    }
    await assertWhole(`${target}:1`, index);
    await tool("crane", "validate", "--insecure", "--remote", `${target}:1`);

    const again = await copied(source, `${target}:1`);
    assert.equal(again.tags[0]?.before, index.digest);
    assert.equal(again.targets[0]?.blobs.sent, 0, "what is there is not sent again");
    assert.equal(again.targets[0]?.bytesSent, 0);
  });

  test("through layouts and archives and back, in every direction", async () => {
    const { index } = await putImage("copy/round");
    const places = [
      `${here.host}/copy/round:1`,
      "oci:layout:one",
      "oci-archive:whole.tar:one",
      "oci:from-archive",
      `${there.host}/copy/round-back:1`,
      "oci-archive:nameless.tar",
      `${here.host}/copy/round-again:1`,
    ];
    for (const [at, target] of places.slice(1).entries()) {
      const ended = await copy(places[at] ?? "", target);
      assert.equal(ended.code, 0, `${target}: ${ended.stderr}`);
    }
    const inPlace = (image: string) => image.replace(/^(oci(?:-archive)?):/, `$1:${place.dir}/`);
    for (const image of places) await assertWhole(inPlace(image), index);
    const expected = await raw(`docker://${here.host}/copy/round:1`);
    assert.equal(await raw(`oci:${place.dir}/layout:one`), expected);
    assert.equal(await raw(`oci-archive:${place.dir}/whole.tar:one`), expected);
  });

  test("from what docker save writes", async () => {
    await putImage("copy/saved");
    const file = join(place.dir, "saved.tar");
    const from = `docker://${here.host}/copy/saved:1`;
    const amd64 = ["--override-os=linux", "--override-arch=amd64"];
    await tool(
      "skopeo",
      ...amd64,
      "copy",
      "-q",
      "--src-tls-verify=false",
      from,
      `docker-archive:${file}:example.test/app:1`,
    );
    const result = await copied("docker-archive:saved.tar", `${there.host}/copy/saved:1`);
    assert.deepEqual(
      result.platforms.map(({ platform }) => platform),
      ["linux/amd64"],
    );
    const readable = [`docker://${there.host}/copy/saved:1`, `oci:${place.dir}/read-by-skopeo`];
    await tool("skopeo", "copy", "-q", "--src-tls-verify=false", ...readable);
    const refused = await copy(`${there.host}/copy/saved:1`, "docker-archive:out.tar:app:1");
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /oci-archive:out\.tar/);
  });

  test("within a registry nothing but mounts is asked for, and no byte of a blob moves", async () => {
    const { index } = await putImage("copy/inside");
    await using proxy = await startFaultProxy(here.host);
    const args = [`${proxy.host}/copy/inside:1`, `${proxy.host}/copy/elsewhere:1`];
    // The proof reads layers once; afterwards their facts are known.
    assert.equal((await copy(args[0] ?? "", "oci:warm")).code, 0);
    proxy.seen.length = 0;
    const { targets } = await copied(...args);
    assert.equal(targets[0]?.blobs.sent, 0);
    assert.ok((targets[0]?.blobs.mounted ?? 0) > 3);
    const bodies = proxy.seen.filter(({ method, url }) => method !== "GET" && url.includes("/blobs/"));
    const pushes = bodies.filter(({ headers }) => Number(headers["content-length"] ?? 0) > 0);
    assert.deepEqual(pushes, []);
    const layers = (await readTree(repository(`${here.host}/copy/inside`), index)).flatMap(({ blobs }) =>
      blobs.slice(1),
    );
    const read = proxy.seen.filter(
      ({ method, url }) => method === "GET" && layers.some(({ digest }) => url.endsWith(digest)),
    );
    assert.deepEqual(
      read.map(({ url }) => url),
      [],
    );
    assert.equal(proxy.seen.filter(({ url }) => url.includes("mount=")).length, targets[0]?.blobs.mounted);
    await assertWhole(`${here.host}/copy/elsewhere:1`, index);
  });

  test("a registry that mounts nothing gets the bytes", async () => {
    const { index } = await putImage("copy/unmounted");
    await using proxy = await startFaultProxy(here.host);
    proxy.choose = ({ method, url }) =>
      method === "POST" && url.includes("mount=") ? { kind: "rewrite", url: url.replace(/\?.*/, "") } : undefined;
    const { targets } = await copied(`${proxy.host}/copy/unmounted:1`, `${proxy.host}/copy/sent:1`);
    assert.equal(targets[0]?.blobs.mounted, 0);
    assert.ok((targets[0]?.blobs.sent ?? 0) > 3);
    await assertWhole(`${here.host}/copy/sent:1`, index);
  });

  test("one platform is the image itself, several are an index without the others", async () => {
    const { index, children } = await putImage("copy/some");
    const [amd64, arm64] = children;
    const source = `${here.host}/copy/some:1`;
    const one = await copy("--platform=linux/amd64", source, `${there.host}/copy/some:one`);
    assert.equal(one.code, 0, one.stderr);
    assert.equal(await digestOf(`${there.host}/copy/some:one`), amd64?.digest);
    assert.equal(await digestOf(`${there.host}/copy/some:one`), await craneOne(source));
    assert.match(one.stderr, /1 attestation .* --keep-index/);

    const two = await copied("--platform=linux/amd64,linux/arm64", source, `${there.host}/copy/some:two`);
    assert.notEqual(two.image.digest, index.digest);
    const left = JSON.parse(await raw(`docker://${there.host}/copy/some:two`)) as { manifests: { digest: string }[] };
    assert.deepEqual(
      left.manifests.slice(0, 2).map(({ digest }) => digest),
      [amd64?.digest, arm64?.digest],
    );
    assert.equal(left.manifests.length, 3, "the attestation of linux/amd64 comes along");

    const kept = await copied("--platform=linux/amd64", "--keep-index", source, `${there.host}/copy/some:kept`);
    const single = JSON.parse(await raw(`docker://${there.host}/copy/some:kept`)) as {
      manifests: { digest: string }[];
    };
    assert.deepEqual([single.manifests[0]?.digest, single.manifests.length], [amd64?.digest, 2]);
    assert.equal(kept.platforms.length, 1);

    const all = await copied("--platform=linux/amd64,linux/arm64,linux/s390x", source, `${there.host}/copy/some:all`);
    assert.equal(all.image.digest, index.digest, "all platforms are the index as it is");
    const none = await copy("--platform=linux/riscv64", source, `${there.host}/copy/some:none`);
    assert.equal(none.code, 2, none.stderr);
    assert.match(none.stderr, /nothing for linux\/riscv64/);
    assert.match(none.stderr, /linux\/amd64, linux\/arm64, linux\/s390x/);
    await assertNoTag(`${there.host}/copy/some:none`);
  });

  async function craneOne(source: string): Promise<string> {
    const target = `${there.host}/copy/crane-one:1`;
    await tool("crane", "cp", "--insecure", "--platform=linux/amd64", source, target);
    return digestOf(target);
  }

  test("signatures, signatures of attestations and cosign's tags come along", async () => {
    const { index, children } = await putImage("copy/signed");
    const where = repository(`${here.host}/copy/signed`);
    const attach = async (seed: string, subject: Descriptor): Promise<Descriptor> => {
      const referrer = sampleReferrer(seed, subject);
      await store(where, referrer);
      return referrer.root.descriptor;
    };
    const sbom = await attach("sbom of a platform", children[1] ?? index);
    const signature = await attach("signature of the index", index);
    const nested = await attach("signature of the signature", signature);
    const cosigned = await putFiles(where, "linux/amd64", { signature: "cosign" });
    const tag = `sha256-${index.digest.slice(7)}.sig`;
    await where.tag(tag, cosigned);

    const source = `${here.host}/copy/signed:1`;
    for (const target of [
      `${there.host}/copy/signed:1`,
      `${here.host}/copy/signed-too:1`,
      "oci:signed:1",
      "oci-archive:signed.tar:1",
    ]) {
      const result = await copied(source, target);
      assert.deepEqual(
        result.attached.map(({ digest }) => digest).sort(),
        [sbom, signature, nested, cosigned].map(({ digest }) => digest).sort(),
      );
    }
    const archived = await copied("oci-archive:signed.tar:1", `${there.host}/copy/signed-archived:1`);
    assert.equal(archived.attached.length, 4);
    for (const name of [
      `${there.host}/copy/signed`,
      `${here.host}/copy/signed-too`,
      `${there.host}/copy/signed-archived`,
    ]) {
      const target = repository(name);
      const listed = async (subject: Descriptor | undefined) =>
        (await target.referrers?.(subject?.digest ?? index.digest))?.map(({ digest }) => digest);
      assert.deepEqual(await listed(index), [signature.digest], name);
      assert.deepEqual(await listed(children[1]), [sbom.digest], name);
      assert.deepEqual(await listed(signature), [nested.digest], name);
      assert.equal(await digestOf(`${name}:${tag}`), cosigned.digest, name);
    }
    const regctl = await tool(
      "regctl",
      "--host",
      `reg=${there.host},tls=disabled`,
      "artifact",
      "list",
      "--format",
      "{{jsonPretty .}}",
      `${there.host}/copy/signed:1`,
    );
    assert.ok(regctl.includes(signature.digest), regctl);

    const bare = await copied("--no-referrers", source, `${there.host}/copy/bare:1`);
    assert.deepEqual(bare.attached, []);
    assert.deepEqual(await repository(`${there.host}/copy/bare`).referrers?.(index.digest), []);
  });

  test("a wrong image is refused, and nothing is put anywhere", async () => {
    const where = repository(`${here.host}/copy/wrong`);
    const amd64 = await putBase(where, busybox, "linux/amd64");
    const wrong = await putWrongStage(where, busybox, { layersOf: "linux/amd64", declared: "linux/arm64" });
    await where.tag("1", await putIndex(where, [amd64, wrong]));
    const source = `${here.host}/copy/wrong:1`;
    await using proxy = await startFaultProxy(there.host);
    for (const target of [`${proxy.host}/copy/wrong:1`, "oci:wrong:1", "oci-archive:wrong.tar"]) {
      const refused = await copy(source, target);
      assert.equal(refused.code, 1, refused.stderr);
      assert.match(refused.stderr, /refuses linux\/arm64: no tag was moved/);
      assert.match(refused.stderr, /\/bin\/busybox/);
    }
    assert.deepEqual(
      proxy.seen.filter(({ method }) => method === "PUT" || method === "PATCH"),
      [],
    );
    await assertNoTag(`${there.host}/copy/wrong:1`);
    await assert.rejects(new LayoutStore(join(place.dir, "wrong")).resolve("1"));
    const right = await copied("--platform=linux/amd64", source, `${there.host}/copy/wrong:right`);
    assert.equal(right.image.digest, amd64.digest, "what is right in it may be copied");
    const waived = await copied("--no-verify", source, `${there.host}/copy/wrong:waived`);
    assert.deepEqual(
      waived.platforms.map(({ verdict }) => verdict),
      ["skipped", "skipped"],
    );
  });

  test("an outage is no verdict: exit 3, no tag, and the same command ends well", async () => {
    const { index } = await putImage("copy/outage");
    await using proxy = await startFaultProxy(there.host);
    const args = [`${here.host}/copy/outage:1`, `${proxy.host}/copy/outage:1`];
    proxy.choose = ({ method, url }) =>
      method === "PUT" && url.includes("/manifests/sha256:") ? { kind: "status", status: 403 } : undefined;
    const failed = await copy(...args);
    assert.equal(failed.code, 3, failed.stderr);
    await assertNoTag(`${there.host}/copy/outage:1`);
    proxy.choose = () => undefined;
    const { targets } = await copied(...args);
    assert.equal(targets[0]?.blobs.sent, 0, "only the rest is done");
    await assertWhole(`${there.host}/copy/outage:1`, index);
    const nowhere = await copy(`${here.host}/copy/outage:nothere`, args[1] ?? "");
    assert.equal(nowhere.code, 3, nowhere.stderr);
    assert.match(nowhere.stderr, /has no tag nothere/);
  });

  test("killed or interrupted in the middle of a blob: no tag, and a repeat sends only the rest", async () => {
    const where = repository(`${here.host}/copy/killed`);
    const [big, small] = [
      await putFiles(where, "linux/amd64", { data: Buffer.from(noise("big", 3_000_000)).toString("base64") }),
      await putFiles(where, "linux/arm64", { data: "small" }),
    ];
    const index = await putIndex(where, [big, small]);
    await where.tag("1", index);
    for (const [signal, code] of [
      ["SIGKILL", null],
      ["SIGINT", 130],
    ] as const) {
      await using proxy = await startFaultProxy(there.host);
      const target = `${proxy.host}/copy/killed-${signal.toLowerCase()}:1`;
      const [, layer] = (await readTree(where, big)).flatMap(({ blobs }) => blobs);
      const stuck = Promise.withResolvers<void>();
      // The largest blob is begun, and never answered; the others get through.
      proxy.choose = ({ method, headers }) => {
        if (method !== "PUT" || Number(headers["content-length"]) !== layer?.size) return undefined;
        stuck.resolve();
        return { kind: "stall", after: 0 };
      };
      const started = startArchway(["image", "copy", `${here.host}/copy/killed:1`, target], {
        cwd: place.dir,
        env: place.env,
      });
      await stuck.promise;
      started.child.kill(signal);
      const ended = await started.ended;
      assert.equal(ended.code, code, ended.stderr);
      const direct = target.replace(proxy.host, there.host);
      await assertNoTag(direct);
      proxy.choose = () => undefined;
      const result = await copied(`${here.host}/copy/killed:1`, target);
      assert.equal(result.image.digest, index.digest);
      await assertWhole(direct, index);
    }
  });

  test("what cannot be meant is said", async () => {
    const { index } = await putImage("copy/odd");
    const source = `${here.host}/copy/odd:1`;
    const referrer = sampleReferrer("odd", index);
    await store(repository(`${here.host}/copy/odd`), referrer);
    const artifact = `${here.host}/copy/odd@${referrer.root.descriptor.digest}`;
    const cases: readonly (readonly [args: readonly string[], code: number, message: RegExp])[] = [
      [[source, `${there.host}/copy/odd@sha256:${"0".repeat(64)}`], 2, /what is copied is sha256:/],
      [[artifact, `${there.host}/copy/odd:artifact`], 2, /holds no image that can run/],
      [[source, "oci-archive:no/such/folder.tar"], 2, /there is no folder/],
      [["--keep-index", source, "oci:x"], 2, /--keep-index/],
      [["--platform=linux/warp", source, "oci:x"], 2, /linux\/warp/],
      [[source], 2, /TARGET/i],
    ];
    for (const [args, code, message] of cases) {
      const ended = await copy(...args);
      assert.equal(ended.code, code, `${args.join(" ")}: ${ended.stderr}`);
      assert.match(ended.stderr, message);
    }
    assert.equal((await copied("--no-verify", artifact, `${there.host}/copy/odd:artifact`)).platforms.length, 0);
    const byDigest = await copied(source, `${there.host}/copy/odd@${index.digest}`);
    assert.deepEqual(byDigest.tags, []);
    await assertWhole(`${there.host}/copy/odd@${index.digest}`, index);
  });
});
