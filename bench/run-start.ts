import { spawn } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { readEndpoint } from "../src/job/containerizer/engine-endpoint.ts";
import { EngineHttp } from "../src/job/containerizer/engine-http.ts";
import { type Figure, median, mediansOf, timeProcess } from "./measure.ts";
import { type RunPlace, runProject, stepAt, type WatchedRun } from "./run-place.ts";

const rounds = 11;
/** Steps of the job that tells what one more step costs. */
const stepCount = 11;
const createdSchema = z.object({ Id: z.string() });

/** A job of one step that prints a line, its image there: against `docker run` of the same, and against the engine's own part of it. */
export async function measureTrivialJob(place: RunPlace): Promise<Figure[]> {
  const { docker, env, images } = place;
  const cwd = await place.project("trivial", "  hello: { image: busybox, steps: [{ name: say, run: echo hello }] }\n");
  const say = (index: number) => `{ name: say-${index}, run: echo hello }`;
  const says = Array.from({ length: stepCount }, (_, index) => say(index));
  const many = await place.project("steps", `  hello: { image: busybox, steps: [${says.join(", ")}] }\n`);
  const engine = await EngineHttp.open(readEndpoint(place.endpoint, {}), {});
  const runs: WatchedRun[] = [];
  const medians = await mediansOf(
    {
      own: async () => {
        const run = await runProject(place, cwd);
        runs.push(run);
        return run.milliseconds;
      },
      step: async () => {
        const { events } = await runProject(place, many);
        const [first, last] = [0, stepCount - 1].map((index) => stepAt(events, `say-${index}`, "succeeded"));
        return ((last ?? Number.NaN) - (first ?? Number.NaN)) / (stepCount - 1);
      },
      docker: () => timeProcess(docker, ["run", "--rm", images.busybox, "echo", "hello"], env),
      byHand: () => runByHand(engine, images.busybox),
    },
    rounds,
  );
  const since = (at: (run: WatchedRun) => number) => median(runs.slice(1).map((run) => at(run) - run.started));
  const lineAt = ({ events }: WatchedRun) => events.find(({ type }) => type === "log")?.at ?? Number.NaN;
  const milliseconds = (took: number) => `${took.toFixed(0)} ms`;
  return [
    {
      name: "one more trivial step of a job against 1.2 × docker run --rm + 50 ms",
      value: medians.step / (1.2 * medians.docker + 50),
      unit: "times",
      below: 1,
      detail: `${milliseconds(medians.step)}; docker run ${milliseconds(medians.docker)}`,
    },
    {
      name: "archway run of a trivial job against 1.2 × docker run --rm + 50 ms",
      value: medians.own / (1.2 * medians.docker + 50),
      unit: "times",
      below: 1,
      detail: `${milliseconds(medians.own)}; docker run ${milliseconds(medians.docker)}`,
    },
    {
      name: "the same against network, create, start, wait and both removals by the engine's API",
      value: medians.own / medians.byHand,
      unit: "times",
      detail: `${milliseconds(medians.own)} against ${milliseconds(medians.byHand)}`,
    },
    { name: "from its start to its line in the event stream", value: since(lineAt), unit: "ms" },
    {
      name: "from its start to the end of its step",
      value: since(({ events }) => stepAt(events, "say", "succeeded")),
      unit: "ms",
    },
    { name: "peak memory of it", value: median(runs.map(({ peak }) => peak)) / 1e6, unit: "MB", below: 200 },
  ];
}

/** What no job in a network of its own can do without: milliseconds. */
async function runByHand(engine: EngineHttp, image: string): Promise<number> {
  const { signal } = new AbortController();
  const post = (path: string, body?: unknown) => engine.json({ method: "POST", path, body }, signal);
  const remove = (path: string) => engine.json({ method: "DELETE", path }, signal);
  const start = performance.now();
  const network = createdSchema.parse(await post("/networks/create", { Name: `bench-${start}` })).Id;
  const body = { Image: image, Cmd: ["echo", "hello"], HostConfig: { NetworkMode: network } };
  const { Id } = createdSchema.parse(await post("/containers/create", body));
  await post(`/containers/${Id}/start`);
  await post(`/containers/${Id}/wait`);
  await remove(`/containers/${Id}`);
  await remove(`/networks/${network}`);
  return performance.now() - start;
}

/** Trivial jobs, many of them, some at a time. */
const jobCount = 100;
const atOnce = 16;

/** A hundred trivial jobs against as many `docker run`, with as many at a time. */
export async function measureManyJobs(place: RunPlace): Promise<Figure[]> {
  const job = (index: number) => `  job-${index}: { image: busybox, steps: [echo ${index}] }\n`;
  const cwd = await place.project("many", Array.from({ length: jobCount }, (_, index) => job(index)).join(""));
  let peak = 0;
  const medians = await mediansOf(
    {
      own: async () => {
        const run = await runProject(place, cwd, "--jobs", String(atOnce));
        peak = Math.max(peak, run.peak);
        return run.milliseconds;
      },
      docker: () => runMany(place),
    },
    2,
  );
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
  return [
    {
      name: `${jobCount} trivial jobs, ${atOnce} at a time, against as many docker run --rm`,
      value: medians.own / medians.docker,
      unit: "times",
      below: 1.2,
      detail: `${seconds(medians.own)} against ${seconds(medians.docker)}`,
    },
    { name: "peak memory of it", value: peak / 1e6, unit: "MB", below: 200 },
  ];
}

async function runMany({ docker, images, env }: RunPlace): Promise<number> {
  const start = performance.now();
  let left = jobCount;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const child = spawn(docker, ["run", "--rm", images.busybox, "echo", "hello"], { env, stdio: "ignore" });
      const [code]: unknown[] = await once(child, "close");
      if (code !== 0) throw new Error(`docker run ended with ${String(code)}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return performance.now() - start;
}
