import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parseReference } from "../../src/oci/reference.ts";
import { formatPlatform } from "../../src/platform/platform.ts";
import { writeLayoutArchive } from "../../src/store/archive.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { ImageStore } from "../../src/store/store.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import type { BaseImage, Bed } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import type { Registry } from "../bed/registry.ts";
import { startFaultProxy } from "../faults/proxy.ts";
import { archway, startArchway, workplace } from "./archway.ts";
import type { Ended, Workplace } from "./archway.ts";
import { putAttested, putBase, putFiles, putIndex, putWrongStage, saidToBe } from "./image-parts.ts";

const needs = ["registry", "registry-debian", "docker", "bases", "skopeo", "crane", "regctl"] as const;

/** The part of an index that is looked at. */
interface Index {
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly manifests: readonly {
    readonly digest: string;
    readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

describe("archway image create", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  /** The current distribution, and Debian's. */
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

  const create = (...args: readonly string[]): Promise<Ended> =>
    archway(["image", "create", ...args], { cwd: place.dir, env: place.env });
  const tool = (program: string, ...args: readonly string[]) => run(program, args, { env: bed.env });
  const rawIndex = async (image: string): Promise<Index> =>
    JSON.parse(await tool("skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${image}`)) as Index;
  const digestOf = async (image: string) => (await tool("crane", "digest", "--insecure", image)).trim();
  const assertNoTag = (image: string) => assert.rejects(digestOf(image), `${image} must not exist`);
  const shown = ({ manifests }: Index) => manifests.map(({ platform, digest }) => [formatPlatform(platform), digest]);

  test("children of two registries, a layout and an archive become one tag that every tool reads", async () => {
    const amd64 = await putBase(repository(`${here.host}/parts/x86`), busybox, "linux/amd64");
    const arm64 = await putBase(repository(`${there.host}/parts/arm`), busybox, "linux/arm64");
    const attested = await putAttested(repository(`${there.host}/parts/arm`), arm64);
    const layout = new LayoutStore(join(place.dir, "v7"));
    const v7 = await putBase(layout, busybox, "linux/arm/v7");
    await layout.tag("v7", v7);
    const files = new LayoutStore(join(place.dir, "s390x"));
    const s390x = await putFiles(files, "linux/s390x", { "etc/motd": "hello\n" });
    await files.tag("one", s390x);
    await writeLayoutArchive(join(place.dir, "s390x"), join(place.dir, "s390x.tar"));

    const image = `${here.host}/joined/app`;
    const other = `${there.host}/joined/elsewhere`;
    const tags = [`${image}:1.0`, `${image}:latest`, `${other}:1.0`];
    const args = [
      ...tags.flatMap((tag) => ["-t", tag]),
      `${here.host}/parts/x86@${amd64.digest}`,
      `${there.host}/parts/arm@${attested.digest}`,
      "oci:v7:v7",
      "oci-archive:s390x.tar:one",
      "--annotation=org.opencontainers.image.title=App",
      "--annotation=manifest-descriptor[linux/arm64]:org.example.note=native",
      "--format=json",
      "--metadata-file=meta.json",
    ];
    const made = await create(...args);
    assert.equal(made.code, 0, made.stderr);

    const result = JSON.parse(made.stdout) as {
      index: { digest: string; references: string[] };
      platforms: { platform: string; digest: string; verdict: string }[];
    };
    assert.deepEqual(result.index.references, tags);
    assert.deepEqual(
      result.platforms.map(({ verdict }) => verdict),
      ["pass", "pass", "pass", "pass"],
    );
    const metadata = JSON.parse(await readFile(join(place.dir, "meta.json"), "utf8")) as Record<string, unknown>;
    assert.equal(metadata["containerimage.digest"], result.index.digest);
    assert.equal(metadata["image.name"], tags.join(","));
    assert.deepEqual(metadata["archway"], result);

    for (const tag of tags) assert.equal(await digestOf(tag), result.index.digest, tag);
    const index = await rawIndex(`${image}:1.0`);
    assert.equal(index.mediaType, "application/vnd.oci.image.index.v1+json");
    assert.deepEqual(shown(index).slice(0, 4), [
      ["linux/amd64", amd64.digest],
      ["linux/arm64", arm64.digest],
      ["linux/arm/v7", v7.digest],
      ["linux/s390x", s390x.digest],
    ]);
    const [, second, , , proof] = index.manifests;
    assert.deepEqual(second?.annotations, { "org.example.note": "native" });
    assert.equal(proof?.annotations?.["vnd.docker.reference.digest"], arm64.digest, "the attestation travels");
    assert.equal(index.manifests.length, 5);
    assert.deepEqual(index.annotations, { "org.opencontainers.image.title": "App" });

    for (const tag of [`${image}:1.0`, `${other}:1.0`]) {
      const host = tag.split("/")[0] ?? "";
      await tool("crane", "validate", "--insecure", "--remote", tag);
      const imagetools = await tool("docker-buildx", "imagetools", "inspect", "--raw", tag);
      assert.deepEqual(JSON.parse(imagetools), index);
      const regctl = await tool(
        "regctl",
        "--host",
        `reg=${host},tls=disabled`,
        "manifest",
        "get",
        "--format",
        "raw-body",
        tag,
      );
      assert.deepEqual(JSON.parse(regctl), index);
    }

    const again = await create(...args);
    assert.equal(again.code, 0, again.stderr);
    assert.equal((JSON.parse(again.stdout) as typeof result).index.digest, result.index.digest);
  });

  test("without a registry: layouts and an archive take the index too, with the digest that a registry gets", async () => {
    const layout = new LayoutStore(join(place.dir, "sources"));
    await layout.tag("amd64", await putBase(layout, busybox, "linux/amd64"));
    const source = repository(`${there.host}/parts/local`);
    const arm64 = await putBase(source, busybox, "linux/arm64");
    const image = `${here.host}/joined/local:1`;
    const names = ["oci:joined:1", "oci:joined:latest", "oci-archive:joined.tar:1", image];
    const sources = ["oci:sources:amd64", `${there.host}/parts/local@${arm64.digest}`];
    const made = await create(...names.flatMap((name) => ["-t", name]), "--format=json", ...sources);
    assert.equal(made.code, 0, made.stderr);
    const { index } = JSON.parse(made.stdout) as { index: { digest: string; references: string[]; pushed: boolean } };
    assert.deepEqual(index.references.toSorted(), names.toSorted());
    assert.equal(index.pushed, true);
    assert.equal(await digestOf(image), index.digest);
    for (const name of names.slice(0, 3)) {
      const path = name.replace("joined", join(place.dir, "joined"));
      const raw = await tool("skopeo", "inspect", "--raw", path);
      assert.deepEqual(JSON.parse(raw), await rawIndex(image), name);
    }
    const again = join(place.dir, "again");
    await tool("skopeo", "copy", "-q", "--all", `oci-archive:${join(place.dir, "joined.tar")}:1`, `oci:${again}:1`);
    const local = await create("-t", "oci:local:1", "--format=json", "oci:sources:amd64");
    assert.equal((JSON.parse(local.stdout) as { index: { pushed: boolean } }).index.pushed, false);
    const digest = await create("-t", `${here.host}/joined/local@${index.digest}`, "oci:sources:amd64");
    assert.equal(digest.code, 2);
    assert.match(digest.stderr, /nobody knows the digest/);
  });

  test("an index is flattened, and joined with an image", async () => {
    const source = repository(`${here.host}/parts/some`);
    const two = await putIndex(source, [
      await putBase(source, busybox, "linux/amd64"),
      await putBase(source, busybox, "linux/arm64"),
    ]);
    await source.tag("two", two);
    const v7 = await putBase(source, busybox, "linux/arm/v7");
    const image = `${here.host}/joined/flat:1`;
    const made = await create("-t", image, `${here.host}/parts/some:two`, `${here.host}/parts/some@${v7.digest}`);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, new RegExp(`published ${image}\n +sha256:[0-9a-f]{64}\n$`));
    assert.deepEqual(
      shown(await rawIndex(image)).map(([platform]) => platform),
      ["linux/amd64", "linux/arm64", "linux/arm/v7"],
    );
  });

  test("two images of one platform are refused by name, before anything is read for a proof", async () => {
    const source = repository(`${here.host}/parts/twice`);
    const base = await putBase(source, busybox, "linux/amd64");
    const files = await putFiles(source, "linux/amd64", { x: "x" });
    await source.tag("all", await putIndex(source, [base, await putBase(source, busybox, "linux/arm64")]));
    const image = `${here.host}/joined/twice:1`;
    const other = `${here.host}/parts/twice@${files.digest}`;
    const made = await create("-t", image, `${here.host}/parts/twice:all`, other);
    assert.equal(made.code, 2, made.stderr);
    const names = `${here.host}/parts/twice:all (${base.digest}) and ${other}`;
    assert.ok(made.stderr.includes(`Two images are for linux/amd64: ${names}.`), made.stderr);
    await assertNoTag(image);
  });

  test("the wrong stage of Buildah 1.39.3: an arm64 entry over the amd64 root file system is refused", async () => {
    const source = repository(`${here.host}/parts/wrong`);
    const amd64 = await putBase(source, busybox, "linux/amd64");
    const wrong = await putWrongStage(source, busybox, { layersOf: "linux/amd64", declared: "linux/arm64" });
    const image = `${here.host}/joined/wrong:1`;
    const sources = [amd64, wrong].map(({ digest }) => `${here.host}/parts/wrong@${digest}`);
    const made = await create("-t", image, ...sources);
    assert.equal(made.code, 1, made.stderr);
    assert.match(made.stderr, /refuses linux\/arm64: no tag was moved/);
    assert.match(made.stderr, /\/bin\/busybox/);
    assert.match(made.stderr, /x86-64|amd64/);
    assert.match(made.stderr, /base/i);
    await assertNoTag(image);

    const allow = ["/bin/**", "/lib*/**", "/sbin/**", "/usr/**"].map((glob) => `--allow=${glob}=tested as it is`);
    const allowed = await create("-t", `${image}-allowed`, ...allow, ...sources);
    assert.equal(allowed.code, 0, allowed.stderr);

    const waived = await create("-t", image, "--no-verify", "--format", "json", ...sources);
    assert.equal(waived.code, 0, waived.stderr);
    const { platforms } = JSON.parse(waived.stdout) as { platforms: { verdict: string }[] };
    assert.deepEqual(
      platforms.map(({ verdict }) => verdict),
      ["skipped", "skipped"],
    );
    assert.deepEqual(shown(await rawIndex(image)), [
      ["linux/amd64", amd64.digest],
      ["linux/arm64", wrong.digest],
    ]);
  });

  test("equal bytes under two platforms keep two entries (S15), unless the config contradicts", async () => {
    const source = repository(`${here.host}/parts/equal`);
    const v7 = await putFiles(source, "linux/arm/v7", { data: "no machine code" });
    await source.tag("arms", await putIndex(source, [v7, saidToBe(v7, "linux/arm/v6")]));
    const image = `${here.host}/joined/equal`;
    const made = await create("-t", `${image}:arms`, `${here.host}/parts/equal:arms`);
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual(shown(await rawIndex(`${image}:arms`)), [
      ["linux/arm/v7", v7.digest],
      ["linux/arm/v6", v7.digest],
    ]);

    await source.tag("both", await putIndex(source, [v7, saidToBe(v7, "linux/amd64")]));
    const refused = await create("-t", `${image}:both`, `${here.host}/parts/equal:both`);
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stderr, /declared linux\/amd64, but its config says linux\/arm\/v7/);
    await assertNoTag(`${image}:both`);
    const waived = await create("-t", `${image}:both`, "--no-verify", `${here.host}/parts/equal:both`);
    assert.equal(waived.code, 0, waived.stderr);
    assert.deepEqual(shown(await rawIndex(`${image}:both`)), [
      ["linux/arm/v7", v7.digest],
      ["linux/amd64", v7.digest],
    ]);
  });

  test("a registry that refuses the index leaves no tag, and the same command ends well afterwards", async () => {
    await using proxy = await startFaultProxy(there.host);
    const source = repository(`${here.host}/parts/fail`);
    const amd64 = await putBase(source, busybox, "linux/amd64");
    const arm64 = await putBase(source, busybox, "linux/arm64");
    const args = ["-t", `${proxy.host}/joined/fail:1`, "-t", `${proxy.host}/joined/fail:2`];
    const sources = [amd64, arm64].map(({ digest }) => `${here.host}/parts/fail@${digest}`);
    const isIndex = (method: string, url: string) =>
      method === "PUT" && url.includes("/manifests/") && ![amd64, arm64].some(({ digest }) => url.endsWith(digest));
    proxy.choose = ({ method, url }) => (isIndex(method, url) ? { kind: "status", status: 403 } : undefined);
    const refused = await create(...args, ...sources);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /joined\/fail/);
    await assertNoTag(`${there.host}/joined/fail:1`);

    proxy.choose = ({ method, url }) =>
      method === "PUT" && url.endsWith("/manifests/2") ? { kind: "status", status: 403 } : undefined;
    const half = await create(...args, ...sources);
    assert.equal(half.code, 3, half.stderr);
    assert.match(half.stderr, /fail:1 moved to sha256:[0-9a-f]{64}, but .*fail:2 did not/);
    assert.match(half.stderr, /Run the same command again/);
    await assertNoTag(`${there.host}/joined/fail:2`);

    proxy.choose = () => undefined;
    const whole = await create(...args, ...sources);
    assert.equal(whole.code, 0, whole.stderr);
    assert.equal(await digestOf(`${there.host}/joined/fail:1`), await digestOf(`${there.host}/joined/fail:2`));
    await tool("crane", "validate", "--insecure", "--remote", `${there.host}/joined/fail:1`);
  });

  test("the target registry is killed between the children: exit 3, no tag, then success", async () => {
    await using proxy = await startFaultProxy(there.host);
    const source = repository(`${here.host}/parts/killed`);
    const images = [
      await putFiles(source, "linux/amd64", { one: "1" }),
      await putFiles(source, "linux/arm64", { two: "2" }),
    ];
    const image = `${proxy.host}/joined/killed:1`;
    const args = ["-t", image, ...images.map(({ digest }) => `${here.host}/parts/killed@${digest}`)];
    const second = images[1]?.digest ?? "";
    const reached = Promise.withResolvers<void>();
    proxy.choose = ({ method, url }) => {
      if (method !== "PUT" || !url.endsWith(second)) return undefined;
      reached.resolve();
      return { kind: "stall", after: 0 };
    };
    const started = startArchway(["image", "create", ...args], { cwd: place.dir, env: place.env });
    await reached.promise;
    await there.kill("SIGKILL");
    await proxy[Symbol.asyncDispose]();
    const ended = await started.ended;
    await there.restart();
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, new RegExp(proxy.host));
    const direct = `${there.host}/joined/killed:1`;
    await assertNoTag(direct);
    const again = await create("-t", direct, ...args.slice(2));
    assert.equal(again.code, 0, again.stderr);
    await tool("crane", "validate", "--insecure", "--remote", direct);
  });

  test("what cannot be joined is said", async () => {
    const source = repository(`${here.host}/parts/odd`);
    const proof = await putAttested(source, await putFiles(source, "linux/amd64", { x: "y" }));
    const attestation = (await rawIndex(`${here.host}/parts/odd@${proof.digest}`)).manifests[1]?.digest ?? "";
    const image = `${here.host}/joined/odd:1`;
    const cases: readonly (readonly [source: string, code: number, message: RegExp])[] = [
      [`${here.host}/parts/odd:nothere`, 3, /odd has no tag nothere|tag nothere/],
      [`${here.host}/parts/odd@sha256:${"0".repeat(64)}`, 3, /sha256:0000/],
      [`${here.host}/parts/odd@${attestation}`, 2, /holds no image that can run/],
      ["oci:nowhere", 3, /nowhere/],
      ["UPPER/case", 2, /UPPER/],
    ];
    for (const [name, code, message] of cases) {
      const made = await create("-t", image, name);
      assert.equal(made.code, code, `${name}\n${made.stderr}`);
      assert.match(made.stderr, message);
    }
    const untagged = await create(`${here.host}/parts/odd@${proof.digest}`);
    assert.equal(untagged.code, 2, untagged.stderr);
    await assertNoTag(image);
  });
});
