import { spawnSync } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RunEvent } from "../src/event/run-event.ts";
import type { Bed } from "../test/bed/bed.ts";
import { type Run, watch } from "./peak-memory.ts";
import { installBundle } from "./startup.ts";

/** What all measurements of `archway run` share: a real Docker Engine, an installed `archway`, images that are there. */
export interface RunPlace {
  /** `docker`, with {@link env}. */
  readonly docker: string;
  /** Docker's socket. */
  readonly endpoint: string;
  readonly archway: string;
  readonly env: NodeJS.ProcessEnv;
  /** Name of an image as the engine has it. */
  readonly images: Readonly<Record<"busybox" | "debian", string>>;
  /** A folder with a pipeline; `jobs` is YAML. */
  project(name: string, jobs: string, platforms?: readonly string[]): Promise<string>;
}

/** A run of `archway run`: what it took, and its events. */
export interface WatchedRun extends Run {
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly events: readonly RunEvent[];
}

/** Sets up the place in a folder. */
export async function openRunPlace(bed: Bed, folder: string): Promise<RunPlace> {
  const registry = await bed.registry();
  const { endpoint, env } = await bed.docker();
  const docker = join(bed.programs, "docker");
  const [busybox, debian] = [await bed.base("busybox"), await bed.base("debian")];
  for (const { reference } of [busybox, debian]) require(spawnSync(docker, ["pull", "-q", reference], { env }));
  // Where npm puts the Node that comes with the package.
  await symlink(dirname(dirname(process.execPath)), join(folder, `node-linux-${process.arch}`));
  return {
    docker,
    endpoint,
    archway: installBundle(join(folder, "installed")),
    env: {
      ...env,
      XDG_STATE_HOME: join(folder, "state"),
      XDG_CACHE_HOME: join(folder, "cache"),
    },
    images: { busybox: busybox.reference, debian: debian.reference },
    async project(name, jobs, platforms = ["linux/amd64"]) {
      const path = join(folder, name);
      await mkdir(path, { recursive: true });
      const head = `version: 1\nplatforms: [${platforms.join(", ")}]\nregistries: { docker.io: { mirrors: ["${registry.host}"] } }\n`;
      await writeFile(join(path, ".archway.yaml"), `${head}jobs:\n${jobs}`);
      return path;
    },
  };
}

/** Runs `archway run` in a project and reads its events. Throws when it fails. */
export async function runProject(place: RunPlace, cwd: string, ...args: readonly string[]): Promise<WatchedRun> {
  const file = `${cwd}.events`;
  const started = Date.now();
  const all = ["run", "--progress", "quiet", "--events", file, ...args];
  const ran = await watch(place.archway, all, { cwd, env: place.env });
  return { ...ran, started, events: readEvents(await readFile(file, "utf8")) };
}

/** The events of whole lines. */
export function readEvents(text: string): readonly RunEvent[] {
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return lines.filter((line) => line !== "").map((line): RunEvent => JSON.parse(line));
}

/** When a step came to a state, milliseconds since the epoch. Throws when it never did. */
export function stepAt(events: readonly RunEvent[], step: string, state: "running" | "succeeded"): number {
  const found = events.find((event) => event.type === "step" && event.step === step && event.state === state);
  if (found === undefined) throw new Error(`the step ${step} was never ${state}`);
  return found.at;
}

function require({ status, stderr }: { readonly status: number | null; readonly stderr: Buffer }): void {
  if (status !== 0) throw new Error(stderr.toString());
}
