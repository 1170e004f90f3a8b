import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { verifySchema } from "../../src/cli/schemas/verify.ts";
import { copyImage } from "../../src/image/copy.ts";
import { parseReference } from "../../src/oci/reference.ts";
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
import { putAttested, putBase, putIndex, putWrongStage } from "./image-parts.ts";

const needs = ["registry", "bases", "skopeo"] as const;

type Verified = z.infer<typeof verifySchema>;

describe("archway verify", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let registry: Registry;
  let busybox: BaseImage;
  let place: Workplace;
  let right: string;
  let wrong: string;
  const registries = new Registries({ registries: {}, insecure: [] }, {});
  const repository = (name: string): ImageStore => registries.open(parseReference(`${registry.host}/${name}`));

  before(async () => {
    bed = await startBed({ need: needs });
    registry = await bed.registry();
    busybox = await bed.base("busybox");
    place = await workplace(bed);
    right = busybox.reference;
    const store = repository("parts/wrong");
    const amd64 = await putBase(store, busybox, "linux/amd64");
    const arm64 = await putWrongStage(store, busybox, { layersOf: "linux/amd64", declared: "linux/arm64" });
    await store.tag("1", await putIndex(store, [amd64, arm64]));
    wrong = `${registry.host}/parts/wrong:1`;
  });
  after(async () => {
    await place[Symbol.asyncDispose]();
    await registries.close();
    await bed.stop();
  });

  const verify = (...args: readonly string[]): Promise<Ended> =>
    archway(["verify", ...args], { cwd: place.dir, env: place.env });
  /** The JSON of a run, held against the published schema. */
  const json = async (...args: readonly string[]): Promise<Verified & { readonly code: number | null }> => {
    const { code, stdout, stderr } = await verify("--format", "json", ...args);
    assert.notEqual(stdout, "", stderr);
    return { ...z.strictObject(verifySchema.shape).parse(JSON.parse(stdout)), code };
  };
  const verdicts = ({ images }: Verified) =>
    images.flatMap(({ verdict, platforms }) => [verdict, ...platforms.map((one) => `${one.platform} ${one.verdict}`)]);

  test("a right image passes, with one line a platform", async () => {
    const { code, stdout, stderr } = await verify(right);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^pass ${right} sha256:[0-9a-f]{64}\n`));
    for (const platform of ["linux/amd64", "linux/arm64", "linux/arm/v7"]) {
      assert.match(stdout, new RegExp(`^  ${platform} +pass +\\S+ \\S+ +1 layer, \\d+ files, 1 of machine code`, "m"));
    }
    assert.match(stdout, /runs on linux\/arm\/v7 and up/);
    assert.match(stderr, /proving linux\/amd64, linux\/arm64, linux\/arm\/v7/);
  });

  test("a wrong one is refused with file, layer, instruction, cause and fix", async () => {
    const { code, stdout } = await verify(wrong);
    assert.equal(code, 1);
    assert.match(stdout, /^FAIL /);
    assert.match(stdout, /^ {2}linux\/amd64 +pass/m);
    assert.match(stdout, /^ {2}linux\/arm64 +FAIL/m);
    assert.match(stdout, /error \/bin\/busybox \(entrypoint-wrong-architecture\)/);
    assert.match(stdout, /layer: 1, sha256:[0-9a-f]{64}/);
    assert.match(stdout, /cause: [\s\S]*\(S01\)/);
    assert.match(stdout, /fix: /);
    const result = await json(wrong);
    assert.deepEqual(verdicts(result), ["fail", "linux/amd64 pass", "linux/arm64 fail"]);
    assert.deepEqual(result.images[0]?.platforms[1]?.layers[0]?.code, { "linux/amd64": 1 });
  });

  test("several images: one that is bad beats one that cannot be reached, and all are told", async () => {
    const gone = `${registry.host}/parts/absent:1`;
    const only = await json(right, gone);
    assert.equal(only.code, 3);
    assert.deepEqual(
      only.images.map(({ reference, verdict }) => [reference, verdict]),
      [
        [right, "pass"],
        [gone, "undecided"],
      ],
    );
    assert.equal(only.images[1]?.findings[0]?.rule, "not-reached");
    assert.equal((await json(gone, wrong)).code, 1);
    assert.equal((await json("127.0.0.1:1/nobody/here:1")).code, 3);
  });

  test("every kind of place gives the same verdicts and digests", async () => {
    const store = new LayoutStore(join(place.dir, "layout"));
    const source = repository("library/busybox");
    const index = await source.resolve("latest");
    await copyImage(source, store, index);
    await store.tag("bb", index);
    await writeLayoutArchive(join(place.dir, "layout"), join(place.dir, "layout.tar"));
    const docker = join(place.dir, "docker.tar");
    const copy = ["copy", "--src-tls-verify=false", "--override-arch", "arm64", `docker://${right}`];
    await run("skopeo", [...copy, `docker-archive:${docker}:busybox:arm`], { env: bed.env });
    const byDigest = `${busybox.repository}@${index.digest}`;
    const result = await json(
      right,
      byDigest,
      "oci:layout",
      "oci:layout:bb",
      "oci-archive:layout.tar:bb",
      `docker-archive:${docker}`,
    );
    assert.equal(result.code, 0);
    const [first, ...others] = result.images;
    for (const other of others.slice(0, 4)) {
      assert.equal(other.digest, index.digest);
      assert.deepEqual(
        other.platforms.map(({ digest }) => digest),
        first?.platforms.map(({ digest }) => digest),
      );
    }
    assert.deepEqual(
      result.images.at(-1)?.platforms.map(({ platform, verdict }) => [platform, verdict]),
      [["linux/arm64", "pass"]],
    );
  });

  test("--platform chooses, --require demands, and both name what there is", async () => {
    assert.deepEqual(verdicts(await json(wrong, "--platform", "amd64")), ["pass", "linux/amd64 pass"]);
    const required = await verify(right, "--require", "linux/arm64,linux/riscv64");
    assert.equal(required.code, 1);
    assert.match(required.stdout, /no image for linux\/riscv64; there are linux\/amd64, linux\/arm64, linux\/arm\/v7/);
    assert.equal((await verify(right, "--platform", "linux/arm46")).code, 2);
    assert.equal((await verify(right, "--platform", "linux/s390x")).code, 1);
  });

  test("--severity is the threshold of the exit code, and hides nothing", async () => {
    const store = repository("parts/noted");
    const base = await putBase(store, busybox, "linux/amd64");
    await store.tag("1", await putIndex(store, [base]));
    // One entry more, whose attestation belongs to nothing.
    const attested = await putAttested(store, base);
    const index: unknown = JSON.parse(new TextDecoder().decode(await store.manifest(attested)));
    const { manifests } = z.looseObject({ manifests: z.array(z.looseObject({ digest: z.string() })) }).parse(index);
    const orphan = JSON.stringify({ ...z.looseObject({}).parse(index), manifests: [manifests[1]] });
    const bytes = new TextEncoder().encode(orphan);
    const { digestOf } = await import("../../src/oci/digest.ts");
    const descriptor = { ...attested, digest: digestOf(bytes), size: bytes.length };
    await store.putManifest(descriptor, bytes);
    await store.tag("orphan", descriptor);
    const image = `${registry.host}/parts/noted:orphan`;
    const plain = await verify(image);
    assert.equal(plain.code, 3, "an index without an image is not proven");
    assert.match(plain.stdout, /attestation-orphan/);
    assert.equal((await verify(image, "--severity", "warning")).code, 1);
    assert.equal((await verify(image, "--severity", "fatal")).code, 2);
  });

  test("exceptions have a reason, show it, and are told when they are not needed", async () => {
    const allowed = await json(wrong, "--allow", "/bin/**=a foreign shell on purpose", "--allow", "/opt/x=nothing");
    assert.equal(allowed.code, 0);
    const notes = allowed.images[0]?.platforms[1]?.findings ?? [];
    assert.ok(notes.some(({ message }) => message.includes("a foreign shell on purpose")));
    assert.deepEqual(allowed.unusedAllow, [{ path: "/opt/x", reason: "nothing" }]);
    assert.match((await verify(right, "--allow", "/opt/x=why")).stdout, /unused the exception \/opt\/x \(why\)/);
    for (const bad of ["/bin/sh", "/bin/sh=", "**=all of it", "/=x", "**/?*=everything", "/*/**=everything"]) {
      const { code, stderr } = await verify(right, "--allow", bad);
      assert.equal(code, 2, bad);
      assert.match(stderr, /--allow/);
    }
    await writeFile(
      join(place.dir, ".archway.yaml"),
      'version: 1\nverify:\n  allow:\n    - { path: "/bin/**", reason: "from the file" }\n',
    );
    try {
      assert.equal((await verify(wrong)).code, 0);
      await writeFile(
        join(place.dir, ".archway.yaml"),
        'version: 1\nverify:\n  allow:\n    - { path: "/**", reason: "everything" }\n',
      );
      const whole = await verify(wrong);
      assert.equal(whole.code, 2, whole.stdout);
      assert.match(whole.stderr, /\.archway\.yaml:4:15.*covers the whole image/s);
    } finally {
      await rm(join(place.dir, ".archway.yaml"));
    }
  });

  test("an outage in the middle is never a fault of the image, and damage on the way is read again", async () => {
    await using proxy = await startFaultProxy(registry.host);
    const image = right.replace(registry.host, proxy.host);
    const fresh = { ...place.env, XDG_CACHE_HOME: join(place.dir, "cold") };
    const cold = async (...args: readonly string[]) => {
      await rm(fresh.XDG_CACHE_HOME, { recursive: true, force: true });
      return archway(["verify", "--insecure-registry", proxy.host, ...args], { cwd: place.dir, env: fresh });
    };
    proxy.choose = ({ url }) => (url.includes("/blobs/") ? { kind: "status", status: 503 } : undefined);
    const down = await cold(image);
    assert.equal(down.code, 3, down.stdout);
    assert.doesNotMatch(down.stdout, /FAIL/);
    let damaged = 0;
    proxy.choose = ({ url, method }) =>
      method === "GET" && url.includes("/blobs/") && damaged++ < 1 ? { kind: "corrupt-answer", at: 40 } : undefined;
    const mended = await cold(image);
    assert.equal(mended.code, 0, mended.stdout);
    assert.ok(damaged > 1);
  });

  test("Ctrl-C ends it with 130", async () => {
    await using proxy = await startFaultProxy(registry.host);
    proxy.choose = ({ url }) => (url.includes("/blobs/") ? { kind: "stall", after: 10 } : undefined);
    const env = { ...place.env, XDG_CACHE_HOME: join(place.dir, "stalled") };
    const image = right.replace(registry.host, proxy.host);
    const started = startArchway(["verify", "--insecure-registry", proxy.host, image], { cwd: place.dir, env });
    await started.shows("proving");
    started.child.kill("SIGINT");
    assert.equal((await started.ended).code, 130);
  });

  test("no image and unknown options are usage errors", async () => {
    assert.equal((await verify()).code, 2);
    assert.equal((await verify(right, "--sevirity", "note")).code, 2);
    assert.equal((await verify("UPPER/case")).code, 2);
    assert.equal((await verify(right, "--format", "xml")).code, 2);
  });
});
