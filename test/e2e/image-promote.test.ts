import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { ImageStore } from "../../src/store/store.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import type { BaseImage, Bed } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import type { Registry } from "../bed/registry.ts";
import { startFaultProxy } from "../faults/proxy.ts";
import { archway, workplace } from "./archway.ts";
import type { Ended, Workplace } from "./archway.ts";
import { putBase, putFiles, putIndex, putWrongStage } from "./image-parts.ts";

const needs = ["registry", "registry-debian", "registry-token", "registry-tls", "bases", "crane"] as const;

describe("archway image tag and promote", { skip: await unavailable(...needs) }, () => {
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
  const digestOf = async (name: string) =>
    (await run("crane", ["digest", "--insecure", name], { env: bed.env })).trim();
  const assertNoTag = (name: string) => assert.rejects(digestOf(name), `${name} must not exist`);

  async function putRelease(name: string, note: string): Promise<Descriptor> {
    const where = repository(name);
    const index = await putIndex(where, [
      await putBase(where, busybox, "linux/amd64"),
      await putFiles(where, "linux/arm64", { note }),
    ]);
    await where.tag(note, index);
    return index;
  }

  test("tag moves tags of a repository and names of a layout to the same digest", async () => {
    for (const host of [here.host, there.host]) {
      const index = await putRelease(`${host}/tag/app`, "1.0");
      const ended = await succeeds("tag", `${host}/tag/app:1.0`, "latest", "stable", "--format=json");
      const { tags } = JSON.parse(ended.stdout) as { tags: object[] };
      assert.deepEqual(tags, [
        { reference: `${host}/tag/app:latest`, before: null },
        { reference: `${host}/tag/app:stable`, before: null },
      ]);
      for (const tag of ["latest", "stable"]) assert.equal(await digestOf(`${host}/tag/app:${tag}`), index.digest);
      const next = await putRelease(`${host}/tag/app`, "2.0");
      await succeeds("tag", `${host}/tag/app@${next.digest}`, "latest");
      assert.equal(await digestOf(`${host}/tag/app:latest`), next.digest);
      assert.equal(await digestOf(`${host}/tag/app:stable`), index.digest);
    }
    const layout = new LayoutStore(join(place.dir, "layout"));
    const one = await putFiles(layout, "linux/amd64", { x: "x" });
    await layout.tag("one", one);
    const ended = await succeeds("tag", "oci:layout:one", "two", "three");
    assert.match(ended.stdout, /^tagged oci:layout:two\ntagged oci:layout:three\n +sha256:[0-9a-f]{64}\n$/);
    assert.deepEqual((await Array.fromAsync(layout.tags())).sort(), ["one", "three", "two"]);
  });

  test("tag takes tags alone, and proves before it moves one", async () => {
    const where = repository(`${here.host}/tag/wrong`);
    const wrong = await putWrongStage(where, busybox, { layersOf: "linux/amd64", declared: "linux/arm64" });
    await where.tag("1", wrong);
    const refused = await image("tag", `${here.host}/tag/wrong:1`, "latest");
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stderr, /refuses linux\/arm64: no tag was moved/);
    await assertNoTag(`${here.host}/tag/wrong:latest`);
    await succeeds("tag", "--no-verify", `${here.host}/tag/wrong:1`, "latest");
    assert.equal(await digestOf(`${here.host}/tag/wrong:latest`), wrong.digest);
    const elsewhere = await image("tag", `${here.host}/tag/wrong:1`, `${here.host}/tag/other:1`);
    assert.equal(elsewhere.code, 2, elsewhere.stderr);
    assert.match(elsewhere.stderr, /image copy/);
    const archive = await image("tag", "oci-archive:x.tar", "latest");
    assert.equal(archive.code, 2, archive.stderr);
  });

  test("promote takes one digest from experimental to stable, under several tags", async () => {
    const index = await putRelease(`${here.host}/experimental/app`, "1.1");
    const old = await putRelease(`${there.host}/stable/app`, "1");
    await repository(`${there.host}/stable/app`).tag("latest", old);
    const target = `${there.host}/stable/app`;
    const source = `${here.host}/experimental/app:1.1`;
    const ended = await succeeds(
      "promote",
      source,
      `${target}:1.1`,
      `${target}:1`,
      `${target}:latest`,
      "--format=json",
    );
    const { tags } = JSON.parse(ended.stdout) as { tags: { before: string | null }[] };
    assert.deepEqual(
      tags.map(({ before: digest }) => digest),
      [null, old.digest, old.digest],
    );
    for (const tag of ["1.1", "1", "latest"]) assert.equal(await digestOf(`${target}:${tag}`), index.digest);
    await succeeds("promote", source, `${target}:1.1`, `${target}:latest`);
    await succeeds("promote", source, "oci:stable:1.1");
    assert.equal((await new LayoutStore(join(place.dir, "stable")).resolve("1.1")).digest, index.digest);
  });

  test("promote moves no tag that nobody has named", async () => {
    await putRelease(`${here.host}/experimental/bare`, "1");
    const target = `${here.host}/stable/bare`;
    const bare = await image("promote", `${here.host}/experimental/bare:1`, `${target}:1`, target);
    assert.equal(bare.code, 2, bare.stderr);
    assert.ok(bare.stderr.includes(`Write ${target}:latest if that is meant.`), bare.stderr);
    await assertNoTag(`${target}:1`);
    await assertNoTag(`${target}:latest`);
  });

  test("promote refuses when a target tag has moved meanwhile, with both digests, and moves none", async () => {
    await putRelease(`${here.host}/experimental/race`, "2");
    const target = repository(`${there.host}/stable/race`);
    const old = await putRelease(`${there.host}/stable/race`, "1");
    const other = await putRelease(`${there.host}/stable/race`, "hotfix");
    await target.tag("latest", old);
    await using proxy = await startFaultProxy(there.host);
    let moved = false;
    // Somebody publishes a fix when the copy has begun.
    proxy.choose = ({ method, url }) => {
      if (method === "PUT" && url.includes("/blobs/") && !moved) {
        moved = true;
        void target.tag("latest", other);
      }
      return undefined;
    };
    const args = ["promote", `${here.host}/experimental/race:2`];
    const refused = await image(...args, `${proxy.host}/stable/race:2`, `${proxy.host}/stable/race:latest`);
    assert.ok(moved);
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stderr, /stable\/race:latest has moved/);
    assert.ok(refused.stderr.includes(old.digest) && refused.stderr.includes(other.digest), refused.stderr);
    await assertNoTag(`${there.host}/stable/race:2`);
    assert.equal(await digestOf(`${there.host}/stable/race:latest`), other.digest);
    await succeeds(...args, `${there.host}/stable/race:2`, `${there.host}/stable/race:latest`);
  });

  test("promote --expect names what a tag has to be, before anything is copied", async () => {
    const index = await putRelease(`${here.host}/experimental/expect`, "3");
    const old = await putRelease(`${there.host}/stable/expect`, "1");
    const source = `${here.host}/experimental/expect:3`;
    const target = `${there.host}/stable/expect`;
    const absent = await image("promote", "--expect=absent", source, `${target}:1`);
    assert.equal(absent.code, 1, absent.stderr);
    assert.match(absent.stderr, /it was not to exist, and now it points at sha256:/);
    const other = await image("promote", `--expect=${index.digest}`, source, `${target}:new`);
    assert.equal(other.code, 1, other.stderr);
    assert.match(other.stderr, /and now it does not exist/);
    assert.equal(await repository(target).has(index.digest, "manifest"), false, "nothing was copied");
    await succeeds("promote", `--expect=${old.digest}`, source, `${target}:1`);
    await succeeds("promote", "--expect=absent", source, `${target}:3`);
    await succeeds("promote", "--expect=absent", source, `${target}:3`);
    const wrong = await image("promote", "--expect=latest", source, `${target}:1`);
    assert.equal(wrong.code, 2, wrong.stderr);
  });

  test("a registry that knows conditions refuses by itself, and one whose conditions mean something else is asked again", async () => {
    const index = await putRelease(`${here.host}/experimental/condition`, "4");
    const old = await putRelease(`${there.host}/stable/condition`, "1");
    await using proxy = await startFaultProxy(there.host);
    const conditions: unknown[] = [];
    proxy.choose = ({ method, url, headers }) => {
      if (method !== "PUT" || !/\/manifests\/[14]$/.test(url)) return undefined;
      const condition = headers["if-match"] ?? headers["if-none-match"];
      conditions.push(condition);
      return condition === undefined ? undefined : { kind: "status", status: 412 };
    };
    await succeeds(
      "promote",
      `${here.host}/experimental/condition:4`,
      `${proxy.host}/stable/condition:1`,
      `${proxy.host}/stable/condition:4`,
    );
    assert.deepEqual(conditions, [`"${old.digest}"`, undefined, "*", undefined]);
    assert.equal(await digestOf(`${there.host}/stable/condition:4`), index.digest);
  });

  test("when a later tag fails, what has moved is said", async () => {
    await putRelease(`${here.host}/experimental/half`, "5");
    await using proxy = await startFaultProxy(there.host);
    proxy.choose = ({ method, url }) =>
      method === "PUT" && url.endsWith("/manifests/latest") ? { kind: "status", status: 403 } : undefined;
    const target = `${proxy.host}/stable/half`;
    const args = ["promote", `${here.host}/experimental/half:5`, `${target}:5`, `${target}:latest`];
    const half = await image(...args);
    assert.equal(half.code, 3, half.stderr);
    assert.match(half.stderr, /half:5 moved to sha256:[0-9a-f]{64}, but .*half:latest did not/);
    await assertNoTag(`${there.host}/stable/half:latest`);
    proxy.choose = () => undefined;
    await succeeds(...args);
  });

  test("into registries with TLS and with logins; one that may not push is told before the proof", async () => {
    await putRelease(`${here.host}/experimental/login`, "6");
    const [secure, token] = [await bed.registry("tls"), await bed.registry("token")];
    const config = `version: 1\nregistries:\n  "${secure.host}":\n    ca: ${secure.ca}\n`;
    await using own = await workplace(bed, { files: { ".archway.yaml": config } });
    const promote = async (user: "writer" | "reader", target: string) =>
      archway(["image", "promote", `${here.host}/experimental/login:6`, target], {
        cwd: own.dir,
        env: { ...own.env, DOCKER_CONFIG: await token.login(user) },
      });
    const encrypted = await promote("writer", `${secure.host}/stable/login:6`);
    assert.equal(encrypted.code, 0, encrypted.stderr);
    const written = await promote("writer", `${token.host}/stable/login:6`);
    assert.equal(written.code, 0, written.stderr);
    const refused = await promote("reader", `${token.host}/stable/login:7`);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /reader/);
    assert.doesNotMatch(refused.stderr, /linux\/amd64 sha256/);
  });
});
