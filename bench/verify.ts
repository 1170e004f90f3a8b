import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { madeLayout } from "../test/bed/base/image.ts";
import type { BaseTag } from "../test/bed/base/image.ts";
import { pushLayout } from "../test/bed/base/push.ts";
import { largeImage } from "../test/bed/base/recipes.ts";
import { startBed } from "../test/bed/bed.ts";
import { logToStderr } from "../test/bed/log.ts";
import type { Figure } from "./measure.ts";
import { installBundle } from "./startup.ts";
import { measure, middle } from "./resources.ts";
import type { Resources } from "./resources.ts";
import { zstdCopy } from "./zstd-copy.ts";

const root = resolve(import.meta.dirname, "..");
const rounds = 3;

/** One way in which the layers of the image are compressed. */
interface Subject {
  readonly compression: "gzip" | "zstd";
  /** A folder with the image's blobs. */
  readonly layout: string;
  readonly tags: readonly BaseTag[];
  /** In the bed's registry. */
  readonly repository: string;
}

/** Everything that the measurements share. */
interface Place {
  readonly url: string;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** The installed program. */
  readonly archway: string;
}

/** The proof of a two-platform image of about 1.2 GB in a registry of the bed, against what people do by hand and against the least it can take. */
export async function measureVerify(): Promise<Figure[]> {
  await using bed = await startBed({ need: ["registry", "bases", "proof-by-hand"] });
  const gzip = await madeLayout("large", largeImage, logToStderr);
  const [tag] = gzip.tags;
  if (tag === undefined) throw new RangeError("the large image has no tag");
  const zstd = await zstdCopy(gzip.layout, tag);
  const registry = await bed.registry();
  const folder = await mkdtemp(join(tmpdir(), "archway-bench-"));
  const path = [dirname(process.execPath), bed.env["PATH"]].join(delimiter);
  const place: Place = { url: registry.url, folder, env: { ...bed.env, PATH: path }, archway: installBundle(folder) };
  const figures: Figure[] = [];
  try {
    for (const [compression, { layout, tags }] of [
      ["gzip", gzip],
      ["zstd", zstd],
    ] as const) {
      await pushLayout({ layout, tags }, registry.url, `bench/${compression}`);
      figures.push(...(await compare({ compression, layout, tags, repository: `bench/${compression}` }, place)));
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Aims are for gzip, which nearly every image in the wild is packed with; zstd is only reported. */
async function compare(subject: Subject, place: Place): Promise<Figure[]> {
  const { compression, tags } = subject;
  const hostname = new URL(place.url).host;
  const reference = `${hostname}/${subject.repository}:${tags[0]?.tag ?? "latest"}`;
  const env = {
    ...place.env,
    XDG_CACHE_HOME: join(place.folder, "cache"),
    NODE_COMPILE_CACHE: join(place.folder, "node"),
  };
  const verify = () => measure(place.archway, ["verify", reference], env);
  const digests = await layerDigests(subject);
  const least = () =>
    measure(
      process.execPath,
      [join(root, "bench", "decompress-layers.ts"), compression, `${place.url}/v2/${subject.repository}`, ...digests],
      env,
    );
  const cold: Resources[] = [];
  const warm: Resources[] = [];
  const floor: Resources[] = [];
  for (let round = 0; round < rounds; round += 1) {
    floor.push(least());
    await rm(env.XDG_CACHE_HOME, { recursive: true, force: true });
    cold.push(verify());
    warm.push(verify(), verify());
  }
  const own = { cold: middle(cold), warm: middle(warm) };
  const limit = middle(floor);
  const goal = <Aim extends number>(below: Aim) => (compression === "gzip" ? { below } : {});
  const figures: Figure[] = [
    {
      name: `proof of all layers (${compression}) against decompressing and hashing them, processor time`,
      value: own.cold.cpuSeconds / limit.cpuSeconds,
      unit: "times",
      ...goal(1.25),
      detail: `${show(own.cold)}; ${show(limit)}`,
    },
    {
      name: `peak memory of the proof (${compression})`,
      value: Math.max(...cold.map(({ peak }) => peak)) / 1e6,
      unit: "MB",
      ...goal(160),
      detail: `decompressing alone: ${(limit.peak / 1e6).toFixed(0)} MB`,
    },
    {
      name: `proof with warm facts against the first (${compression})`,
      value: own.warm.seconds / own.cold.seconds,
      unit: "times",
      ...goal(1 / 20),
      detail: `${show(own.warm)}: ${(own.cold.seconds / own.warm.seconds).toFixed(1)} times as fast`,
    },
  ];
  if (compression === "zstd") return figures;
  const hand = await byHand(reference, place);
  return [
    {
      name: "proof of a two-platform image of 1.2 GB against skopeo copy, umoci unpack and file",
      value: own.cold.seconds / hand.seconds,
      unit: "times",
      below: 1 / 8,
      detail: `${show(own.cold)}; ${show(hand)}: ${(hand.seconds / own.cold.seconds).toFixed(1)} times as fast`,
    },
    ...figures,
  ];
}

/** What people do now, for both platforms: copy the image out of the registry, unpack it, and ask `file` about every file. */
async function byHand(reference: string, { folder, env }: Place): Promise<Resources> {
  const work = join(folder, "by-hand");
  const script = `set -e
mkdir "$1"
for architecture in amd64 arm64; do
  skopeo copy --quiet --src-tls-verify=false --override-arch "$architecture" "docker://$2" "oci:$1/layout:$architecture"
  umoci unpack --image "$1/layout:$architecture" "$1/$architecture"
  find "$1/$architecture/rootfs" -type f -print0 | xargs -0 file --no-pad --separator= > "$1/$architecture.types"
done`;
  try {
    return measure("sh", ["-c", script, "sh", work, reference], env);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The layers of all platforms, the largest first. */
async function layerDigests({ layout, tags }: Subject): Promise<string[]> {
  const read = async (digest: string): Promise<unknown> =>
    JSON.parse(await readFile(join(layout, "blobs", digest.replace(":", "/")), "utf8"));
  const descriptors = z.array(z.object({ digest: z.string(), size: z.number() }));
  const { manifests } = z.object({ manifests: descriptors }).parse(await read(tags[0]?.digest ?? ""));
  const children = await Promise.all(
    manifests.map(async ({ digest }) => z.object({ layers: descriptors }).parse(await read(digest)).layers),
  );
  return children
    .flat()
    .sort((a, b) => b.size - a.size)
    .map(({ digest }) => digest);
}

function show({ seconds, cpuSeconds, peak }: Resources): string {
  return `${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} CPU s, ${(peak / 1e6).toFixed(0)} MB)`;
}
