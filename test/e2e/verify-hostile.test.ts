/**
 * Images that were made to harm who reads them: the whole program proves them in bounded time and memory, writes nothing but facts, and ends with
 * a verdict. Bounds are generous: they tell a limit that holds from none.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, describe, test } from "node:test";
import { constants, createGzip, gzipSync, zstdCompressSync } from "node:zlib";
import { z } from "zod";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { amd64, makeElf } from "../../src/verify/program/test-elf.ts";
import type { MadeLayer } from "../../src/verify/layer/test-image.ts";
import { makeTar, putImage } from "../../src/verify/layer/test-image.ts";
import { archway } from "./archway.ts";
import { content, sourceOf } from "./store-samples.ts";

const MB = 1024 * 1024;
const usageSchema = z.object({ peak: z.number(), cpuSeconds: z.number() });
const reportSchema = z.object({
  images: z.tuple([
    z.object({
      verdict: z.string(),
      findings: z.array(z.object({ rule: z.string() })),
      platforms: z.array(z.object({ findings: z.array(z.object({ rule: z.string(), message: z.string() })) })),
    }),
  ]),
});

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-hostile-"));
});
after(() => rm(folder, { recursive: true }));

/** Puts an image into a layout, proves it with the program, and checks what every hostile image must leave intact. */
async function prove(
  layers: readonly MadeLayer[],
  bounds: { readonly peak?: number; readonly cpuSeconds?: number } = {},
): Promise<{ code: number | null; verdict: string; rules: readonly string[]; messages: string }> {
  const place = await mkdtemp(join(folder, "image-"));
  const layout = join(place, "layout");
  const store = new LayoutStore(layout);
  const platform = { os: "linux", architecture: "amd64" };
  await store.tag("it", await putImage(store, { platform, layers, command: ["/bin/app"] }));
  return proveLayout(place, bounds);
}

async function proveLayout(place: string, { peak = 300 * MB, cpuSeconds = 20 } = {}) {
  const usageFile = join(place, "usage.json");
  const env = {
    PATH: process.env["PATH"],
    HOME: join(place, "home"),
    TMPDIR: join(place, "home"),
    XDG_CACHE_HOME: join(place, "cache"),
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
    NODE_OPTIONS: `--import=${join(import.meta.dirname, "report-usage.ts")}`,
    USAGE_FILE: usageFile,
  };
  const before = await readdir(place, { recursive: true });
  const { code, signal, stdout, stderr } = await archway(["verify", "--format", "json", "oci:layout:it"], {
    cwd: place,
    env,
  });
  assert.equal(signal, null);
  assert.ok(code === 0 || code === 1 || code === 3, `exit ${code}: ${stderr}`);
  const usage = usageSchema.parse(JSON.parse(await readFile(usageFile, "utf8")));
  assert.ok(usage.peak < peak, `${Math.round(usage.peak / MB)} MB of memory`);
  assert.ok(usage.cpuSeconds < cpuSeconds, `${usage.cpuSeconds} s of processor time`);
  const written = (await readdir(place, { recursive: true })).filter((name) => !before.includes(name));
  assert.deepEqual(
    written.filter((name) => !/^(?:usage\.json$|cache(?:$|\/archway(?:$|\/(?:node|facts)(?:$|\/))))/.test(name)),
    [],
    "nothing is unpacked",
  );
  const [image] = reportSchema.parse(JSON.parse(stdout)).images;
  const findings = image.platforms.flatMap((one) => one.findings);
  const rules = [...image.findings, ...findings].map(({ rule }) => rule);
  return { code, verdict: image.verdict, rules, messages: findings.map(({ message }) => message).join("\n") };
}

/** Makes any bytes the manifest of a layout's image, past all checks of the store. */
async function enter(place: string, bytes: Buffer): Promise<void> {
  const digest = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(place, "layout", "blobs", "sha256", digest), bytes);
  const entry = {
    mediaType: mediaTypes.ociManifest,
    digest: `sha256:${digest}`,
    size: bytes.length,
    annotations: { "org.opencontainers.image.ref.name": "it" },
  };
  await writeFile(join(place, "layout", "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
}

/** A header of a file, whatever its size is said to be. */
function header(name: string, size: number, type = "0"): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, "latin1");
  block.write("0000755\0", 100, "latin1");
  if (size < 8 ** 11) block.write(`${size.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  block.write("        ", 148, "latin1");
  block.write(type, 156, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

const sumOf = (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0);
/** The layer was read: all that is wrong with it is that the config of {@link putImage} does not know it. */
const isRead = (rules: readonly string[]) =>
  rules.includes("layers-mismatch") && !rules.includes("layer-unread") && !rules.includes("layer-corrupt");
const blob = (bytes: Uint8Array): MadeLayer => ({ entries: [], blob: bytes });

describe("decompression bombs end undecided, and are not unpacked", { timeout: 900_000 }, () => {
  const zeros = Buffer.alloc(256 * MB);
  const start = header("zeros", 2 ** 45);

  test("gzip: 250 GB in 250 MB of members", async () => {
    const member = gzipSync(zeros, { level: 9 });
    const bomb = Buffer.concat([gzipSync(start), ...Array.from({ length: 1000 }, () => member)]);
    const { code, verdict, messages } = await prove([blob(bomb)]);
    assert.deepEqual([code, verdict], [3, "undecided"]);
    assert.match(messages, /decompression bomb/);
  });

  test("zstd: 250 GB in 8 MB of frames, and windows that would take gigabytes", async () => {
    const frame = zstdCompressSync(zeros);
    const bomb = Buffer.concat([zstdCompressSync(start), ...Array.from({ length: 1000 }, () => frame)]);
    assert.match((await prove([blob(bomb)])).messages, /decompression bomb/);
    const params = { [constants.ZSTD_c_windowLog]: 30, [constants.ZSTD_c_enableLongDistanceMatching]: 1 };
    const { code } = await prove([blob(zstdCompressSync(zeros.subarray(0, 64 * MB), { params }))]);
    assert.notEqual(code, 0);
  });

  test("archives in archives are content and nothing more", async () => {
    const nested = gzipSync(gzipSync(gzipSync(zeros)));
    const { code } = await prove([
      {
        entries: [
          { name: "bomb.gz", content: nested },
          { name: "bin/app", content: makeElf(amd64) },
        ],
      },
    ]);
    assert.equal(code, 0);
  });
});

describe("archives of strange size", { timeout: 900_000 }, () => {
  test("a million entries", async () => {
    const count = 1_000_000;
    const file = join(folder, "million.tar.gz");
    async function* entries(): AsyncGenerator<Buffer> {
      const template = header("d0000/f000000", 0);
      const sum = template.reduce((total, byte) => total + byte, 0) - sumOf(template.subarray(148, 156)) + 8 * 0x20;
      for (let from = 0; from < count; from += 10_000) {
        const blocks = Buffer.alloc(10_000 * 512);
        for (let index = 0; index < 10_000; index++) {
          const number = String(from + index).padStart(6, "0");
          const name = `d${number.slice(0, 3)}0/f${number}`;
          template.write(name, 0, "latin1");
          const changed = sum + sumOf(Buffer.from(name)) - sumOf(Buffer.from("d0000/f000000"));
          template.write(`${changed.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
          template.copy(blocks, index * 512);
        }
        yield blocks;
      }
      yield Buffer.alloc(1024);
    }
    await pipeline(Readable.from(entries()), createGzip({ level: 1 }), createWriteStream(file));
    const { rules } = await prove([blob(await readFile(file))], { peak: 1500 * MB, cpuSeconds: 120 });
    assert.ok(isRead(rules) && rules.includes("no-machine-code"));
  });

  test("more entries than any layer may have", async () => {
    const entry = Buffer.concat(Array.from({ length: 1000 }, () => header("x", 0)));
    const pieces = gzipSync(entry);
    const { code, messages } = await prove([blob(Buffer.concat(Array.from({ length: 2100 }, () => pieces)))], {
      peak: 1500 * MB,
      cpuSeconds: 90,
    });
    assert.equal(code, 3);
    assert.match(messages, /more than 2000000 entries/);
  });

  test("sizes that nothing follows", async () => {
    for (const size of [2 ** 33, 2 ** 52, Number.MAX_SAFE_INTEGER]) {
      const { code, rules } = await prove([blob(Buffer.concat([header("huge", size), Buffer.alloc(100_000)]))]);
      assert.deepEqual([code, rules.includes("layer-corrupt")], [1, true]);
    }
  });

  test("extended headers without end, and of all sizes", async () => {
    const many = Buffer.concat([header("x", 1024 * 1024, "x"), Buffer.alloc(MB, "6 a=b\n")]);
    // The last record of the block is cut: what counts is that many of them are refused or read without harm.
    const whole = Buffer.concat([header("x", 6 * 170_000, "x"), Buffer.alloc(Math.ceil((6 * 170_000) / 512) * 512)]);
    whole.fill("6 a=b\n", 512, 512 + 6 * 170_000);
    const packed = gzipSync(whole);
    const bomb = Buffer.concat(Array.from({ length: 25 }, () => packed));
    assert.notEqual((await prove([blob(bomb)])).code, 0);
    assert.notEqual((await prove([blob(gzipSync(many))])).code, 0);
    const { messages } = await prove([blob(gzipSync(Buffer.concat([header("x", 2 * MB, "x"), Buffer.alloc(2 * MB)])))]);
    assert.match(messages, /extended header of 2097152 bytes/);
  });

  test("a sparse file of 4 GiB, and one of 4 TiB", async () => {
    const place = await mkdtemp(join(folder, "sparse-"));
    await writeFile(join(place, "app"), makeElf(amd64), { mode: 0o755 });
    for (const [name, size] of [
      ["four", 4 * 1024 ** 3],
      ["more", 4 * 1024 ** 4],
    ] as const) {
      await writeFile(join(place, name), makeElf(amd64));
      await truncate(join(place, name), size);
    }
    for (const format of ["gnu", "posix"]) {
      const args = ["-C", place, "--sparse", `--format=${format}`, "--transform=s,^app,bin/app,", "-cf", "-"];
      const tar = execFileSync("tar", [...args, "app", "four", "more"], { maxBuffer: 16 * MB });
      assert.ok(isRead((await prove([blob(gzipSync(tar))])).rules));
    }
  });
});

describe("paths and links", () => {
  test("none leads out of the image or in circles without end", async () => {
    const entries = [
      { name: "../../../../tmp/escaped", content: "x" },
      { name: "/absolute", content: "x" },
      { name: "out", type: "symlink", target: "../../../../../../etc" },
      { name: "out/passwd", content: "x" },
      { name: "root", type: "symlink", target: "/" },
      { name: "root/root/root/etc/shadow", content: "x" },
      { name: "a", type: "symlink", target: "b" },
      { name: "b", type: "symlink", target: "a" },
      { name: "a/inside", content: "x" },
      { name: "self", type: "link", target: "self" },
      { name: "hard", type: "link", target: "/etc/passwd" },
      { name: "bin/app", type: "symlink", target: "../loop/1" },
      ...Array.from({ length: 60 }, (_, index) => ({
        name: `loop/${index}`,
        type: "symlink" as const,
        target: `${(index + 1) % 60}`,
      })),
    ] as const;
    const { code, verdict } = await prove([
      { entries },
      { entries: [...entries, { name: "x", content: makeElf(amd64) }] },
    ]);
    assert.deepEqual([code, verdict], [1, "fail"]);
  });
});

describe("manifests", () => {
  test("of 2,000 layers, and of one more", async () => {
    const place = await mkdtemp(join(folder, "layers-"));
    const store = new LayoutStore(join(place, "layout"));
    const files = Array.from({ length: 500 }, (_, index) => ({ name: `d/f${index}`, content: `${index}` }));
    const tar = await makeTar([...files, { name: "bin/app", content: makeElf(amd64) }]);
    const layer = content(tar, mediaTypes.ociLayer);
    await store.putBlob(layer.descriptor, sourceOf(layer.bytes));
    for (const count of [2000, 2001]) {
      const rootfs = { type: "layers", diff_ids: Array.from({ length: count }, () => layer.descriptor.digest) };
      const platform = { os: "linux", architecture: "amd64" };
      const config = content(Buffer.from(JSON.stringify({ ...platform, rootfs })), mediaTypes.ociConfig);
      await store.putBlob(config.descriptor, sourceOf(config.bytes));
      const layers = Array.from({ length: count }, () => layer.descriptor);
      const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: config.descriptor, layers };
      await enter(place, Buffer.from(JSON.stringify(manifest)));
      const { code, verdict, rules } = await proveLayout(place);
      assert.deepEqual([code, verdict, rules], count === 2000 ? [0, "pass", []] : [1, "fail", ["image-invalid"]]);
    }
  });

  test("of random and damaged bytes", { timeout: 900_000 }, async () => {
    const place = await mkdtemp(join(folder, "manifest-"));
    const store = new LayoutStore(join(place, "layout"));
    const tar = await makeTar([{ name: "bin/app", content: makeElf(amd64) }]);
    const layer = content(tar, mediaTypes.ociLayer);
    const config = content(
      Buffer.from('{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[[[[]]]]}}'),
      mediaTypes.ociConfig,
    );
    for (const one of [layer, config]) await store.putBlob(one.descriptor, sourceOf(one.bytes));
    const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    for (const document of [
      { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: config.descriptor, layers: [layer.descriptor] },
      { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: layer.descriptor, layers: [config.descriptor] },
      {
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: config.descriptor,
        layers: [{ ...layer.descriptor, size: 1 }],
      },
      nested,
    ]) {
      const bytes = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
      await enter(place, bytes);
      await rm(join(place, "usage.json"), { force: true });
      const { code } = await proveLayout(place);
      assert.notEqual(code, 0);
    }
  });
});
