/** Uploads over a network that breaks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BehindProxy } from "./store-behind-proxy.ts";
import { behindProxy, breakFirst, count, is } from "./store-behind-proxy.ts";
import { withCode } from "./store-contract.ts";
import type { Content } from "./store-samples.ts";
import { collect, content, noise, sourceOf } from "./store-samples.ts";

/** Stores a blob through the proxy and looks whether it has arrived. */
async function put({ where, direct }: BehindProxy, { descriptor, bytes }: Content): Promise<void> {
  await where.putBlob(descriptor, sourceOf(bytes));
  assert.deepEqual(await collect(direct.fetch(descriptor)), Buffer.from(bytes));
}

await behindProxy("uploads", (current) => {
  const large = content(noise("upload", 40_000_000));

  test("are repeated after a cut, in chunks", async () => {
    const { proxy } = current();
    breakFirst(proxy, is("PUT", /\/uploads\//), { kind: "cut-request", after: 5_000_000 });
    await put(current(), large);
    assert.equal(count(proxy, "PATCH", /./), 3);
  });

  test("in chunks go on after a chunk was cut, as far as the registry can", async () => {
    const { proxy } = current();
    const cut = { kind: "cut-request", after: 2_000_000 } as const;
    let patches = 0;
    proxy.choose = ({ method }) => {
      if (method === "PUT") return proxy.seen.some((request) => request.method === "PUT") ? undefined : cut;
      return method === "PATCH" && ++patches === 2 ? cut : undefined;
    };
    await put(current(), large);
  });

  test("go in chunks where a request may not be large, in chunks as large as the registry wants", async () => {
    const { proxy } = current();
    proxy.choose = ({ method, url, headers }) => {
      if (method === "POST") return { kind: "rewrite", answerHeaders: { "oci-chunk-min-length": "25000000" } };
      const tooLarge = method === "PUT" && /uploads/.test(url) && Number(headers["content-length"]) > 1_000_000;
      return tooLarge ? { kind: "status", status: 413 } : undefined;
    };
    await put(current(), large);
    const ranges = proxy.seen.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["content-range"]);
    assert.deepEqual(ranges, ["0-24999999", "25000000-39999999"]);
  });

  test("whose answer is lost are found to be done", async () => {
    const { proxy } = current();
    const blob = content(noise("lost", 10_000));
    breakFirst(proxy, is("PUT", /\/uploads\//), { kind: "lose-answer" });
    await put(current(), blob);
    assert.equal(count(proxy, "PUT", /./), 1);
  });

  test("that arrive changed are sent again, and are an error when that does not help", async () => {
    const { proxy, where, direct } = current();
    const blob = content(noise("changed", 10_000));
    breakFirst(proxy, is("PUT", /\/uploads\//), { kind: "corrupt-request", at: 5_000 });
    await put(current(), blob);
    const other = content(noise("changed always", 10_000));
    proxy.choose = ({ method }) =>
      ["PUT", "PATCH"].includes(method) ? { kind: "corrupt-request", at: 5_000 } : undefined;
    await assert.rejects(where.putBlob(other.descriptor, sourceOf(other.bytes)), withCode("DIGEST_MISMATCH"));
    assert.equal(await direct.has(other.descriptor.digest, "blob"), false);
  });

  for (const [what, fault] of [
    ["401", { kind: "status", status: 401 }],
    ["403", { kind: "status", status: 403 }],
    ["404", { kind: "status", status: 404 }],
    ["500", { kind: "status", status: 500 }],
    ["a session", { kind: "rewrite", url: "" }],
  ] as const) {
    test(`take the place of a mount that is answered with ${what}`, async () => {
      const { proxy, registries, where } = current();
      const blob = content(noise(`mount ${what}`, 10_000));
      const source = registries.repository({ host: proxy.host, path: "faults/source" });
      await source.putBlob(blob.descriptor, sourceOf(blob.bytes));
      proxy.choose = ({ url }) => {
        if (!url.includes("mount=")) return undefined;
        return fault.kind === "rewrite" ? { ...fault, url: url.split("?")[0] ?? "" } : fault;
      };
      proxy.seen.length = 0;
      assert.equal(await where.mount(blob.descriptor, source), false);
      await put(current(), blob);
      // The session that the registry opened instead is used.
      assert.equal(count(proxy, "POST", /uploads\/$/), fault.kind === "rewrite" ? 0 : 1);
    });
  }

  test("are not needed when the registry mounts", async () => {
    const { proxy, registries, where, direct } = current();
    const blob = content(noise("mounted", 10_000));
    const source = registries.repository({ host: proxy.host, path: "faults/source" });
    await source.putBlob(blob.descriptor, sourceOf(blob.bytes));
    assert.equal(await where.mount(blob.descriptor, source), true);
    assert.deepEqual(await collect(direct.fetch(blob.descriptor)), Buffer.from(blob.bytes));
  });
});
