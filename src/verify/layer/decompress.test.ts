import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { ArchwayError } from "../../error/error.ts";
import { compressionOf, decompress, decompressLimits } from "./decompress.ts";

/** Chunks that are only valid until the next one is asked for. */
async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const lent = Buffer.alloc(Math.min(size, bytes.length));
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size);
    lent.set(chunk);
    yield lent.subarray(0, chunk.length);
    lent.fill(0xee);
  }
}

async function read(source: AsyncIterable<Uint8Array>, limits = decompressLimits): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of decompress(source, limits)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

const hasCode = (code: string) => (error: unknown) => error instanceof ArchwayError && error.code === code;

const first = Buffer.alloc(100_000, "first ");
const second = Buffer.concat([Buffer.alloc(300_000, "second"), randomBytes(1000)]);
const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

describe("compression by magic bytes", () => {
  test("gzip, zstd, skippable zstd frames, and the rest", () => {
    assert.equal(compressionOf(gzipSync("")), "gzip");
    assert.equal(compressionOf(zstdCompressSync("")), "zstd");
    assert.equal(compressionOf(skippable), "zstd");
    assert.equal(compressionOf(Buffer.from("usr/")), "none");
    assert.equal(compressionOf(new Uint8Array()), "none");
  });
});

describe("decompress", () => {
  test("every member and frame, however the chunks fall", async () => {
    const archives: [string, Buffer, Buffer][] = [
      ["plain", second, second],
      ["empty", Buffer.alloc(0), Buffer.alloc(0)],
      [
        "gzip of several members",
        Buffer.concat([gzipSync(first), gzipSync(second), gzipSync("")]),
        Buffer.concat([first, second]),
      ],
      ["gzip with padding", Buffer.concat([gzipSync(first), Buffer.alloc(1000)]), first],
      [
        "zstd of several frames",
        Buffer.concat([
          skippable,
          zstdCompressSync(first),
          skippable,
          zstdCompressSync(""),
          zstdCompressSync(second),
          skippable,
        ]),
        Buffer.concat([first, second]),
      ],
    ];
    for (const [name, bytes, expected] of archives) {
      for (const size of [1, 7, 511, 1_000_000]) {
        if (size === 1 && bytes.length > 50_000) continue;
        assert.ok((await read(inChunks(bytes, size))).equals(expected), `${name} in chunks of ${size}`);
      }
    }
  });

  test("a compressed stream that is cut or damaged is an error", async () => {
    for (const whole of [gzipSync(second), zstdCompressSync(second)]) {
      for (const cut of [1, 4, 9, whole.length - 20]) {
        await assert.rejects(read(inChunks(whole.subarray(0, whole.length - cut), 1000)), hasCode("LAYER_CORRUPT"));
      }
    }
    const damaged = gzipSync(second);
    damaged[damaged.length - 6] = (damaged.at(-6) ?? 0) ^ 1;
    await assert.rejects(read(inChunks(damaged, 1000)), hasCode("LAYER_CORRUPT"));
    await assert.rejects(
      read(inChunks(Buffer.concat([gzipSync(first), Buffer.from("garbage")]), 1000)),
      hasCode("LAYER_CORRUPT"),
    );
  });

  test("an error of the source arrives as it is", async () => {
    const failure = new Error("connection reset");
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield gzipSync(second).subarray(0, 500);
      throw failure;
    }
    await assert.rejects(read(cut()), (error) => error === failure);
  });

  test("a bomb is not unpacked", async () => {
    const limits = { maxBytes: 10_000_000, maxRatio: 100, freeBytes: 100_000 };
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    await assert.rejects(read(inChunks(bomb, 65_536), limits), hasCode("LAYER_UNSUPPORTED"));
    await assert.rejects(
      read(inChunks(gzipSync(randomBytes(11_000_000)), 65_536), limits),
      hasCode("LAYER_UNSUPPORTED"),
    );
    assert.equal((await read(inChunks(gzipSync(Buffer.alloc(90_000)), 65_536), limits)).length, 90_000);
  });

  test("the source is closed when the reader stops, and read to its end otherwise", async () => {
    let closed = false;
    let served = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (const chunk of [gzipSync(first), Buffer.alloc(10), Buffer.alloc(10)]) {
          served++;
          yield chunk;
        }
      } finally {
        closed = true;
      }
    }
    const reader = decompress(source());
    await reader.next();
    await reader.return();
    assert.ok(closed);
    served = 0;
    await read(source());
    assert.equal(served, 3);
  });

  test("any bytes end in content or an error", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(gzipSync(first), zstdCompressSync(first), skippable),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 5 }),
        fc.integer({ min: 1, max: 300 }),
        async (valid, changes, size) => {
          const bytes = Buffer.from(valid);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          await read(inChunks(bytes, size)).catch((error: unknown) =>
            assert.ok(error instanceof ArchwayError, String(error)),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
