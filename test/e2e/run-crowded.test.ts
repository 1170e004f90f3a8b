/** `archway run` where something runs out: an engine with addresses for four networks, and a disk without room. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { startPodman } from "../bed/buildah.ts";
import { startDocker } from "../bed/docker.ts";
import { archway, startArchway, workplace, type Workplace } from "./archway.ts";
import { contentOf, tellEngine } from "./engine-content.ts";
import { assertWhole, eventsOf, lineOf } from "./run-record.ts";

const needs = ["registry", "docker", "podman", "bases"] as const;
const run = promisify(execFile);

describe("archway run where something runs out", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let mirror: string;
  const stops: (() => Promise<void>)[] = [];
  const endpoints: Record<"docker" | "podman", string> = { docker: "", podman: "" };
  before(async () => {
    bed = await startBed({ need: needs });
    mirror = (await bed.registry()).host;
    await bed.base("busybox");
    const docker = await startDocker({
      dir: join(bed.dir, "small-docker"),
      bridge: "archway-small",
      env: bed.env,
      trust: "",
      pools: [{ base: "10.213.0.0/24", size: 26 }],
    });
    stops.push(() => docker.stop());
    const buildah = await bed.buildah();
    const dir = join(bed.dir, "small-podman");
    await mkdir(join(dir, "networks"), { recursive: true });
    const settings = await readFile(buildah.env["CONTAINERS_CONF"] ?? "", "utf8");
    const pools = `default_subnet_pools = [{ "base" = "10.214.0.0/24", "size" = 26 }]\n`;
    const networks = `network_config_dir = "${join(dir, "networks")}"\n${pools}`;
    const conf = join(dir, "containers.conf");
    await writeFile(conf, settings.replace(/network_config_dir = .*\n/, networks));
    const podman = await startPodman({ dir, buildah: { ...buildah, env: { ...buildah.env, CONTAINERS_CONF: conf } } });
    stops.push(() => podman.stop());
    Object.assign(endpoints, { docker: docker.endpoint, podman: podman.endpoint });
  });
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
    await bed.stop();
  });

  async function repository(jobs: string): Promise<Workplace> {
    const head = `version: 1\nregistries: { docker.io: { mirrors: ["${mirror}"] } }\n`;
    return workplace(bed, { files: { ".archway.yaml": head + jobs } });
  }
  const waits = "It waits for a network: ";

  for (const engine of ["docker", "podman"] as const) {
    describe(`with ${engine}`, () => {
      test("more jobs at a time than there are networks all succeed: the others wait, and it is told", async () => {
        await using place = await repository(`jobs:
  a: { image: busybox, matrix: { n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, steps: [sleep 2] }
`);
        const args = ["run", "--jobs", "10", "--host", endpoints[engine]];
        const { code, stderr } = await archway(args, { cwd: place.dir, env: place.env });
        assert.equal(code, 0, stderr);
        const events = await eventsOf(place);
        assertWhole(events);
        assert.ok(stderr.includes(waits), stderr);
        const waiting = events.filter(
          (event) => event.type === "job" && event.state === "queued" && event.reason?.startsWith("for a network: "),
        );
        assert.ok(waiting.length >= 3, `${waiting.length} waited`);
        assert.deepEqual(await contentOf(endpoints[engine]), []);
      });

      test("a job waits for a network that somebody else gives back, and a cancel is heard meanwhile", async () => {
        await using place = await repository("jobs: { a: { image: busybox, steps: [echo ran] } }\n");
        const taken: string[] = [];
        const take = async (name: string) => {
          const body = JSON.stringify({ Name: name, Driver: "bridge" });
          // Podman looks at all interfaces of the machine, of which those of other tests come and go.
          const passes = (error: unknown) => /no such network interface/.test(String(error));
          for (let tries = 0; ; tries += 1) {
            try {
              await tellEngine(endpoints[engine], "POST", "/networks/create", body);
              break;
            } catch (error) {
              if (!passes(error) || tries === 20) throw error;
            }
          }
          taken.push(name);
        };
        // Until there are no more.
        await assert.rejects(async () => {
          for (let count = 0; count < 20; count += 1) await take(`taken-${count}`);
        }, /address pools|subnet/);
        try {
          const start = () => startArchway(["run", "--host", endpoints[engine]], { cwd: place.dir, env: place.env });
          const cancelled = start();
          await cancelled.shows(waits);
          cancelled.child.kill("SIGINT");
          assert.equal((await cancelled.ended).code, 130);
          const patient = start();
          await patient.shows(waits);
          await tellEngine(endpoints[engine], "DELETE", `/networks/${taken.pop()}`);
          const { code, stderr } = await patient.ended;
          assert.equal(code, 0, stderr);
          assert.match(stderr, /│ ran/);
        } finally {
          for (const name of taken) await tellEngine(endpoints[engine], "DELETE", `/networks/${name}`);
        }
        assert.deepEqual(await contentOf(endpoints[engine]), []);
      });

      test("a step that fills the disk of its workspace fails of the infrastructure, one that fills its own does not", async () => {
        await using place = await repository(`jobs:
  disk: { image: busybox, steps: ["dd if=/dev/zero of=big bs=1M count=100"] }
  memory: { image: busybox, steps: ["dd if=/dev/zero of=/dev/shm/big bs=1M count=100"] }
`);
        const work = join(place.env["XDG_STATE_HOME"] ?? "", "archway", "work");
        await mkdir(work, { recursive: true });
        await run("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", work]);
        try {
          const args = ["run", "--jobs", "1", "--host", endpoints[engine]];
          const { code, stderr } = await archway(args, { cwd: place.dir, env: place.env });
          assert.equal(code, 1, stderr);
          const lines = (await eventsOf(place)).flatMap((event) => lineOf(event) ?? []);
          assert.ok(lines.includes("disk failed (infrastructure DISK_FULL)"), stderr);
          assert.ok(lines.includes("memory failed (user STEP_FAILED)"), lines.join("\n"));
          assert.match(stderr, /The disks of the workspace and of the engine have room/);
        } finally {
          await run("umount", [work]);
        }
      });
    });
  }
});
