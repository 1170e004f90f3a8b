/**
 * Makes `docs/recording.svg`: runs Archway in a terminal of 100 by 30 characters against the test bed and draws what it showed.
 *
 *     sh scripts/run.sh test/recording/main.ts
 *
 * Only the prompt is added: texts, digests and times are those of the run; a command that took long is played faster. Needs `script` of util-linux.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { unlinkSync } from "node:fs";
import { mkdtempDisposable, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startBed } from "../bed/bed.ts";
import { Screen } from "./screen.ts";
import { drawRecording, type Frame } from "./svg.ts";

const columns = 100;
const rows = 30;
/** Seconds that a command takes on the picture at most; what took longer is played faster. */
const longestCommand = 9;
/** Seconds for reading a command before it runs, its result after it, and the last screen. */
const pauses = { before: 1.2, after: 2.5, end: 8 };
/** Changes closer than this are one frame, seconds. */
const shortestFrame = 0.15;

const dockerfile = `FROM --platform=$BUILDPLATFORM golang:1.19 AS build
ARG TARGETOS TARGETARCH
COPY hello.go .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /hello hello.go

FROM alpine:3.6
COPY --from=build /hello /usr/bin/hello
RUN hello
ENTRYPOINT ["hello"]
`;
const program = 'package main\n\nfunc main() { println("Hello") }\n';

const root = resolve(import.meta.dirname, "../..");

await using bed = await startBed({ need: ["registry", "buildkit", "qemu", "bases"] });
const registry = await bed.registry();
const node = await bed.buildkit("a");
await bed.base("golang", registry);
await bed.base("alpine", registry);
await using folder = await mkdtempDisposable(join(tmpdir(), "archway-recording-"));
await writeFile(join(folder.path, "Dockerfile"), dockerfile);
await writeFile(join(folder.path, "hello.go"), program);
await writeFile(
  join(folder.path, ".archway.yaml"),
  `version: 1\nplatforms: [linux/amd64, linux/arm64, linux/arm/v7]\nregistries:\n  docker.io:\n    mirrors: ["${registry.host}"]\n`,
);

const image = `${registry.host}/team/hello`;
// The endpoint is shown in the plan: a short one is easier to read.
const socket = join(tmpdir(), "buildkitd.sock");
await symlink(node.endpoint.replace("unix://", ""), socket);
using _link = { [Symbol.dispose]: () => unlinkSync(socket) };
const frames = await record(
  [
    "cat Dockerfile",
    `archway build . -t ${image}:1.0 --push`,
    "sed -i 's/GOARCH=$TARGETARCH/GOARCH=amd64/' Dockerfile",
    `archway build . -t ${image}:1.1 --push`,
    `crane ls ${image}`,
  ],
  folder.path,
  {
    ...bed.env,
    ...node.env,
    BUILDKIT_HOST: `unix://${socket}`,
    PATH: `${join(root, "bin")}:${bed.env["PATH"] ?? ""}`,
    TERM: "xterm-256color",
    XDG_STATE_HOME: join(bed.dir, "state"),
    XDG_CACHE_HOME: join(bed.dir, "cache"),
  },
);
const duration = Math.ceil((frames.at(-1)?.at ?? 0) + pauses.end);
const title =
  "archway build publishes an image for three platforms, and refuses one whose ARM entries hold x86-64 code.";
await writeFile(join(root, "docs/recording.svg"), drawRecording({ columns, rows, frames, duration, title }));
process.stdout.write(`docs/recording.svg: ${frames.length} frames, ${duration} s\n`);

/** Runs commands one after another on one screen, each behind a prompt, and returns what the screen showed when. */
async function record(commands: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Frame[]> {
  const screen = new Screen(columns, rows);
  const frames: Frame[] = [];
  let start = 0;
  for (const command of commands) {
    screen.write(`\u001B[36m$\u001B[39m ${command}\r\n`);
    frames.push({ at: start, rows: screen.snapshot() });
    const shown = await run(command, screen, { cwd, env });
    const took = shown.at(-1)?.at ?? 0;
    const speed = Math.min(1, longestCommand / took);
    for (const frame of shown) {
      const at = Number((start + pauses.before + frame.at * speed).toFixed(2));
      const last = frames.at(-1);
      if (last && at - last.at < shortestFrame) frames[frames.length - 1] = { ...frame, at: last.at };
      else frames.push({ ...frame, at });
    }
    screen.write("\r\n");
    start += pauses.before + took * speed + pauses.after;
  }
  return frames;
}

/** Runs one command in a terminal of its own, and returns the screen after each piece that it wrote. */
async function run(
  command: string,
  screen: Screen,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Frame[]> {
  const inTerminal = `stty cols ${columns} rows ${rows}; ${command}`;
  const child = spawn("script", ["--quiet", "--flush", "--command", inTerminal, "/dev/null"], {
    ...options,
    env: { ...options.env, SHELL: "/bin/sh" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const began = performance.now();
  const decoder = new TextDecoder();
  const frames: Frame[] = [];
  child.stdout.on("data", (bytes: Buffer) => {
    screen.write(decoder.decode(bytes, { stream: true }));
    frames.push({ at: (performance.now() - began) / 1000, rows: screen.snapshot() });
  });
  await once(child, "close");
  return frames;
}
