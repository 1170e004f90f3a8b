import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { DockerEngine } from "../../src/job/containerizer/docker-engine.ts";
import { readEndpoint } from "../../src/job/containerizer/engine-endpoint.ts";
import { EngineHttp } from "../../src/job/containerizer/engine-http.ts";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { archway, workplace } from "./archway.ts";

const needs = ["registry", "docker", "podman", "bases"] as const;

/** What a program answers to what is typed once it has shown a prompt. */
async function answerOf(
  program: string,
  args: readonly string[],
  typed: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(program, args, { ...options, stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const isFirst = !/[$#] /.test(output);
    output += chunk.toString();
    if (isFirst && /[$#] /.test(output)) child.stdin.write(typed);
  });
  const code = await new Promise<number | null>((ended) => child.on("close", ended));
  return { code, output };
}

describe("archway run --keep", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let mirror: string;
  before(async () => {
    bed = await startBed({ need: needs });
    mirror = (await bed.registry()).host;
    await bed.base("busybox");
  });
  after(() => bed.stop());

  /** What of ours an engine has. */
  async function left(endpoint: string): Promise<readonly string[]> {
    const sources = {
      pin: () => assert.fail("nothing is pulled"),
      archive: () => assert.fail("nothing is loaded"),
      owner: "",
      folder: "",
    };
    const signal = AbortSignal.timeout(30_000);
    const opened = await DockerEngine.open(await EngineHttp.open(readEndpoint(endpoint, {}), {}), sources, signal);
    return (await opened.list(signal)).map(({ kind, labels }) => `${kind} of ${labels.job ?? labels.run}`).toSorted();
  }

  for (const engine of ["docker", "podman"] as const) {
    test(`a shell opens where a step failed, until the next run with --keep (${engine})`, async () => {
      await using place = await workplace(bed, {});
      await writeFile(
        join(place.dir, ".archway.yaml"),
        `version: 1
registries: { docker.io: { mirrors: ["${mirror}"] } }
jobs:
  bad:
    image: busybox
    user: "1000:1000"
    env: { FROM_JOB: yes-it-is }
    secrets: [{ name: TOKEN, env: TOKEN, file: /run/token }]
    services: { web: { image: busybox, run: sleep 1000 } }
    retry: { attempts: 2, on: user, delay: 1s }
    steps:
      - echo fine
      - { name: breaks, directory: /tmp, run: "echo left behind > note; exit 3" }
      - { name: clean, run: "true", when: always }
  good: { image: busybox, steps: ["true"] }
`,
      );
      const { endpoint } = await bed[engine]();
      const env = { ...place.env, TOKEN: "s3cret-value" };
      const run = (...args: string[]) =>
        archway(["run", "--host", endpoint, "--secret-env", "TOKEN", ...args], { cwd: place.dir, env });
      const failed = await run("bad", "--keep");
      assert.equal(failed.code, 1, failed.stderr);
      assert.match(failed.stderr, /Its container is kept: archway run --shell 'bad' opens a shell in it/);
      const kept = ["container of bad", "network of bad"];
      assert.deepEqual(await left(endpoint), kept);
      const state = join(place.env["XDG_STATE_HOME"] ?? "", "archway");
      const [name = ""] = await readdir(join(state, "runs"));
      const written = await readFile(join(state, "runs", name, "kept", "bad.json"), "utf8");
      assert.ok(!written.includes("s3cret"), "the secret is in the file");

      // A run without --keep cleans up around it.
      assert.equal((await run("good")).code, 0);
      assert.deepEqual(await left(endpoint), kept);
      const typed =
        "pwd; cat note; id -u; echo $FROM_JOB $TOKEN; cat /run/token; ls -d $ARCHWAY_WORKSPACE/.archway.yaml; exit 4\n";
      for (let time = 0; time < 2; time++) {
        const shell = await archway(["run", "--shell", "bad"], { cwd: place.dir, env, stdin: Buffer.from(typed) });
        assert.equal(shell.code, 4, shell.stderr);
        assert.equal(
          shell.stdout,
          "/tmp\nleft behind\n1000\nyes-it-is s3cret-value\ns3cret-value/workspace/.archway.yaml\n",
          shell.stderr,
        );
      }
      // A person at a terminal gets one.
      const command = `${resolve("bin/archway")} run --shell bad`;
      const seen = await answerOf("script", ["-qec", command, "/dev/null"], "tty; stty size; exit 6\n", {
        cwd: place.dir,
        env,
      });
      assert.equal(seen.code, 6, seen.output);
      assert.match(seen.output, /\/dev\/(pts\/\d+|console)\r+\n/);
      assert.deepEqual(await left(endpoint), kept);
      const unknown = await archway(["run", "--shell", "good"], { cwd: place.dir, env });
      assert.equal(unknown.code, 2);
      assert.match(unknown.stderr, /No container of the job "good" was kept\.[^]*Kept are: bad\./);

      assert.equal((await run("good", "--keep")).code, 0);
      assert.deepEqual(await left(endpoint), []);
      assert.deepEqual(await readdir(join(state, "work")), []);
    });
  }
});
