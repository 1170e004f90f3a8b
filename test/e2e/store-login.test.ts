/** Credentials and certificates: what a person is told, and what nobody is told. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { ArchwayError } from "../../src/error/error.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { Bed } from "../bed/bed.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import { startFaultProxy } from "../faults/proxy.ts";
import { hurried, writeLogin } from "./store-behind-proxy.ts";
import { collect, content, noise, sourceOf } from "./store-samples.ts";

const needed = ["registry-token", "registry-basic", "registry-tls"] as const;

describe("a registry that wants to know who we are", { skip: await unavailable(...needed) }, () => {
  let bed: Bed;

  before(async () => {
    bed = await startBed({ need: needed });
  });

  after(async () => {
    await bed.stop();
  });

  test("is proven anew when a token expires in the middle", async () => {
    const own = await bed.registry("token");
    await using between = await startFaultProxy(own.host);
    const login = await writeLogin(bed.dir, between.host, "writer", "write-it");
    const one = new Registries({ registries: {}, insecure: [] }, { REGISTRY_AUTH_FILE: login }, hurried);
    const where = one.repository({ host: between.host, path: "tokens/app" });
    const blob = content(noise("token", 500_000));
    const dropped = new Set<string>();
    between.choose = ({ method, url, headers }) => {
      const key = `${method} ${/uploads/.test(url) ? "upload" : url}`;
      if (headers.authorization === undefined || dropped.has(key)) return undefined;
      dropped.add(key);
      return { kind: "drop-header", name: "authorization" };
    };
    await where.putBlob(blob.descriptor, sourceOf(blob.bytes));
    let cuts = 0;
    between.choose = ({ headers }) => {
      if (headers.range === undefined) return { kind: "cut-answer", after: 200_000 };
      return cuts++ === 0 ? { kind: "drop-header", name: "authorization" } : undefined;
    };
    assert.deepEqual(await collect(where.fetch(blob.descriptor)), Buffer.from(blob.bytes));
    assert.equal(between.seen.at(-1)?.headers.range, "bytes=200000-");
    await one.close();
  });

  test("is part of the error when a write is not allowed, and the secret is not", async () => {
    const own = await bed.registry("token");
    const login = { DOCKER_CONFIG: await own.login("reader") };
    const one = new Registries({ registries: {}, insecure: [] }, login, hurried);
    const { descriptor, bytes } = content(noise("denied", 10));
    const where = one.repository({ host: own.host, path: "team/app" });
    await assert.rejects(where.putBlob(descriptor, sourceOf(bytes)), (error) => {
      assert(error instanceof ArchwayError);
      assert.equal(error.code, "DENIED");
      assert.equal(error.kind, "unreachable");
      assert(error.message.includes(`${own.host}/team/app`) && error.message.includes("reader"), error.message);
      assert(!`${error.message} ${error.hint}`.includes("read-it"));
      return true;
    });
    await one.close();
  });

  test("is asked for where nobody is logged in, and wrong passwords are named as such", async () => {
    const own = await bed.registry("basic");
    const nobody = new Registries({ registries: {}, insecure: [] }, {}, hurried);
    const path = "team/app";
    await assert.rejects(nobody.repository({ host: own.host, path }).resolve("v1"), (error) => {
      assert(error instanceof ArchwayError);
      assert.equal(error.code, "UNAUTHORIZED");
      assert.match(error.hint ?? "", new RegExp(`docker login ${own.host}`));
      return true;
    });
    const file = await writeLogin(bed.dir, own.host, "writer", "wrong-secret");
    const wrong = new Registries({ registries: {}, insecure: [] }, { REGISTRY_AUTH_FILE: file }, hurried);
    await assert.rejects(wrong.repository({ host: own.host, path }).resolve("v1"), (error) => {
      assert(error instanceof ArchwayError);
      assert.equal(error.code, "UNAUTHORIZED");
      assert.match(error.message, /password of writer/);
      assert(!`${error.message} ${error.hint}`.includes("wrong-secret"));
      return true;
    });
    await Promise.all([nobody.close(), wrong.close()]);
  });
  test("to a server with an unknown certificate are refused, with what to do", async () => {
    const own = await bed.registry("tls");
    const one = new Registries({ registries: {}, insecure: [own.host] }, {}, hurried);
    await assert.rejects(one.repository({ host: own.host, path: "a" }).resolve("v1"), (error) => {
      assert(error instanceof ArchwayError);
      assert.equal(error.code, "TLS");
      assert.equal(error.kind, "unreachable");
      assert.match(error.message, /not signed by an authority that is trusted here/);
      assert.match(error.hint ?? "", /ca: FILE/);
      return true;
    });
    await one.close();
  });

  test("to nobody are one error", async () => {
    const silent = createServer();
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    assert(typeof address === "object" && address !== null);
    silent.close();
    const host = `127.0.0.1:${address.port}`;
    const one = new Registries({ registries: {}, insecure: [] }, {}, hurried);
    await assert.rejects(one.repository({ host, path: "a" }).resolve("v1"), (error) => {
      assert(error instanceof ArchwayError);
      assert.equal(error.code, "UNREACHABLE");
      assert(error.message.includes(host));
      return true;
    });
  });
});
