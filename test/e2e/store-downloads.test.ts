/** Downloads over a network that breaks. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { isAbort } from "../../src/error/error.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { Fault } from "../faults/proxy.ts";
import { behindProxy, breakAlways, breakFirst, hurried, is, writeLogin } from "./store-behind-proxy.ts";
import { withCode } from "./store-contract.ts";
import { collect, collectLent, content, noise, sampleImage, sourceOf, store } from "./store-samples.ts";

const amd64 = { os: "linux", architecture: "amd64" };

let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-downloads-"));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

await behindProxy("downloads", (current) => {
  const blob = content(noise("download", 700_000));

  beforeEach(async () => {
    const { direct } = current();
    await direct.putBlob(blob.descriptor, sourceOf(blob.bytes));
  });

  const isGet = is("GET", /\/blobs\//);

  test("go on where they were cut", async () => {
    const { proxy, where } = current();
    breakFirst(proxy, isGet, ...[1, 70_000, 0, 333_333].map((after) => ({ kind: "cut-answer", after }) as const));
    assert.deepEqual(await collect(where.fetch(blob.descriptor)), Buffer.from(blob.bytes));
    const ranges = proxy.seen.map(({ headers }) => headers.range);
    assert.deepEqual(ranges, [undefined, "bytes=1-", "bytes=70001-", "bytes=70001-", "bytes=403334-"]);
  });

  test("of lent pieces go on where they were cut, and a changed byte is refused", async () => {
    const { proxy, where, direct } = current();
    const large = content(noise("lent", 3_000_000));
    await direct.putBlob(large.descriptor, sourceOf(large.bytes));
    const fetch = () => collectLent(where.fetch(large.descriptor, { lendsPieces: true }));
    breakFirst(proxy, isGet, ...[1, 70_000, 0, 1_333_333].map((after) => ({ kind: "cut-answer", after }) as const));
    assert(Buffer.from(large.bytes).equals(await fetch()));
    const ranges = proxy.seen.map(({ headers }) => headers.range);
    assert.deepEqual(ranges, [undefined, "bytes=1-", "bytes=70001-", "bytes=70001-", "bytes=1403334-"]);
    breakFirst(proxy, isGet, { kind: "cut-answer", after: 600_000 }, { kind: "drop-header", name: "range" });
    assert(Buffer.from(large.bytes).equals(await fetch()));
    breakFirst(proxy, isGet, { kind: "corrupt-answer", at: 2_123_456 });
    await assert.rejects(fetch(), withCode("DIGEST_MISMATCH"));
  });

  test("of lent pieces end at once when they are told to, or left", async () => {
    const { where, direct } = current();
    const large = content(noise("left", 20_000_000));
    await direct.putBlob(large.descriptor, sourceOf(large.bytes));
    const stop = new AbortController();
    await assert.rejects(async () => {
      const pieces = where.fetch(large.descriptor, { lendsPieces: true, signal: stop.signal });
      for await (const piece of pieces) if (piece.length > 0) stop.abort();
    }, isAbort);
    // More than there are places for downloads: whoever is left gives its place back.
    for (let left = 0; left < 20; left++) {
      for await (const piece of where.fetch(large.descriptor, { lendsPieces: true })) {
        assert(Buffer.from(large.bytes.subarray(0, piece.length)).equals(piece));
        break;
      }
    }
  });

  test("go on when the server sends everything again", async () => {
    const { proxy, where } = current();
    const faults: Fault[] = [
      { kind: "cut-answer", after: 300_000 },
      { kind: "drop-header", name: "range" },
    ];
    breakFirst(proxy, isGet, ...faults);
    assert.deepEqual(await collect(where.fetch(blob.descriptor)), Buffer.from(blob.bytes));
    assert.equal(proxy.seen.length, 2);
  });

  test("go on when nothing comes any more", async () => {
    const { proxy, where } = current();
    breakFirst(proxy, isGet, { kind: "stall", after: 100_000 }, { kind: "stall", after: 50_000 });
    const timeouts = { connect: 10_000, idle: 500 };
    const impatient = new Registries({ registries: {}, insecure: [] }, {}, { ...hurried, timeouts });
    const path = where.name.slice(proxy.host.length + 1);
    const stalled = impatient.repository({ host: proxy.host, path });
    assert.deepEqual(await collectLent(stalled.fetch(blob.descriptor, { lendsPieces: true })), Buffer.from(blob.bytes));
    await impatient.close();
    assert.equal(proxy.seen.at(-1)?.headers.range, "bytes=150000-");
  });

  test("that always end at the same byte are one error", async () => {
    const { proxy, where } = current();
    proxy.choose = ({ headers }) => ({ kind: "cut-answer", after: headers.range === undefined ? 5_000 : 0 });
    await assert.rejects(collect(where.fetch(blob.descriptor)), withCode("UNREACHABLE"));
    assert(proxy.seen.length <= 8, `${proxy.seen.length} requests`);
  });

  test("with a changed byte are refused, blobs and manifests", async () => {
    const { proxy, where, direct } = current();
    breakFirst(proxy, isGet, { kind: "corrupt-answer", at: 123_456 });
    await assert.rejects(collect(where.fetch(blob.descriptor)), withCode("DIGEST_MISMATCH"));
    const image = sampleImage("corrupt", amd64);
    await store(direct, image);
    breakFirst(proxy, is("GET", /\/manifests\//), { kind: "corrupt-answer", at: 20 });
    await assert.rejects(where.manifest(image.root.descriptor), withCode("DIGEST_MISMATCH"));
    assert.deepEqual(Buffer.from(await where.manifest(image.root.descriptor)), Buffer.from(image.root.bytes));
  });

  test("that a redirect leads elsewhere arrive from there, and credentials stay behind", async () => {
    const { proxy, where } = current();
    const headers: NodeJS.Dict<string | string[]>[] = [];
    const storage = createServer((request, response) => {
      headers.push(request.headers);
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const range = { "content-range": `bytes ${start}-${blob.bytes.length - 1}/${blob.bytes.length}` };
      response.writeHead(start > 0 ? 206 : 200, start > 0 ? range : {});
      // The first answer breaks, so that the way is gone again, with a range.
      if (headers.length === 1) response.write(blob.bytes.subarray(0, 9_000), () => response.destroy());
      else response.end(blob.bytes.subarray(start));
    });
    storage.listen(0, "127.0.0.1");
    await once(storage, "listening");
    const address = storage.address();
    assert(typeof address === "object" && address !== null);
    try {
      breakAlways(proxy, isGet, {
        kind: "status",
        status: 307,
        headers: { location: `http://localhost:${address.port}/signed?key=1` },
      });
      const login = { REGISTRY_AUTH_FILE: await writeLogin(folder, proxy.host, "somebody", "secret") };
      const own = new Registries({ registries: {}, insecure: [] }, login, hurried);
      // A registry that lets everybody in is told nothing, so it has to ask first.
      const asking = own.repository({ host: proxy.host, path: where.name.slice(proxy.host.length + 1) });
      breakFirst(proxy, is("HEAD", /./), {
        kind: "status",
        status: 401,
        headers: { "www-authenticate": 'Basic realm="x"' },
      });
      await asking.has(blob.descriptor.digest, "blob");
      assert.match(proxy.seen.at(-1)?.headers.authorization ?? "", /^Basic /);
      breakAlways(proxy, isGet, {
        kind: "status",
        status: 307,
        headers: { location: `http://localhost:${address.port}/signed?key=1` },
      });
      assert.deepEqual(await collect(asking.fetch(blob.descriptor)), Buffer.from(blob.bytes));
      assert.match(proxy.seen.at(-1)?.headers.authorization ?? "", /^Basic /);
      assert.deepEqual(
        headers.map(({ authorization, range }) => [authorization, range]),
        [
          [undefined, undefined],
          [undefined, "bytes=9000-"],
        ],
      );
      await own.close();
    } finally {
      storage.close();
    }
  });
});
