/** What a container engine and this machine hold, asked past the program under test. */
import { readdir, readFile } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { Workplace } from "./archway.ts";

const containers = z.array(z.object({ Names: z.array(z.string()) }));
const networks = z.array(z.object({ Name: z.string() }));
const volumes = z.object({ Volumes: z.array(z.object({ Name: z.string() })).nullish() });
const images = z.array(z.object({ RepoTags: z.array(z.string()).nullish() }));

/** Networks that the engines have from the start. */
const ownNetworks = new Set(["bridge", "host", "none", "podman"]);

/** Sends one request to an engine, with a body of JSON if any, and gives the text of its answer. Throws when it is no success. */
export async function tellEngine(endpoint: string, method: string, path: string, body?: string): Promise<string> {
  const socketPath = endpoint.replace("unix://", "");
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    request({ socketPath, method, path, headers, agent: false }).on("response", resolve).on("error", reject).end(body);
  });
  const said = await text(response);
  if ((response.statusCode ?? 500) >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${said}`);
  return said;
}

const ask = async (endpoint: string, path: string): Promise<unknown> =>
  JSON.parse(await tellEngine(endpoint, "GET", path));

/** All containers, networks, volumes and loaded images of an engine, whatever their labels: an engine of the bed has none by itself. */
export async function contentOf(endpoint: string): Promise<readonly string[]> {
  const [some, nets, stores, pictures] = await Promise.all([
    ask(endpoint, "/containers/json?all=true").then((answer) => containers.parse(answer)),
    ask(endpoint, "/networks").then((answer) => networks.parse(answer)),
    ask(endpoint, "/volumes").then((answer) => volumes.parse(answer)),
    ask(endpoint, "/images/json").then((answer) => images.parse(answer)),
  ]);
  return [
    ...some.map(({ Names }) => `container ${Names.join(" ")}`),
    ...nets.filter(({ Name }) => !ownNetworks.has(Name)).map(({ Name }) => `network ${Name}`),
    ...(stores.Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ...pictures
      .flatMap(({ RepoTags }) => RepoTags ?? [])
      .filter((name) => name.startsWith("localhost/"))
      .map((name) => `image ${name}`),
  ];
}

/** What runs left on this machine outside of the engine: folders of jobs, mounts below the folder of state, files for programs, programs that work on any of these. */
export async function leftOnDisk({ env }: Workplace): Promise<readonly string[]> {
  const state = join(env["XDG_STATE_HOME"] ?? "", "archway");
  const work = await readdir(join(state, "work")).catch(() => []);
  const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => point.startsWith(`${state}/`));
  const temporary = await readdir(env["TMPDIR"] ?? "");
  const programs = await Promise.all(
    (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map((pid) => commandOf(pid)),
  );
  return [
    ...programs.filter((command) => command.includes(dirname(state))).map((command) => `program ${command}`),
    ...work.map((name) => `folder ${name}`),
    ...mounts.map((point) => `mount ${point}`),
    ...temporary.map((name) => `temporary ${name}`),
  ];
}

/** The command line of a process; empty when it has ended. */
async function commandOf(pid: string): Promise<string> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.replaceAll("\0", " ").trim();
}
