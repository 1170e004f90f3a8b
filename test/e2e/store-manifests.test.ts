/** Manifests and tags over a network that breaks: no tag is ever half there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { behindProxy, breakAlways, breakFirst, count, is } from "./store-behind-proxy.ts";
import { assertHolds, withCode } from "./store-contract.ts";
import { sampleImage, sampleIndex, sampleReferrer, store } from "./store-samples.ts";

const amd64 = { os: "linux", architecture: "amd64" };

await behindProxy("manifests and tags", (current) => {
  test("are found although HEAD tells nothing or is not allowed", async () => {
    const { proxy, where, direct } = current();
    const image = sampleImage("head", amd64);
    await store(direct, image);
    await direct.tag("v1", image.root.descriptor);
    breakFirst(proxy, is("HEAD", /v1/), { kind: "rewrite", answerHeaders: { "docker-content-digest": null } });
    assert.deepEqual(await where.resolve("v1"), image.root.descriptor);
    breakFirst(proxy, is("HEAD", /v1/), { kind: "status", status: 405 });
    assert.deepEqual(await where.resolve("v1"), image.root.descriptor);
  });

  test("that a registry does not let move are success when they are right already", async () => {
    const { proxy, where, direct } = current();
    const image = sampleImage("immutable", amd64);
    await store(direct, image);
    await direct.tag("v1", image.root.descriptor);
    const refusal = {
      kind: "status",
      status: 400,
      headers: { "content-type": "application/json" },
      body: '{"errors":[{"code":"TAG_INVALID","message":"The image tag v1 already exists and cannot be overwritten because the tag is immutable."}]}',
    } as const;
    let heads = 0;
    proxy.choose = ({ method }) => {
      if (method === "HEAD") return heads++ === 0 ? { kind: "status", status: 404 } : undefined;
      return method === "PUT" ? refusal : undefined;
    };
    await where.tag("v1", image.root.descriptor);
    const other = sampleImage("another", amd64);
    await store(direct, other);
    await assert.rejects(where.tag("v1", other.root.descriptor), /cannot set tag v1 .*immutable/);
  });

  test("of a half-failed publication stay where they were", async () => {
    const { proxy, where, direct } = current();
    const [old, next] = [sampleIndex("old"), sampleIndex("next")];
    await store(direct, old);
    await direct.tag("v1", old.root.descriptor);
    await store(where, next);
    breakAlways(proxy, is("PUT", /manifests\/v1/), { kind: "status", status: 500 });
    await assert.rejects(where.tag("v1", next.root.descriptor), withCode("REGISTRY_ERROR"));
    assert.deepEqual(await direct.resolve("v1"), old.root.descriptor);
  });

  test("are right although answers get lost", async () => {
    const { proxy, where, direct } = current();
    const image = sampleIndex("lost");
    const lost = new Set<string>();
    proxy.choose = ({ method, url }) => {
      if (method !== "PUT" || !url.includes("/manifests/") || lost.has(url)) return undefined;
      lost.add(url);
      return { kind: "lose-answer" };
    };
    await store(where, image);
    await where.tag("v1", image.root.descriptor);
    assert.equal(lost.size, 6);
    assert.deepEqual(await direct.resolve("v1"), image.root.descriptor);
    await assertHolds(direct, image);
  });

  test("are listed page by page", async () => {
    const { kind, proxy, where, direct } = current();
    const image = sampleImage("pages", amd64);
    await store(direct, image);
    const tags = Array.from({ length: 7 }, (_, n) => `v${n}`);
    for (const tag of tags) await direct.tag(tag, image.root.descriptor);
    proxy.choose = ({ url }) =>
      url.includes("n=1000") ? { kind: "rewrite", url: url.replace("n=1000", "n=3") } : undefined;
    assert.deepEqual((await Array.fromAsync(where.tags())).sort(), tags);
    // Debian's 2.8 gives all tags at once.
    assert.equal(count(proxy, "GET", /tags\/list/), kind === "debian" ? 1 : 3);
  });

  test("are not listed from another place than the registry", async () => {
    const { proxy, where, direct } = current();
    const image = sampleImage("pages", amd64);
    await store(direct, image);
    await direct.tag("v1", image.root.descriptor);
    const link = `<http://localhost:9/v2/x/tags/list>; rel="next"`;
    breakAlways(proxy, is("GET", /tags/), { kind: "rewrite", answerHeaders: { link } });
    await assert.rejects(Array.fromAsync(where.tags()), withCode("REGISTRY_ERROR"));
    const { path } = current();
    const circle = `</v2/${path}/tags/list?n=1000>; rel="next"`;
    breakAlways(proxy, is("GET", /tags/), { kind: "rewrite", answerHeaders: { link: circle } });
    proxy.seen.length = 0;
    await assert.rejects(Array.fromAsync(where.tags()), withCode("REGISTRY_ERROR"));
    assert(proxy.seen.length < 5, "a listing that goes round in circles ends");
  });

  test("keep no list of referrers where the registry keeps it", async () => {
    const { proxy, where, direct } = current();
    const image = sampleImage("subject", amd64);
    await store(where, image);
    const { digest } = image.root.descriptor;
    breakAlways(proxy, is("PUT", /manifests/), { kind: "rewrite", answerHeaders: { "oci-subject": digest } });
    await store(where, sampleReferrer("one", image.root.descriptor));
    await assert.rejects(direct.resolve(digest.replace(":", "-")), withCode("NOT_FOUND"));
  });
});
