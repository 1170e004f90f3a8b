/**
 * `npm run demo`: the main job with real components, in a few minutes on a fresh machine. A registry, Buildah and emulators are set up here (what is missing is
 * installed, and said); base images are made from Debian packages where no public registry is needed. Then one image is planned, built for three platforms, proven, joined
 * and published under one tag, run on each platform, and a broken one is refused.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { demoComponents } from "../bed/component.ts";
import { startBed } from "../bed/bed.ts";
import { makeStyle, usesColor } from "../../src/report/style.ts";

const program = resolve(import.meta.dirname, "../../bin/archway");
const platforms = "linux/amd64,linux/arm64,linux/arm/v7";
const style = makeStyle(usesColor(process.stdout, process.env));
const started = Date.now();

const metadataSchema = z.object({
  archway: z.object({ platforms: z.array(z.object({ platform: z.string(), digest: z.string() })) }),
});

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interruption.abort(signal));

function say(text: string): void {
  interruption.signal.throwIfAborted();
  process.stdout.write(`\n${style.bold(`# ${text}`)}\n`);
}

/** Milliseconds that a child has to end by itself after Ctrl-C, which the terminal sends to it too. */
const patience = 10_000;

/**
 * Waits for a child's end, and ends it when the demo is interrupted: what is left has to be cleaned up after it. Throws the name of the signal then, else
 * returns the exit code.
 */
async function ended(child: ChildProcess): Promise<number> {
  const { signal } = interruption;
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    timer = setTimeout(() => child.kill(), signal.reason === "SIGINT" ? patience : 0);
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop);
  const [code] = await once(child, "close");
  signal.removeEventListener("abort", stop);
  clearTimeout(timer);
  signal.throwIfAborted();
  return typeof code === "number" ? code : 1;
}

/** Runs a command with the demo's own terminal, after showing it; returns its exit code. */
async function show(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<number> {
  const name = command === program ? "archway" : command;
  process.stdout.write(`${style.dim(`$ ${[name, ...args].join(" ")}`)}\n`);
  const child = spawn(command, args, { ...options, stdio: ["ignore", "inherit", "inherit"] });
  return ended(child);
}

/** What a command prints; throws when it fails. */
async function output(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await ended(child);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${String(code)}`);
  return text.trim();
}

try {
  await main();
} catch (error) {
  if (!interruption.signal.aborted) throw error;
  process.stderr.write("Interrupted; everything is stopped and deleted.\n");
  process.exitCode = 130;
}

async function main(): Promise<void> {
  say("What the demo needs");
  await using bed = await startBed({ need: demoComponents, signal: interruption.signal });
  const registry = await bed.registry("debian");
  const { env } = await bed.buildah();
  await bed.base("alpine", registry);
  const folder = await mkdtemp(join(tmpdir(), "archway-demo-"));
  try {
    await writeFile(
      join(folder, ".archway.yaml"),
      `version: 1\nregistries:\n  docker.io:\n    mirrors: ["${registry.host}"]\n`,
    );
    await writeFile(
      join(folder, "Dockerfile"),
      'FROM alpine:3.6\nRUN echo "Hello from $(uname -m)" > /hello\nCMD ["cat", "/hello"]\n',
    );
    const image = `${registry.host}/demo/hello:1.0`;

    say("One image for three platforms: planned, built, proven, joined, published");
    const build = [
      "build",
      ".",
      "--engine",
      "buildah",
      "--platform",
      platforms,
      "-t",
      image,
      "--push",
      "--metadata-file",
      "build.json",
    ];
    const code = await show(program, build, { cwd: folder, env });
    if (code !== 0) throw new Error(`archway build ended with ${code}`);

    say("The same tag, run on each platform");
    const { archway } = metadataSchema.parse(JSON.parse(await readFile(join(folder, "build.json"), "utf8")));
    for (const { platform, digest } of archway.platforms) {
      const container = await output(
        "buildah",
        ["from", "--quiet", "--platform", platform, `docker://${registry.host}/demo/hello@${digest}`],
        env,
      );
      process.stdout.write(
        `${platform.padEnd(14)} ${await output("buildah", ["run", container, "--", "cat", "/hello"], env)}\n`,
      );
      await output("buildah", ["rm", container], env);
    }

    say("An image whose arm64 half would hold x86-64 code is refused, and no tag moves");
    const amd64 = archway.platforms.find(({ platform }) => platform === "linux/amd64");
    const container = await output(
      "buildah",
      ["from", "--quiet", "--platform", "linux/amd64", `docker://${registry.host}/demo/hello@${amd64?.digest}`],
      env,
    );
    const root = await output("buildah", ["mount", container], env);
    await output("cp", ["-L", join(root, "bin/busybox"), join(folder, "tool")], env);
    await output("buildah", ["rm", container], env);
    await writeFile(
      join(folder, "Dockerfile"),
      'FROM alpine:3.6\nCOPY tool /usr/local/bin/tool\nENTRYPOINT ["/usr/local/bin/tool"]\n',
    );
    const refused = await show(
      program,
      [
        "build",
        ".",
        "--engine",
        "buildah",
        "--platform",
        platforms,
        "-t",
        `${registry.host}/demo/broken:1.0`,
        "--push",
      ],
      { cwd: folder, env },
    );
    if (refused !== 1) throw new Error(`the broken image should have been refused with exit code 1, not ${refused}`);

    say(`Done in ${Math.round((Date.now() - started) / 1000)} s. Next: docs/build.md, or archway build --help`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
