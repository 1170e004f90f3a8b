/** Cancelling `archway run` in each of its phases, by signals, on a terminal, and by newer runs of a concurrency group. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unavailable } from "../bed/bed.ts";
import { startFaultProxy } from "../faults/proxy.ts";
import { archway, startArchway, type Ended, type Workplace } from "./archway.ts";
import { contentOf, leftOnDisk } from "./engine-content.ts";
import { runBed } from "./run-bed.ts";
import { assertWhole, eventsOf, lineOf, outputOf } from "./run-record.ts";
import { inTerminal } from "./terminal.ts";

const needs = ["registry", "buildkit", "docker", "podman", "bases"] as const;

describe("cancelling archway run", { skip: await unavailable(...needs) }, () => {
  const at = runBed(needs);
  const repository: typeof at.repository = (jobs, options) => at.repository(`jobs:\n${jobs}`, options);
  const linesOf = async (place: Workplace) => (await eventsOf(place)).flatMap((event) => lineOf(event) ?? []);
  /** A cancelled run says so, has one state for each job, none of them a success of what was cancelled, and leaves nothing. */
  const assertCancelled = async (ended: Ended, place: Workplace, endpoint: string, job?: string) => {
    assert.equal(ended.code, 130, ended.stderr);
    assert.doesNotMatch(ended.stderr, /\n\s+at /);
    assertWhole(await eventsOf(place));
    const lines = await linesOf(place);
    if (job !== undefined) assert.ok(lines.includes(`${job} cancelled`), lines.join("\n"));
    assert.equal(lines.at(-1), "run cancelled");
    assert.deepEqual(await contentOf(endpoint), []);
    assert.deepEqual(await leftOnDisk(place), []);
  };

  for (const engine of ["docker", "podman"] as const) {
    describe(`with ${engine}`, () => {
      /** Starts a run, sends each signal when its text has been shown, and gives the run's end. */
      const cancel = async (place: Workplace, ...signals: readonly (readonly [string, NodeJS.Signals])[]) => {
        const { endpoint } = await at.bed[engine]();
        const program = startArchway(["run", "--host", endpoint, "--progress", "json"], {
          cwd: place.dir,
          env: place.env,
        });
        for (const [shown, signal] of signals) {
          await program.shows(shown);
          program.child.kill(signal);
        }
        return { endpoint, ended: await program.ended };
      };

      test("while an image is pulled", async () => {
        await using proxy = await startFaultProxy(at.mirror);
        const asked = Promise.withResolvers<void>();
        proxy.choose = ({ url }) => {
          if (!url.includes("/blobs/")) return undefined;
          asked.resolve();
          return { kind: "stall", after: 0 };
        };
        if (engine === "podman") await (await at.bed.buildah()).allowHttp([proxy.host]);
        await using place = await repository("  pulls: { image: busybox:1.35, steps: [echo never] }\n", {
          from: proxy.host,
        });
        const { endpoint } = await at.bed[engine]();
        const program = startArchway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
        await Promise.race([asked.promise, program.ended]);
        program.child.kill("SIGTERM");
        await assertCancelled(await program.ended, place, endpoint, "pulls");
      });

      test("while a service becomes ready", async () => {
        await using place = await repository(
          '  waits: { image: busybox, services: { db: { image: busybox, run: echo opening; exec sleep 1000, ready: "false" } }, steps: [echo never] }\n',
        );
        const { endpoint, ended } = await cancel(place, ['"text":"opening', "SIGINT"]);
        await assertCancelled(ended, place, endpoint, "waits");
        assert.doesNotMatch(ended.stderr, /"type":"step"[^\n]*"running"/);
      });

      test("while a step runs that does not listen to its shell: at once, and what is always to run does", async () => {
        await using place = await repository(`  long:
    image: busybox
    services: { db: { image: busybox, run: sleep 1000 } }
    steps:
      - { name: sleeper, run: "echo started; sleep 1000" }
      - echo never
      - { name: clean, run: echo cleaned, when: always }
  behind: { needs: long, when: always, image: busybox, steps: [echo never] }
`);
        const { endpoint, ended } = await cancel(place, ['"text":"started', "SIGTERM"]);
        await assertCancelled(ended, place, endpoint, "long");
        const events = await eventsOf(place);
        assert.equal(outputOf(events, "long", "clean"), "cleaned\n");
        const lines = await linesOf(place);
        assert.ok(lines.includes("behind cancelled: the run was cancelled"), lines.join("\n"));
        const states = events.flatMap((event) => (event.type === "step" && event.step === "sleeper" ? [event] : []));
        assert.deepEqual(
          states.map(({ state }) => state),
          ["running", "cancelled"],
        );
        const [began = NaN, stopped = NaN] = states.map((event) => event.at);
        assert.ok(stopped - began < 9_000, "it waited for the grace to run out");
      });

      test("while a step runs that answers SIGTERM: with its own last words, and its exit code 0 is no success", async () => {
        await using place = await repository(
          `  polite: { image: busybox, steps: [{ name: polite, run: "trap 'echo bye; exit 0' TERM; echo started; while :; do sleep 1; done" }] }\n`,
        );
        const { endpoint, ended } = await cancel(place, ['"text":"started', "SIGINT"]);
        await assertCancelled(ended, place, endpoint, "polite");
        // Its shell may tell of the sleep that was ended.
        assert.match(
          outputOf(await eventsOf(place), "polite", "polite"),
          /^started\n(Terminated\n)?bye\n(Terminated\n)?$/,
        );
        assert.ok((await linesOf(place)).includes("polite step polite cancelled"));
      });

      test("twice: at once, and the next start cleans", async () => {
        await using place =
          await repository(`  deaf: { image: busybox, steps: ["trap 'echo deaf' TERM; echo started; while :; do sleep 1; done"] }
  short: { when: { event: manual }, image: busybox, steps: [echo short] }
`);
        const { endpoint, ended } = await cancel(place, ['"text":"started', "SIGINT"], ['"text":"deaf', "SIGINT"]);
        assert.equal(ended.code, 130, ended.stderr);
        assert.notDeepEqual(await contentOf(endpoint), []);
        const next = await archway(["run", "short", "--event", "manual", "--host", endpoint], {
          cwd: place.dir,
          env: place.env,
        });
        assert.equal(next.code, 0, next.stderr);
        assert.deepEqual(await contentOf(endpoint), []);
        assert.deepEqual(await leftOnDisk(place), []);
      });
    });
  }

  test("while artifacts are saved", async () => {
    await using place = await repository(
      '  many: { image: busybox, steps: ["mkdir out; seq 1 3000 | (cd out; xargs touch); echo made"], artifacts: { out: out } }\n',
    );
    const { endpoint } = await at.bed.docker();
    const program = startArchway(["run", "--host", endpoint, "--progress", "json"], { cwd: place.dir, env: place.env });
    await program.shows('"state":"succeeded"');
    program.child.kill("SIGTERM");
    const ended = await program.ended;
    // What it was about to end with stays true: its steps have succeeded.
    await assertCancelled(ended, place, endpoint);
  });

  test("by a newer run of its concurrency group, while others wait for their turn", async () => {
    await using place = await repository(`  deploy:
    when: { event: [push, tag] }
    concurrency: { group: deploy, cancel: true }
    image: busybox
    steps: ["echo deploying $ARCHWAY_EVENT; test $ARCHWAY_EVENT = tag || sleep 1000", { name: clean, run: echo cleaned, when: always }]
  queue: { when: { event: [manual, pull_request] }, concurrency: queue, image: busybox, steps: ["echo in turn; test $ARCHWAY_EVENT = pull_request || sleep 1000"] }
`);
    const { endpoint } = await at.bed.docker();
    const start = (event: string) =>
      startArchway(["run", "--event", event, "--host", endpoint, "--progress", "json"], {
        cwd: place.dir,
        env: place.env,
      });
    const older = start("push");
    await older.shows('"text":"deploying push');
    const newer = start("tag=v1");
    const [cancelled, taken] = [await older.ended, await newer.ended];
    assert.equal(cancelled.code, 130, cancelled.stderr);
    assert.match(cancelled.stderr, /"state":"cancelled","reason":"a newer run took over the group \\"deploy\\""/);
    assert.match(cancelled.stderr, /"text":"cleaned/);
    assert.equal(taken.code, 0, taken.stderr);
    assert.match(taken.stderr, /"text":"deploying tag/);

    const first = start("manual");
    await first.shows('"text":"in turn');
    const second = start("pull_request");
    await second.shows('for its turn in the group \\"queue\\"');
    first.child.kill("SIGINT");
    const [interrupted, followed] = [await first.ended, await second.ended];
    assert.equal(interrupted.code, 130, interrupted.stderr);
    assert.equal(followed.code, 0, followed.stderr);
    assert.match(followed.stderr, /"text":"in turn/);
    assert.deepEqual(await contentOf(endpoint), []);
    assert.deepEqual(await leftOnDisk(place), []);
  });

  test("while an image is built", async () => {
    const files = { Dockerfile: "FROM busybox\nRUN echo building; sleep 1000\n" };
    await using place = await repository("  image: { build: { tags: [registry.example/app:1] } }\n", { files });
    const env = { ...place.env, BUILDKIT_HOST: (await at.bed.buildkit()).endpoint };
    const { endpoint } = await at.bed.docker();
    const program = startArchway(["run", "--host", endpoint], { cwd: place.dir, env });
    await program.shows(" building\n");
    program.child.kill("SIGINT");
    await assertCancelled(await program.ended, place, endpoint, "image");
  });

  test("while an approval is asked for, refused, and given on a terminal", async () => {
    await using place = await repository(`  approve: { approval: { message: "Go on?" } }
  after: { needs: approve, promote: { from: registry.example/app:1, to: registry.example/app:latest } }
`);
    const { endpoint } = await at.bed.docker();
    const ask = async (answer: string) => {
      const terminal = inTerminal(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
      await terminal.shows("Go on? [y/N]");
      terminal.type(answer);
      return terminal.ended;
    };
    const given = await ask("y\r");
    assert.equal(given.code, 0, given.output);
    assert.ok((await linesOf(place)).includes("approve approval given"));
    const refused = await ask("no\r");
    assert.equal(refused.code, 1, refused.output);
    assert.ok((await linesOf(place)).includes("approve failed (user APPROVAL_REFUSED)"));
    assert.ok((await linesOf(place)).includes("after skipped: it needs approve"));
    const cancelled = await ask("\u0003");
    assert.equal(cancelled.code, 130, cancelled.output);
    assert.equal((await linesOf(place)).at(-1), "run cancelled");
    assert.deepEqual(await leftOnDisk(place), []);
  });
});
