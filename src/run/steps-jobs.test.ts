/** Jobs of steps on a scripted engine: order, conditions, time limits, attempts, what is kept, and what is removed. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runScripted, type ScriptedRun } from "../../test/scripted/run-scripted.ts";
import type { ContainerScript } from "../../test/scripted/scripted-containerizer.ts";
import { assertNothingLeft, containers, jobsOf, lost, stepsOf } from "../../test/scripted/tell-run.ts";

describe("steps", () => {
  test("follow each other, and a failure leaves out all but those that run whatever happens", async () => {
    const ran = await runScripted(
      `jobs:
  a:
    image: alpine
    steps:
      - { name: one, run: x }
      - { name: two, run: x }
      - { name: three, run: x }
      - { name: tell, run: x, when: failure }
      - { name: clean, run: x, when: always }`,
      containers({ two: { lasts: 5, exitCode: 3 } }),
    );
    assert.deepEqual(stepsOf(ran), [
      "one running",
      "one succeeded",
      "two running",
      "two failed user",
      "three skipped a step before it failed",
      "tell running",
      "tell succeeded",
      "clean running",
      "clean succeeded",
    ]);
    assert.deepEqual(jobsOf(ran), ["a failed STEP_FAILED"]);
    assertNothingLeft(ran);
  });

  test("that may fail change nothing, and conditions and `failure` leave out", async () => {
    const ran = await runScripted(
      `jobs:
  a:
    image: alpine
    steps:
      - { name: one, run: x, may_fail: true }
      - { name: two, run: x, when: { if: "\${{ git.branch == 'dev' }}" } }
      - { name: three, run: x, when: failure }`,
      containers({ one: { lasts: 5, exitCode: 1 } }),
    );
    assert.deepEqual(stepsOf(ran), [
      "one running",
      "one failed user it may fail",
      "two skipped its condition is not met",
      "three skipped nothing failed",
    ]);
    assert.deepEqual(jobsOf(ran), ["a succeeded"]);
  });

  test("have a time limit, which is a failure of its own kind and ends what heeds it, and what does not", async () => {
    const job = (heeds: number | undefined) =>
      runScripted(
        "jobs: { a: { image: alpine, steps: [{ name: one, run: x, timeout: 5s }] } }",
        containers({ one: heeds === undefined ? {} : { heeds } }),
      );
    const [heeding, deaf] = [await job(2_000), await job(undefined)];
    for (const ran of [heeding, deaf]) {
      assert.deepEqual(stepsOf(ran), ["one running", "one failed timeout"]);
      assert.deepEqual(jobsOf(ran), ["a failed STEP_TIMEOUT"]);
      assertNothingLeft(ran);
    }
    assert.ok(heeding.took > 7_000 && heeding.took < 7_100, `${heeding.took}`);
    assert.ok(deaf.took > 15_000 && deaf.took < 15_100, `${deaf.took}`);
  });

  test("are killed when the engine does not answer the request to end them", async () => {
    const ran = await runScripted("jobs: { a: { image: alpine, steps: [{ name: one, run: x, timeout: 5s }] } }", {
      ...containers({ one: {} }),
      fault: (operation) => (operation === "exec" ? { takes: 3_600_000 } : undefined),
    });
    assert.deepEqual(jobsOf(ran), ["a failed STEP_TIMEOUT"]);
    assert.ok(ran.took > 16_000 && ran.took < 16_100, `${ran.took}`);
  });
});

describe("retry", () => {
  const retried = (on: string, first: ContainerScript) =>
    runScripted(
      `jobs: { a: { image: alpine, steps: [{ name: one, run: x, timeout: 1m, retry: { attempts: 3, on: [${on}], delay: 10s } }] } }`,
      containers({ one: [first, first, { lasts: 1 }] }),
    );

  test("follows only the kinds that it names, after pauses that grow", async () => {
    const cases: readonly (readonly [string, ContainerScript])[] = [
      ["infrastructure", { refuses: lost }],
      ["user", { lasts: 1, exitCode: 1 }],
      ["timeout", { heeds: 1 }],
      ["out-of-memory", { lasts: 1, exitCode: 137, outOfMemory: true }],
    ];
    for (const [kind, script] of cases) {
      for (const [on] of cases) {
        const ran = await retried(on, script);
        assertNothingLeft(ran);
        if (on !== kind) {
          assert.deepEqual(stepsOf(ran), ["one running", `one failed ${kind}`], `${kind} with on: ${on}`);
          continue;
        }
        assert.deepEqual(stepsOf(ran), [
          "one running",
          `one failed ${kind} it is tried again`,
          "one running #2",
          `one failed #2 ${kind} it is tried again`,
          "one running #3",
          "one succeeded #3",
        ]);
        assert.ok(ran.took > 30_000, `the pauses took ${ran.took} ms`);
      }
    }
  });

  test("of a job begins with a fresh place, and is told", async () => {
    const ran = await runScripted(
      `jobs:
  a: { image: alpine, retry: { attempts: 2, on: user, delay: 1s }, steps: [{ name: one, run: x }], on_failure: [{ name: tell, run: x }] }`,
      containers({ one: [{ lasts: 1, exitCode: 1 }, { lasts: 1 }] }),
    );
    assert.deepEqual(jobsOf(ran), ["a succeeded"]);
    assert.deepEqual(stepsOf(ran), ["one running", "one failed user", "one running", "one succeeded"]);
    assert.equal(ran.events.filter(({ type }) => type === "workspace").length, 2);
    const networks = ran.engine.made.map(({ network }) => network?.id);
    assert.equal(new Set(networks).size, 2);
    assertNothingLeft(ran);
  });
});

test("what the engine made and could not tell is removed by its name", async () => {
  for (const lossy of ["createNetwork", "createContainer", "start"]) {
    let isFirst = true;
    const ran = await runScripted("jobs: { a: { image: alpine, steps: [{ name: one, run: x }] } }", {
      container: () => ({ lasts: 1 }),
      fault: (operation) => {
        if (operation !== lossy || !isFirst) return undefined;
        isFirst = false;
        return { after: lost };
      },
    });
    assert.deepEqual(jobsOf(ran), ["a failed ENGINE_LOST"], lossy);
    assertNothingLeft(ran);
  }
});

test("what the engine does not remove fails nothing, and is told", async () => {
  const ran = await runScripted("jobs: { a: { image: alpine, steps: [{ name: one, run: x }] } }", {
    container: () => ({ lasts: 1 }),
    fault: (operation) => (operation === "remove" ? { before: lost } : undefined),
  });
  assert.deepEqual(jobsOf(ran), ["a succeeded"]);
  const notes = ran.events.flatMap((event) => (event.type === "note" ? [event.text] : []));
  assert.equal(notes.length, 2);
  assert.match(notes[0] ?? "", /^A container was not removed, the next run does it: The engine does not answer\.$/);
});

test("artifacts and caches are kept as the end asks for", async () => {
  const yaml = `jobs:
  a:
    image: alpine
    cache: [{ path: /c, key: plain }, { path: /d, key: eager, save: always }]
    artifacts: { good: out, logs: { paths: [log], when: always }, core: { paths: [core], when: failure } }
    steps: [{ name: one, run: x }]`;
  const good = await runScripted(yaml, containers({}));
  assert.deepEqual(good.folders.done, ["kept good", "kept logs", "saved plain", "saved eager"]);
  const bad = await runScripted(yaml, containers({ one: { lasts: 1, exitCode: 1 } }));
  assert.deepEqual(bad.folders.done, ["kept logs", "kept core", "saved eager"]);
});

test("an artifact that cannot be kept takes no other with it, and is told", async () => {
  const yaml = `jobs:
  a:
    image: alpine
    cache: [{ path: /c, key: plain }, { path: /d, key: eager, save: always }]
    artifacts: { one: { paths: [a], when: always }, two: { paths: [b], when: always }, three: { paths: [c], when: always } }
    steps: [{ name: step, run: x }]`;
  const lostArtifacts = ["one", "two"];
  const notes = ({ events }: ScriptedRun) => events.flatMap((event) => (event.type === "note" ? [event.text] : []));
  const good = await runScripted(yaml, containers({}), { lostArtifacts });
  assert.deepEqual(good.folders.done, ["kept three", "saved eager"]);
  assert.deepEqual(jobsOf(good), ["a failed LOST"]);
  assert.deepEqual(notes(good), ['The artifact "two" was not kept: no two']);
  const bad = await runScripted(yaml, containers({ step: { lasts: 1, exitCode: 1 } }), { lostArtifacts });
  assert.deepEqual(bad.folders.done, ["kept three", "saved eager"]);
  assert.deepEqual(jobsOf(bad), ["a failed STEP_FAILED"]);
  assert.deepEqual(notes(bad), ['The artifact "one" was not kept: no one', 'The artifact "two" was not kept: no two']);
});

describe("the files of a job", () => {
  const user = (image: string) => (image === "node" ? "node" : undefined);
  const ran = (job: string, isRemote = false) =>
    runScripted(`jobs: { a: ${job} }`, { ...containers({ bad: { lasts: 1, exitCode: 1 } }), user }, { isRemote });
  const names = ({ engine }: ScriptedRun) => engine.made.map(({ name }) => name.replace(/^.*-([a-z]+)-\d+$/, "$1"));

  test("are shared once, with the first container of another user: the job's, a step's, a handler's or the image's own", async () => {
    for (const [job, count] of [
      ["{ image: alpine, steps: [{ name: one, run: x }] }", 0],
      ["{ image: alpine, user: '0:0', steps: [{ name: one, run: x }] }", 0],
      ["{ image: node, user: root, steps: [{ name: one, run: x }] }", 0],
      ["{ image: alpine, user: '1000', steps: [{ name: one, run: x }, { name: two, run: x }] }", 1],
      ["{ image: alpine, steps: [{ name: one, run: x, user: app }, { name: two, run: x, user: web }] }", 1],
      ["{ image: node, steps: [{ name: one, run: x }, { name: two, run: x }] }", 1],
      ["{ image: alpine, steps: [{ name: one, run: x, image: node }] }", 1],
      ["{ image: alpine, steps: [{ name: bad, run: x }], on_failure: [{ name: tell, run: x, user: '1000' }] }", 1],
    ] as const)
      assert.equal((await ran(job)).folders.done.length, count, job);
  });

  test("are shared by root of the image where they are another machine's", async () => {
    const job = "{ image: node, steps: [{ name: one, run: x }, { name: two, run: x }], cache: [{ path: /c, key: k }] }";
    const remote = await ran(job, true);
    assert.deepEqual(names(remote), ["share", "one", "two"]);
    const [{ user: root, entrypoint, image } = {}] = remote.engine.made;
    assert.deepEqual([root, image?.id], ["0:0", "node"]);
    assert.deepEqual(entrypoint?.slice(-2), ["/workspace", "/c"]);
    assertNothingLeft(remote);
  });
});
