import { execFileSync } from "node:child_process";
import { createCipheriv, createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { assembleIndex } from "../src/oci/assemble.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { digestOf } from "../src/oci/digest.ts";
import { encodeJson } from "../src/oci/json.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { parsePlatform } from "../src/platform/platform.ts";
import { parseReference } from "../src/oci/reference.ts";
import { Registries } from "../src/store/registry/registries.ts";
import type { ImageStore } from "../src/store/store.ts";
import { startBed } from "../test/bed/bed.ts";
import { type Figure, mediansOf, timeProcess } from "./measure.ts";
import { measure } from "./resources.ts";
import { watch } from "./peak-memory.ts";

const root = resolve(import.meta.dirname, "..");
const bundle = join(root, "dist", "archway.js");

/** Bytes of one layer, and layers of one platform: two platforms are 1 GiB. */
const layerSize = 128 * 1024 * 1024;
const layersOfPlatform = 4;

/** Copies a two-platform index of 1 GiB between two registries, and within one, against `crane cp` and `skopeo copy --all`. */
export async function measureCopies(): Promise<Figure[]> {
  execFileSync(process.execPath, [join(root, "scripts", "bundle.ts")], { stdio: "ignore" });
  await using bed = await startBed({ need: ["registry", "registry-debian", "skopeo", "crane"] });
  const [here, there] = [await bed.registry(), await bed.registry("debian")];
  const folder = await mkdtemp(join(tmpdir(), "archway-copy-"));
  const env = (cache: string): NodeJS.ProcessEnv => ({
    ...bed.env,
    XDG_CACHE_HOME: join(folder, cache),
    // As bin/archway sets it.
    NODE_COMPILE_CACHE: join(folder, "node"),
  });
  const crane = join(bed.programs, "crane");
  const insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"];
  const source = `${here.host}/bench/source:1`;
  /** A repository that nothing has been copied to: registries tell what each has. */
  let copies = 0;
  const fresh = (host: string, name: string) => `${host}/bench/${name}-${copies++}:1`;
  const copyTo = (target: string) => [process.execPath, [bundle, "image", "copy", source, target]] as const;
  /**
   * skopeo notes in which repositories it has seen a blob, and mounts it from there. Between registries that would spare it the copy from one measurement
   * to the next; within one it mounts nothing that it has not copied once.
   */
  const notes = { between: () => `skopeo-${copies}`, within: () => "skopeo" };
  const commands = (host: string, notesIn: () => string) => ({
    own: () => [...copyTo(fresh(host, "own")), env("warm")] as const,
    crane: () => [crane, ["cp", "--insecure", source, fresh(host, "crane")], bed.env] as const,
    skopeo: () => {
      const target = `docker://${fresh(host, "skopeo")}`;
      const remembering = { ...bed.env, _CONTAINERS_ROOTLESS_UID: "1000", XDG_DATA_HOME: join(folder, notesIn()) };
      return ["skopeo", ["copy", "-q", "--all", ...insecure, `docker://${source}`, target], remembering] as const;
    },
  });
  const timed = ({ own, crane, skopeo }: ReturnType<typeof commands>) => ({
    own: () => timeProcess(...own()),
    crane: () => timeProcess(...crane()),
    skopeo: () => timeProcess(...skopeo()),
  });
  try {
    const registries = new Registries({ registries: {}, insecure: [] }, {});
    await putLargeImage(registries.open(parseReference(source)));
    await registries.close();
    const [program, args] = copyTo(fresh(there.host, "cold"));
    const cold = await watch(program, args, { cwd: folder, env: env("cold") });
    const toOther = commands(there.host, notes.between);
    const between = await mediansOf(timed(toOther), 5);
    const within = await mediansOf(timed(commands(here.host, notes.within)), 7);
    const cpu = await mediansOf(
      {
        own: () => measure(...toOther.own()).cpuSeconds,
        crane: () => measure(...toOther.crane()).cpuSeconds,
        skopeo: () => measure(...toOther.skopeo()).cpuSeconds,
      },
      1,
    );
    const [warmProgram, warmArgs] = copyTo(fresh(there.host, "warm"));
    const warm = await watch(warmProgram, warmArgs, { cwd: folder, env: env("warm") });
    const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;
    const ratios = (what: string, took: typeof between, below?: number): Figure[] =>
      (["crane", "skopeo"] as const).map((peer) => ({
        name: `${what} against ${peer === "crane" ? "crane cp" : "skopeo copy --all"}`,
        value: took.own / took[peer],
        unit: "times",
        ...(below === undefined ? {} : { below }),
        detail: `${seconds(took.own)} against ${seconds(took[peer])}`,
      }));
    return [
      ...ratios("copy of 1 GiB, two platforms, to another registry, facts warm,", between, 1),
      ...ratios("copy of the same within a registry, facts warm,", within),
      {
        name: "CPU seconds of the copy to another registry, facts warm",
        value: cpu.own,
        unit: "s",
        detail: `crane ${cpu.crane.toFixed(2)} s, skopeo ${cpu.skopeo.toFixed(2)} s`,
      },
      {
        name: "copy to another registry with cold facts: every layer is read for the proof",
        value: cold.milliseconds / 1000,
        unit: "s",
        detail: `peak ${(cold.peak / 1e6).toFixed(0)} MB`,
      },
      { name: "peak memory of a copy with warm facts", value: warm.peak / 1e6, unit: "MB", below: 200 },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Two platforms with layers of random data: nothing about it is quicker than about others. */
async function putLargeImage(into: ImageStore): Promise<void> {
  const children: Descriptor[] = [];
  for (const name of ["linux/amd64", "linux/arm64"]) {
    const platform = parsePlatform(name);
    const layers: Descriptor[] = [];
    const diffIds: string[] = [];
    for (let layer = 0; layer < layersOfPlatform; layer++) {
      const tar = await tarOf(`layer-${layer}`, noise(`${name} ${layer}`, layerSize));
      diffIds.push(digestOf(tar));
      layers.push(await put(into, mediaTypes.ociLayerGzip, gzipSync(tar, { level: 0 })));
    }
    const rootfs = { type: "layers", diff_ids: diffIds };
    const config = await put(into, mediaTypes.ociConfig, encodeJson({ ...platform, config: {}, rootfs }));
    const mediaType = mediaTypes.ociManifest;
    const manifest = encodeJson({ schemaVersion: 2, mediaType, config, layers });
    const descriptor = { mediaType, digest: digestOf(manifest), size: manifest.length };
    await into.putManifest(descriptor, manifest);
    children.push({ ...descriptor, platform });
  }
  const { bytes, descriptor } = assembleIndex({ children });
  await into.putManifest(descriptor, bytes);
  await into.tag("1", descriptor);
}

async function put(into: ImageStore, mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await into.putBlob(descriptor, {
    async *open(start = 0) {
      yield bytes.subarray(start);
    },
  });
  return descriptor;
}

function noise(seed: string, size: number): Uint8Array {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

function tarOf(name: string, content: Uint8Array): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name, mtime: new Date(0) }, Buffer.from(content.buffer, content.byteOffset, content.length));
  archive.finalize();
  return buffer(archive);
}
