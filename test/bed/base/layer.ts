import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import * as z from "zod";
import { ArchwayError } from "../../../src/error/error.ts";
import { cacheFolder, makeOnce } from "../cache-folder.ts";
import type { DebianArchive } from "./debian-archive.ts";
import { dropEmptyMerged, finish, mergeUsr, unpack } from "./finish.ts";
import type { LayerRecipe } from "./recipes.ts";

/** Raised when layers are made in another way, so that old ones in the cache are not used. */
const format = 1;

/** All files get this time: the digest of a layer does not depend on when it was made. */
const modified = "2024-01-01T00:00:00Z";

/** What takes space and no program reads. */
const excluded = ["doc", "info", "lintian", "locale", "man", "bug"].map((name) => `./usr/share/${name}/*`);

const factsSchema = z.object({
  digest: z.string(),
  size: z.number(),
  diffId: z.string(),
  packages: z.array(z.string()),
});

/** A layer in the cache. */
export interface Layer {
  /** The gzipped tar. */
  readonly file: string;
  readonly digest: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Digest of the tar. */
  readonly diffId: string;
  /** The packages of this layer and of those below it. */
  readonly packages: readonly string[];
}

/**
 * Gives the last layer of `chain` for the archive's architecture out of the cache, or makes it.
 *
 * @param chain the recipes of the layers below it and its own
 * @param below the packages of the layers below it
 * @param native opens the archive of this machine's own architecture
 */
export async function layer(
  chain: readonly LayerRecipe[],
  below: readonly string[],
  {
    archive,
    native,
    signal,
  }: { archive: DebianArchive; native: () => Promise<DebianArchive>; signal?: AbortSignal | undefined },
): Promise<Layer> {
  const key = JSON.stringify([format, archive.architecture, archive.release, chain]);
  const name = createHash("sha256").update(key).digest("hex").slice(0, 16);
  const folder = await makeOnce(cacheFolder("layers", name), async (temporary) => {
    const recipe = chain.at(-1) ?? {};
    const root = await mkdtemp(join(tmpdir(), "archway-layer-"));
    try {
      const wanted = chain.flatMap(({ packages = [] }) => packages);
      const resolved = recipe.packages === undefined ? [] : await archive.resolve(wanted);
      const files = resolved.filter((file) => !below.includes(file.name));
      files.push(...(await archive.fetch(recipe.alone ?? [])));
      const merged = chain.some(({ finish }) => finish === "debian");
      if (merged) await mergeUsr(root);
      await unpack(files, root, signal);
      await finish(recipe, root, native);
      if (merged) await dropEmptyMerged(root);
      const facts = await pack(root, join(temporary, "layer.tar.gz"), signal);
      const packages = [...below, ...files.map((file) => file.name)];
      await writeFile(join(temporary, "facts.json"), JSON.stringify({ ...facts, packages }));
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
  const facts = factsSchema.parse(JSON.parse(await readFile(join(folder, "facts.json"), "utf8")));
  return { ...facts, file: join(folder, "layer.tar.gz") };
}

/** Packs a folder into a gzipped tar, sorted and with one time and owner, and counts and digests it on the way. */
async function pack(root: string, file: string, signal?: AbortSignal) {
  const tar = spawn(
    "tar",
    [
      "--create",
      `--directory=${root}`,
      "--format=gnu",
      "--sort=name",
      `--mtime=${modified}`,
      "--owner=0",
      "--group=0",
      "--numeric-owner",
      ...excluded.map((pattern) => `--exclude=${pattern}`),
      ".",
    ],
    { stdio: ["ignore", "pipe", "inherit"], signal },
  );
  const ended = once(tar, "close");
  const plain = digesting();
  const packed = digesting();
  await pipeline(tar.stdout, plain.stream, createGzip({ level: 3 }), packed.stream, createWriteStream(file));
  const [code] = await ended;
  if (code !== 0)
    throw new ArchwayError({ code: "BED_TAR_FAILED", kind: "failed", message: `tar of ${root}: exit ${code}` });
  return { diffId: plain.digest(), digest: packed.digest(), size: packed.size() };
}

function digesting() {
  const hash = createHash("sha256");
  let size = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, digest: () => `sha256:${hash.digest("hex")}`, size: () => size };
}
