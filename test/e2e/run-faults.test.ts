/** `archway run` that is killed, and engines that die under it: what is left, who gets the blame, and what goes on. `ARCHWAY_SOAK=20`, as `npm run soak` has it, makes it 50 kills with each engine. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { unavailable } from "../bed/bed.ts";
import { archway, startArchway, type Workplace } from "./archway.ts";
import { contentOf, leftOnDisk } from "./engine-content.ts";
import { runBed } from "./run-bed.ts";
import { assertWhole, eventsOf, lineOf, outputOf } from "./run-record.ts";

const needs = ["registry", "buildkit", "docker", "podman", "bases"] as const;
const soak = process.env["ARCHWAY_SOAK"];
const kills = soak === undefined ? 3 : Math.ceil(2.5 * Number(soak));

/** Everything that a run makes: an image that is loaded, networks, containers with volumes, services, caches, artifacts. */
const pipeline = `jobs:
  image: { build: { tags: [registry.example/app:1] } }
  work:
    needs: image
    image: "\${{ jobs.image.reference }}"
    services: { web: { image: busybox, run: "echo up; exec httpd -f -p 8000", ready: { port: 8000 } } }
    cache: [{ path: store, key: "k-\${{ run.id }}" }]
    steps: [head -c 3000000 /dev/urandom > store/x; touch /data/here, sleep 0.3]
    artifacts: { store: store }
  join: { needs: work, image: busybox, inputs: { all: work.store }, steps: [ls all] }
  short: { image: busybox, steps: [echo short] }
  long: { when: { event: manual }, image: busybox, steps: ["echo started; sleep 1000"] }
  stubborn:
    when: { event: manual }
    image: busybox
    retry: { attempts: 6, on: infrastructure, delay: 1s }
    cache: [{ path: /seen, key: "s-\${{ run.id }}" }]
    steps: ["echo started; sleep 4; echo ended"]
`;
const dockerfile = "FROM busybox\nVOLUME /data\nRUN echo made > /made\n";

describe("archway run when something dies", { skip: await unavailable(...needs) }, () => {
  const at = runBed(needs);

  async function repository(): Promise<Workplace> {
    const env = { BUILDKIT_HOST: (await at.bed.buildkit()).endpoint };
    const place = await at.repository(pipeline, { env, files: { Dockerfile: dockerfile } });
    await writeFile(join(place.dir, "content"), Buffer.alloc(1_000_000, 7));
    return place;
  }

  for (const engine of ["docker", "podman"] as const) {
    describe(`with ${engine}`, () => {
      const run = async (place: Workplace, ...args: readonly string[]) => {
        const { endpoint } = await at.bed[engine]();
        return archway(["run", "--host", endpoint, ...args], { cwd: place.dir, env: place.env });
      };
      /** The next start is a run of a job that needs nothing. */
      const assertNextCleans = async (place: Workplace, when: string) => {
        const { endpoint } = await at.bed[engine]();
        const next = await run(place, "image", "short");
        assert.equal(next.code, 0, `${when}:\n${next.stderr}`);
        assertWhole(await eventsOf(place));
        assert.deepEqual(await contentOf(endpoint), [], `${when}: something is left in the engine`);
        assert.deepEqual(await leftOnDisk(place), [], `${when}: something is left on the disk`);
      };

      test(`kill -9 at ${kills} random moments: the next start leaves nothing of it`, async () => {
        await using place = await repository();
        const { endpoint } = await at.bed[engine]();
        const began = performance.now();
        const whole = await run(place);
        const total = performance.now() - began;
        assert.equal(whole.code, 0, whole.stderr);
        for (let round = 0; round < kills; round += 1) {
          const moment = Math.random() * total;
          const program = startArchway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
          // It may also have ended by then.
          await Promise.race([sleep(moment), program.ended]);
          program.child.kill("SIGKILL");
          await program.ended;
          await assertNextCleans(place, `killed after ${Math.round(moment)} ms of ${Math.round(total)}`);
        }
      });

      for (const [signal, how] of [
        ["SIGKILL", "dies"],
        ["SIGTERM", "is stopped"],
      ] as const) {
        test(`an engine that ${how} in the middle of a step is the infrastructure's failure, and the next start cleans`, async () => {
          await using place = await repository();
          const member = await at.bed[engine]();
          const program = startArchway(["run", "long", "--event", "manual", "--host", member.endpoint], {
            cwd: place.dir,
            env: place.env,
          });
          await program.shows("│ started");
          await member.kill(signal);
          const { code, stderr } = await program.ended;
          assert.equal(code, 3, stderr);
          const events = await eventsOf(place);
          assertWhole(events);
          assert.equal(outputOf(events, "long", "step-1"), "started\n");
          assert.ok(
            events.flatMap((event) => lineOf(event) ?? []).includes("long failed (infrastructure ENGINE_LOST)"),
            stderr,
          );
          await member.restart();
          await assertNextCleans(place, `the engine had ${signal}`);
        });
      }

      test("a job that is tried again succeeds with the engine that came back", async () => {
        await using place = await repository();
        const member = await at.bed[engine]();
        const program = startArchway(["run", "stubborn", "--event", "manual", "--host", member.endpoint], {
          cwd: place.dir,
          env: place.env,
        });
        await program.shows("│ started");
        await member.kill("SIGKILL");
        await member.restart();
        const { code, stderr } = await program.ended;
        assert.equal(code, 0, stderr);
        const events = await eventsOf(place);
        assertWhole(events);
        assert.match(outputOf(events, "stubborn", "step-1"), /^(started\n)+ended\n$/);
        assert.match(stderr, /Attempt 1 of 6 failed: The container engine at .* does not answer/);
        assert.deepEqual(await contentOf(member.endpoint), [], "what the first attempts left was to go with the run");
        await assertNextCleans(place, "the engine came back");
      });
    });
  }
});
