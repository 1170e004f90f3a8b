import { execFileSync } from "node:child_process";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { startBed } from "../test/bed/bed.ts";
import type { Bed } from "../test/bed/bed.ts";
import { type Figure, mediansOf, median, timeProcess } from "./measure.ts";
import { watch } from "./peak-memory.ts";

const root = resolve(import.meta.dirname, "..");
const bundle = join(root, "dist", "archway.js");
const two = "linux/amd64,linux/arm64";
const five = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x", "linux/ppc64le"];

/** The part of `archway build --format json` that is read. */
const reportSchema = z.object({
  index: z.object({ digest: z.string() }),
  platforms: z.array(z.object({ platform: z.string(), seconds: z.object({ total: z.number() }) })),
});

/** The part of `--progress json` that is read. */
const eventSchema = z.object({
  at: z.number(),
  type: z.string(),
  platform: z.string().optional(),
  state: z.string().optional(),
  name: z.string().optional(),
});

/** Everything that the measurements of builds share. */
interface Place {
  readonly bed: Bed;
  readonly host: string;
  readonly endpoint: string;
  readonly env: NodeJS.ProcessEnv;
  /** A folder with an `.archway.yaml` in which the bed stands in for docker.io. */
  folder(name: string, files: Readonly<Record<string, string>>): Promise<string>;
}

/** Builds, joins and proofs against the engines' and peers' own commands, on the real components of the test bed. */
export async function measureBuilds(): Promise<Figure[]> {
  execFileSync(process.execPath, [join(root, "scripts", "bundle.ts")], { stdio: "ignore" });
  await using bed = await startBed({ need: ["registry", "buildkit", "docker", "qemu", "bases", "crane"] });
  const registry = await bed.registry();
  const node = await bed.buildkit("a");
  for (const base of ["alpine", "busybox", "debian", "gcc", "golang"] as const) await bed.base(base);
  const parent = await mkdtemp(join(tmpdir(), "archway-bench-"));
  const place: Place = {
    bed,
    host: registry.host,
    endpoint: node.endpoint,
    env: {
      ...bed.env,
      BUILDKIT_HOST: node.endpoint,
      XDG_STATE_HOME: join(parent, "state"),
      XDG_CACHE_HOME: join(parent, "cache"),
      // As bin/archway sets it.
      NODE_COMPILE_CACHE: join(parent, "cache", "archway", "node"),
    },
    async folder(name, files) {
      const path = join(parent, name);
      await mkdir(path, { recursive: true });
      const config = `version: 1\nregistries:\n  docker.io:\n    mirrors: ["${registry.host}"]\n`;
      for (const [file, text] of Object.entries({ ".archway.yaml": config, ...files })) {
        await writeFile(join(path, file), text);
      }
      return path;
    },
  };
  try {
    return [
      ...(await cachedRebuild(place)),
      ...(await overhead(place)),
      ...(await join5(place)),
      ...(await crossAgainstEmulated(place)),
      ...(await gateCost(place)),
    ];
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

function archway(args: readonly string[]): readonly [string, readonly string[]] {
  return [process.execPath, [bundle, ...args]];
}

/** A build with nothing to do, against one `buildctl build` of the same two platforms. */
async function cachedRebuild(place: Place): Promise<Figure[]> {
  const cwd = await place.folder("cached", { Dockerfile: "FROM alpine:3.6\nRUN uname -m > /machine\n" });
  const base = `${place.host}/library/alpine:3.6`;
  const engine = [
    ["build", "--frontend", "dockerfile.v0", "--local", `context=${cwd}`, "--local", `dockerfile=${cwd}`],
    ["--opt", `platform=${two}`, "--opt", `context:alpine:3.6=docker-image://${base}`],
    ["--output", `type=image,name=${place.host}/bench/engine:1,push=true`],
  ].flat();
  const own = archway([
    "build",
    cwd,
    "--platform",
    two,
    "-t",
    `${place.host}/bench/own:1`,
    "--push",
    "--progress",
    "plain",
  ]);
  const buildctl = join(place.bed.dir, "bin", "buildctl");
  const medians = await mediansOf(
    { own: () => timeProcess(...own, place.env), engine: () => timeProcess(buildctl, engine, place.env) },
    11,
  );
  const allowed = 1.15 * medians.engine + 300;
  const { peak } = await watch(...own, { cwd, env: place.env });
  return [
    {
      name: "cached two-platform rebuild against 1.15 × buildctl + 0.3 s",
      value: medians.own / allowed,
      unit: "times",
      below: 1,
      detail: `${medians.own.toFixed(0)} ms; buildctl ${medians.engine.toFixed(0)} ms`,
    },
    { name: "peak memory of a cached rebuild", value: peak / 1e6, unit: "MB", below: 200 },
  ];
}

/** Wall time beyond the slowest platform's own solve. */
async function overhead(place: Place): Promise<Figure[]> {
  const cwd = await place.folder("overhead", {
    Dockerfile: "FROM alpine:3.6\nARG ROUND\nRUN sleep 1; echo $ROUND > /round\n",
  });
  const beyond: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const args = ["build", cwd, "--platform", two, "-t", `${place.host}/bench/over:1`, "--push", "--format", "json"];
    const [program, all] = archway([...args, "--progress", "quiet", "--build-arg", `ROUND=${round}`]);
    const { milliseconds, stdout } = await watch(program, all, { cwd, env: place.env });
    const { platforms } = reportSchema.parse(JSON.parse(stdout));
    beyond.push(milliseconds / 1000 - Math.max(...platforms.map(({ seconds }) => seconds.total)));
  }
  return [{ name: "overhead beyond the slowest platform's solve", value: median(beyond), unit: "s", below: 1 }];
}

/** Joining five children, against `docker buildx imagetools create` and `crane index append`. */
async function join5(place: Place): Promise<Figure[]> {
  const cwd = await place.folder("join", {
    Dockerfile: "FROM scratch\nARG TARGETPLATFORM\nLABEL platform=$TARGETPLATFORM\nCOPY data /data\n",
    data: "data\n",
  });
  const repository = `${place.host}/bench/join`;
  const sources: string[] = [];
  for (const platform of five) {
    const output = `type=image,name=${repository},push-by-digest=true,push=true`;
    const [program, args] = archway([
      "build",
      cwd,
      "--platform",
      platform,
      "--output",
      output,
      "--format",
      "json",
      "--progress",
      "quiet",
    ]);
    const { stdout } = await watch(program, args, { cwd, env: place.env });
    sources.push(`${repository}@${reportSchema.parse(JSON.parse(stdout)).index.digest}`);
  }
  const docker = await place.bed.docker();
  const imagetools = ["buildx", "imagetools", "create", "-t", `${repository}:imagetools`, ...sources];
  const crane = [
    "index",
    "append",
    "--insecure",
    "-t",
    `${repository}:crane`,
    ...sources.flatMap((source) => ["-m", source]),
  ];
  const medians = await mediansOf(
    {
      own: () => timeProcess(...archway(["image", "create", "-t", `${repository}:own`, ...sources]), place.env),
      imagetools: () => timeProcess(join(place.bed.dir, "bin", "docker"), imagetools, docker.env),
      crane: () => timeProcess(join(place.bed.dir, "bin", "crane"), crane, place.env),
    },
    9,
  );
  return [
    {
      name: "join of 5 platforms, proof included, against docker buildx imagetools create",
      value: medians.own / medians.imagetools,
      unit: "times",
      below: 1,
      detail: `${medians.own.toFixed(0)} ms; imagetools ${medians.imagetools.toFixed(0)} ms; crane ${medians.crane.toFixed(0)} ms`,
    },
  ];
}

/** A compile-heavy C program for arm64: in a cross-compiling stage, and under emulation. Reported. */
async function crossAgainstEmulated(place: Place): Promise<Figure[]> {
  const source = Array.from(
    { length: 400 },
    (_, n) => `double f${n}(double x) { for (int i = 0; i < ${n + 3}; i++) x = x * 1.0001 + i % ${n + 2}; return x; }`,
  );
  const program = `${source.join("\n")}\nint main(void) { return (int)f1(1.0); }\n`;
  const files = { "main.c": program };
  const emulated = await place.folder("emulated", {
    ...files,
    Dockerfile: "FROM gcc\nCOPY main.c .\nRUN gcc -O2 -o /app main.c\n",
  });
  const cross = await place.folder("cross", {
    ...files,
    Dockerfile:
      "FROM --platform=$BUILDPLATFORM golang AS build\nCOPY main.c .\nRUN aarch64-linux-gnu-gcc -O2 -o /app main.c\nFROM debian:bookworm-slim\nCOPY --from=build /app /app\n",
  });
  const seconds: Record<string, number> = {};
  const steps = z.object({
    platforms: z.array(z.object({ seconds: z.object({ cross: z.number(), emulated: z.number() }) })),
  });
  for (const [name, cwd] of [
    ["emulated", emulated],
    ["cross", cross],
  ] as const) {
    const args = [
      "build",
      cwd,
      "--platform",
      "linux/arm64",
      "--output",
      `type=oci,dest=${join(cwd, "image.tar")}`,
      "--no-cache",
      "--no-verify",
      "--format",
      "json",
      "--progress",
      "quiet",
    ];
    const [node, all] = archway(args);
    const { stdout } = await watch(node, all, { cwd, env: place.env });
    const [platform] = steps.parse(JSON.parse(stdout)).platforms;
    seconds[name] = platform?.seconds[name === "cross" ? "cross" : "emulated"] ?? Number.NaN;
  }
  const detail = `${seconds["emulated"]?.toFixed(1)} s emulated; ${seconds["cross"]?.toFixed(1)} s cross-compiled`;
  return [
    {
      name: "compiling C for arm64: emulated against cross",
      value: (seconds["emulated"] ?? Number.NaN) / (seconds["cross"] ?? Number.NaN),
      unit: "times",
      detail,
    },
  ];
}

/** The gate on a two-platform image of about 750 MB (unpacked; 300 MB of it new): what it adds to a cold build, and to one whose layers were seen before. */
async function gateCost(place: Place): Promise<Figure[]> {
  const cwd = await place.folder("gate", {
    Dockerfile: "FROM gcc\nRUN cp -r /usr/lib /copy\n",
  });
  const size = (files: string) => Number(files);
  const args = ["build", cwd, "--platform", two, "-t", `${place.host}/bench/gate:1`, "--push", "--progress", "json"];
  const cold = await timeline(place, cwd, args);
  const warm = await timeline(place, cwd, args);
  const { peak } = cold;
  return [
    {
      name: "gate after a cold build, of its export",
      value: (100 * cold.proving) / cold.exporting,
      unit: "%",
      below: 5,
      detail: `${cold.proving.toFixed(2)} s of wall time after ${cold.exporting.toFixed(2)} s of export`,
    },
    {
      name: "gate when the layers were seen before",
      value: warm.proving,
      unit: "s",
      below: 0.25,
      detail: `${size(warm.proving.toFixed(3))} s`,
    },
    { name: "peak memory of a cold build with the gate", value: peak / 1e6, unit: "MB", below: 200 },
  ];
}

interface Timeline {
  /** Seconds in which a platform was proven and none was still being built. */
  readonly proving: number;
  /** Seconds in which a platform was exported. */
  readonly exporting: number;
  readonly peak: number;
}

async function timeline(place: Place, cwd: string, args: readonly string[]): Promise<Timeline> {
  const [program, all] = archway(args);
  const { stderr, peak } = await watch(program, all, { cwd, env: place.env });
  const events = stderr.split("\n").flatMap((line) => {
    if (!line.startsWith("{")) return [];
    const parsed = eventSchema.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  });
  const ends = (state: string) =>
    events.filter((event) => event.type === "platform" && event.state === state).map(({ at }) => at);
  const exports = events.filter((event) => event.type === "step" && event.name?.startsWith("exporting to"));
  const starts = exports.filter(({ state }) => state === "started").map(({ at }) => at);
  const done = exports.filter(({ state }) => state === "done").map(({ at }) => at);
  return {
    proving: Math.max(0, Math.max(...ends("proven")) - Math.max(...ends("built"))) / 1000,
    exporting: (Math.max(...done) - Math.min(...starts)) / 1000,
    peak,
  };
}
