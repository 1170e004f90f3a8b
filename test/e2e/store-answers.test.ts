/** What a client does when a registry asks it to come back later. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ArchwayError } from "../../src/error/error.ts";
import { behindProxy, breakAlways } from "./store-behind-proxy.ts";
import { assertHolds, withCode } from "./store-contract.ts";
import { sampleIndex, store } from "./store-samples.ts";

await behindProxy("answers that say later", (current) => {
  const image = sampleIndex("later");
  for (const status of [408, 429, 500, 502, 503, 504]) {
    test(`${status} twice in every request is waited out`, async () => {
      const { proxy, where, direct } = current();
      const times = new Map<string, number>();
      proxy.choose = ({ method, url }) => {
        const kind = `${method} ${url.split("?")[0]?.replace(/[0-9a-f-]{36}/, "SESSION")}`;
        times.set(kind, (times.get(kind) ?? 0) + 1);
        return (times.get(kind) ?? 0) <= 2 ? { kind: "status", status } : undefined;
      };
      await store(where, image);
      await where.tag("v1", image.root.descriptor);
      assert.deepEqual(await where.resolve("v1"), image.root.descriptor);
      await assertHolds(where, image);
      await assertHolds(direct, image);
    });
  }

  test("Retry-After is obeyed by all requests", async () => {
    const { proxy, where } = current();
    const asked: number[] = [];
    let limited = true;
    proxy.choose = () => {
      asked.push(performance.now());
      const limit = limited;
      limited = false;
      return limit ? { kind: "status", status: 429, headers: { "retry-after": "1" } } : undefined;
    };
    await assert.rejects(where.resolve("v1"), withCode("NOT_FOUND"));
    await assert.rejects(where.resolve("v2"), withCode("NOT_FOUND"));
    const [refused = 0, next = 0] = asked;
    assert(next - refused >= 990, `asked again after ${next - refused} ms`);
  });

  test("a Retry-After beyond all patience is an error at once, with the reason", async () => {
    const { proxy, where } = current();
    breakAlways(proxy, () => true, {
      kind: "status",
      status: 429,
      headers: { "retry-after": "21600", "content-type": "application/json" },
      body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}',
    });
    await assert.rejects(where.manifest(image.root.descriptor), (error) => {
      assert(error instanceof ArchwayError);
      assert.equal(error.code, "REGISTRY_ERROR");
      assert.equal(error.kind, "unreachable");
      assert.match(error.message, /21600 seconds: TOOMANYREQUESTS: You have reached your pull rate limit\./);
      return true;
    });
    assert.equal(proxy.seen.length, 1);
  });

  test("a server that stays broken is one error, after a bounded number of tries", async () => {
    const { proxy, where } = current();
    breakAlways(proxy, () => true, { kind: "status", status: 503, body: `<html>${"x".repeat(200_000)}` });
    const { root } = sampleIndex("broken");
    await assert.rejects(where.manifest(root.descriptor), (error) => {
      assert(error instanceof ArchwayError);
      assert.equal(error.code, "REGISTRY_ERROR");
      assert.match(error.message, /cannot read sha256:[0-9a-f]+ of .* answered 503$/);
      return true;
    });
    assert.equal(proxy.seen.length, 6);
  });
});
